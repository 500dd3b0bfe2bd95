"""Sequences to learn: small tasks in which what matters early is asked for late.

Every task draws its batches from a generator that is passed in, and knows what an answer that does not depend on the
sequence can reach at best (its baseline) and when a sequence counts as solved (its criterion).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import NamedTuple

import numpy as np

from bptt.arguments import choice, count, float_array, generator, number


class Batch(NamedTuple):
    """Inputs ``x`` (T, N, D) and targets ``y``: (N, K) numbers, or classes, (N,) at the end or (T, N) at every step."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Task:
    """What is asked, and how it is judged.

    Attributes
    ----------
    name : str
    T, D, K : int
        Steps of a sequence, inputs at each, and outputs: numbers or classes.
    loss : str
        ``"squared error"``, the mean over sequences, or ``"cross entropy"``, the mean in nats.
    every : bool
        Whether the loss is at every step; otherwise it is at the last one.
    baseline, why : float, str
        Smallest expected loss of an answer that never looks at the sequence, in units of the loss, and the reason.
    criterion : str
        When the answer to a sequence is wrong, in words; `wrong` decides it.
    sampler : callable
        ``sampler(rng, N) -> Batch``; call `draw`, which checks its arguments.
    """

    name: str
    T: int
    D: int
    K: int
    loss: str
    every: bool
    baseline: float
    why: str
    criterion: str
    sampler: Callable

    def draw(self, rng, N):
        """Draw `N` fresh sequences; there is no training set that could be learnt by heart."""
        generator("rng", rng)
        return self.sampler(rng, count("N", N))

    def wrong(self, output, y):
        """Tell which sequences are answered wrongly.

        Parameters
        ----------
        output : (N, K) or (T, N, K) array
            Of the model: numbers, or logits of the classes; with T where the loss is at every step.
        y : array
            Of `Batch`.

        Returns
        -------
        (N,) array of bool
            NaN is always wrong.

        Raises
        ------
        TypeError, ValueError
            When `output` is no float64 array of that shape.
        """
        float_array("output", output, "T N K" if self.every else "N K", finite=False)
        if self.loss == "squared error":
            return ~(np.abs(output - y) <= TOLERANCE).all(axis=-1)
        found = np.where(np.isfinite(output).all(axis=-1), output.argmax(axis=-1), -1)
        return (found != y).any(axis=0) if self.every else found != y


TOLERANCE = 0.04  # hochreiter1997, experiment 4: "processed correctly if the absolute error … is below 0.04"


def make(name, T, **options):
    """Make a task by its name.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    T : int
        Steps of a sequence.
    **options
        Of the function of that name, such as ``writes`` of `latch`.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        When there is no such task, the task has no such option, or `T` is too short for its markers.

    Examples
    --------
    >>> make("adding", T=50).baseline.__round__(3)
    0.167
    >>> make("subtracting", T=50)
    Traceback (most recent call last):
    ValueError: name is 'subtracting', but needs one of adding, adding-1997, copy, latch, order-2, order-3
    """
    choice("name", name, NAMES)
    known = [option for option in signature(TASKS[name]).parameters if option not in {"T", "symbols"}]
    if unknown := [option for option in options if option not in known]:
        raise ValueError(f"options has {unknown[0]!r}, but {name} needs {' or '.join(known) or 'none'}")
    return TASKS[name](T, **options)


def adding(T):
    """Add the two marked numbers out of `T`, each uniform on [0, 1]: one marker in each half.

    Without memory the best answer is the mean, 1, and its squared error the variance of a sum of two, 2/12.
    """
    T = count("T", T, at_least=2)
    why = "the variance of a sum of two numbers uniform on [0, 1]: twice 1/12"
    return Task("adding", T, 2, 1, "squared error", False, 1 / 6, why, "the sum is off by more than 0.04",
                partial(_adding, T))  # fmt: skip


def adding_1997(T):
    """The adding problem of hochreiter1997: numbers on [-1, 1], target 1/2 + (X₁ + X₂)/4, lags of at least T/2.

    The first marker is among the first ten steps, the second among the first T/2 - 1 others; marker inputs are 1,
    and -1 at the first and the last step. "In the rare case where the first pair of the sequence gets marked, we set
    X₁ to zero": the number that comes in, and with it its share of the target. There, lengths vary from T to 1.1 T;
    here every sequence has T steps.
    """
    T = count("T", T, at_least=22)
    why = "the variance of (X₁ + X₂)/4: 2/3/16, a little less because a first number that is marked is set to 0"
    variance = (1 - 1 / 10 - (9 / 10) / (T // 2 - 1) + 1) / 3 / 16
    return Task("adding-1997", T, 2, 1, "squared error", False, variance, why, "the answer is off by more than 0.04",
                partial(_adding_1997, T))  # fmt: skip


def order(T, symbols=2, ends=True):
    """Temporal order: name the two (or three) symbols X or Y, in their order, among `T` distractors a, b, c, d.

    hochreiter1997, tasks 6a and 6b, in proportion to the length: the symbols come at T/10 to T/5 and T/2 to 3T/5
    (with three: at T/10 to T/5, T/3 to 2T/5 and a bit, 2T/3 to 3T/4 and a bit). With `ends` the sequence starts
    with E and ends with B, as there; without, it is the six-letter version of pascanu2013's code.
    """
    symbols = count("symbols", symbols, at_least=2, at_most=3)
    T = count("T", T, at_least=10)
    starts = [T // 10, T // 2] if symbols == 2 else [T // 10, round(0.33 * T), round(0.66 * T)]
    why = f"ln {2**symbols}: all {2**symbols} orders are equally frequent"
    return Task(f"order-{symbols}", T, 8 if ends else 6, 2**symbols, "cross entropy", False, symbols * np.log(2), why,
                "the most probable class is another one", partial(_order, T, starts, T // 10, ends))  # fmt: skip


def copy(T, length=5, letters=8):
    """Copy: repeat the first `length` letters at the very end, when a delimiter calls for them.

    arjovsky2016, with `T` counted in all: `length` letters, blanks, a delimiter, and `length` answers. Who knows
    the place but not the letters does best with blanks until the delimiter, and then a guess.
    """
    length, letters = count("length", length), count("letters", letters, at_least=2)
    T = count("T", T, at_least=2 * length + 1)
    why = f"{length} of the {T} answers are guesses among {letters} letters, the others are known"
    return Task("copy", T, letters + 2, letters + 1, "cross entropy", True, length * np.log(letters) / T, why,
                "any of the answers is another letter", partial(_copy, T, length, letters))  # fmt: skip


def latch(T, writes=1, noise=0.2):
    """Latch: report the sign that was written last, while noise comes in on the same line.

    A second input marks a write. With one write, at the first step, it is the latch of bengio1994 in spirit; with
    more, at random steps of the first half, what was written before must be forgotten.
    """
    writes, noise = count("writes", writes), number("noise", noise, at_least=0)
    T = count("T", T, at_least=max(2, 2 * writes))
    return Task("latch", T, 2, 2, "cross entropy", False, np.log(2), "ln 2: both signs are equally frequent",
                "the other sign is more probable", partial(_latch, T, writes, noise))  # fmt: skip


def _adding(T, rng, N):
    x, samples = np.zeros((T, N, 2)), np.arange(N)
    x[:, :, 0] = rng.random((T, N))
    first, second = rng.integers(0, T // 2, N), rng.integers(T // 2, T, N)
    x[first, samples, 1] = x[second, samples, 1] = 1.0
    return Batch(x, (x[first, samples, 0] + x[second, samples, 0])[:, None])


def _adding_1997(T, rng, N):
    x, samples = np.zeros((T, N, 2)), np.arange(N)
    x[:, :, 0] = rng.uniform(-1.0, 1.0, (T, N))
    first, second = rng.integers(0, 10, N), rng.integers(0, T // 2 - 1, N)
    second += second >= first  # among those that are still unmarked
    x[0, :, 1] = x[-1, :, 1] = -1.0
    x[first, samples, 1] = x[second, samples, 1] = 1.0
    x[0, (first == 0) | (second == 0), 0] = 0.0  # what comes in, so that the answer needs no exception
    return Batch(x, (0.5 + (x[first, samples, 0] + x[second, samples, 0]) / 4.0)[:, None])


def _order(T, starts, width, ends, rng, N):
    letters, y, samples = rng.integers(2, 6, (T, N)), np.zeros(N, dtype=int), np.arange(N)
    if ends:
        letters[0], letters[-1] = 6, 7
    for start in starts:
        symbol = rng.integers(0, 2, N)
        letters[rng.integers(start, start + width, N), samples] = symbol
        y = 2 * y + symbol
    return Batch(np.eye(8 if ends else 6)[letters], y)


def _copy(T, length, letters, rng, N):
    data = rng.integers(1, letters + 1, (length, N))
    shown, y = np.zeros((T, N), dtype=int), np.zeros((T, N), dtype=int)
    shown[:length], shown[T - length - 1], y[T - length :] = data, letters + 1, data
    return Batch(np.eye(letters + 2)[shown], y)


def _latch(T, writes, noise, rng, N):
    x, y = np.zeros((T, N, 2)), np.zeros(N, dtype=int)
    x[:, :, 0] = noise * rng.standard_normal((T, N))
    steps = np.zeros((N, 1), dtype=int)
    if writes > 1:
        steps = np.sort(rng.permuted(np.tile(np.arange(T // 2), (N, 1)), axis=1)[:, :writes])
    for k in steps.T:
        y = rng.integers(0, 2, N)
        x[k, np.arange(N)] = np.stack([2.0 * y - 1.0, np.ones(N)], axis=1)
    return Batch(x, y)


TASKS = {
    "adding": adding,
    "adding-1997": adding_1997,
    "copy": copy,
    "latch": latch,
    "order-2": partial(order, symbols=2),
    "order-3": partial(order, symbols=3),
}
NAMES = tuple(TASKS)
