"""Wilson's interval, against its formula and against what it promises."""

import numpy as np
import pytest
from scipy.stats import binom

from bptt.learning.intervals import wilson


@pytest.mark.parametrize(("k", "n"), [(0, 5), (3, 5), (10, 10), (37, 100)])
def test_the_interval_solves_its_equation(k, n):
    """Its ends are the p that are 1.96 of their own standard errors away from k/n."""
    _, _, low, high = wilson(k, n)
    for p in (low, high):
        if 0 < p < 1:
            assert abs(abs(k / n - p) - 1.959963985 * np.sqrt(p * (1 - p) / n)) < 1e-9
    assert low <= k / n <= high


def test_it_covers_the_truth_about_as_often_as_it_says():
    covers = [[(r := wilson(k, 10)).low <= p <= r.high for k in range(11)] for p in np.linspace(0.02, 0.98, 49)]
    chance = [binom.pmf(range(11), 10, p) @ hit for p, hit in zip(np.linspace(0.02, 0.98, 49), covers, strict=True)]
    assert abs(np.mean(chance) - 0.95) < 0.02


def test_it_reads_as_one_would_say_it():
    assert str(wilson(0, 10)) == "0 of 10 (0% to 28%)"


@pytest.mark.parametrize(("args", "part"), [((1, 0), "trials is 0"), ((3, 2), "successes is 3"), ((1, 2, 1.0), "confidence is 1.0")])  # fmt: skip
def test_impossible_counts_are_refused(args, part):
    with pytest.raises(ValueError, match=part):
        wilson(*args)
