"""The tasks of 1997 with their small print: lengths are drawn, and a sequence is right if every output is near enough.

Experiments 4, 5 and 6 of Hochreiter and Schmidhuber (1997), sections 5.4 to 5.6. `bptt.learning.tasks` has two of them
with one length for all, so that they go through `torch.nn` in batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from bptt.arguments import choice, count, generator


class Sequences(NamedTuple):
    """Inputs ``x`` (N, L, D), of which the first ``lengths`` (N,) steps count, and targets ``y`` (N, K)."""

    x: np.ndarray
    lengths: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Task1997:
    """What is asked, and how it is judged.

    Attributes
    ----------
    D, K : int
        Inputs at each step, and output units.
    right : float
        A sequence is right if the absolute error of every output is below it.
    mean : float
        Training may stop once the mean absolute error of the most recent sequences is below it.
    sampler : callable
        ``sampler(T, rng, N) -> Sequences``; call `draw`.
    """

    D: int
    K: int
    right: float
    mean: float
    sampler: Callable

    def draw(self, T, rng, N):
        """Draw `N` sequences of `T` to `T` + `T`/10 steps.

        Examples
        --------
        >>> x, lengths, y = make("adding").draw(100, np.random.default_rng(0), 5)
        >>> x.shape, y.shape, bool((lengths >= 100).all())
        ((5, 110, 2), (5, 1), True)
        """
        generator("rng", rng)
        return self.sampler(count("T", T, at_least=100), rng, count("N", N))


def _marked(T, rng, N, low, first):
    """Pairs of a number on [low, 1] and a mark, two of which are 1; the number of a marked first pair is `first`."""
    lengths, n = rng.integers(T, T + T // 10, N, endpoint=True), np.arange(N)
    x = np.zeros((N, T + T // 10, 2))
    x[:, :, 0] = rng.uniform(low, 1.0, x.shape[:2])
    one, two = rng.integers(0, 10, N), rng.integers(0, T // 2 - 1, N)
    two += two >= one  # among those that are still unmarked
    x[n, 0, 1] = x[n, lengths - 1, 1] = -1.0
    x[n, one, 1] = x[n, two, 1] = 1.0
    x[x[:, 0, 1] == 1.0, 0, 0] = first
    return x, lengths, x[n, one, 0], x[n, two, 0]


def _adding(T, rng, N):
    x, lengths, X_1, X_2 = _marked(T, rng, N, low=-1.0, first=0.0)
    return Sequences(x, lengths, (0.5 + (X_1 + X_2) / 4).reshape(N, 1))


def _multiplying(T, rng, N):
    x, lengths, X_1, X_2 = _marked(T, rng, N, low=0.0, first=1.0)
    return Sequences(x, lengths, (X_1 * X_2).reshape(N, 1))


def _order(starts, T, rng, N):
    """Letters a, b, c, d between an E and a B, and at each of the `starts`, or up to ten steps later, an X or a Y."""
    lengths, n = rng.integers(T, T + T // 10, N, endpoint=True), np.arange(N)
    letters, y = rng.integers(2, 6, (N, T + T // 10)), np.zeros(N, dtype=int)
    letters[n, 0], letters[n, lengths - 1] = 6, 7
    for start in starts:
        symbol = rng.integers(0, 2, N)
        letters[n, rng.integers(start, start + 10, N, endpoint=True) - 1] = symbol  # elements are counted from 1
        y = 2 * y + symbol
    return Sequences(np.eye(8)[letters], lengths, np.eye(2 ** len(starts))[y])


TASKS = {
    "adding": Task1997(2, 1, 0.04, 0.01, _adding),
    "multiplying": Task1997(2, 1, 0.04, np.inf, _multiplying),
    "order-2": Task1997(8, 4, 0.3, 0.1, partial(_order, (10, 50))),
    "order-3": Task1997(8, 8, 0.3, 0.1, partial(_order, (10, 33, 66))),
}


def make(name):
    """A task by its name: adding, multiplying, order-2 or order-3."""
    choice("name", name, TASKS)
    return TASKS[name]
