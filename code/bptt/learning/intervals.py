"""Success rates with the interval that a handful of seeds allows."""

from __future__ import annotations

from typing import NamedTuple

from scipy.stats import binomtest

from bptt.arguments import count, number


class Rate(NamedTuple):
    """``successes`` out of ``trials``, and the interval from ``low`` to ``high`` for the true rate."""

    successes: int
    trials: int
    low: float
    high: float

    def __str__(self):
        return f"{self.successes} of {self.trials} ({self.low:.0%} to {self.high:.0%})"


def wilson(successes, trials, confidence=0.95):
    """Success rate with Wilson's interval, which stays in [0, 1] and is honest for few trials.

    Parameters
    ----------
    successes, trials : int
    confidence : float

    Returns
    -------
    Rate

    Raises
    ------
    TypeError, ValueError
        When there is no trial, more successes than trials, or a confidence outside (0, 1).

    Examples
    --------
    >>> print(wilson(5, 5))
    5 of 5 (57% to 100%)
    """
    trials = count("trials", trials)
    successes = count("successes", successes, at_least=0, at_most=trials)
    confidence = number("confidence", confidence, above=0, below=1)
    low, high = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return Rate(successes, trials, float(low), float(high))
