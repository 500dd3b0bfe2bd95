"""Train the LSTM of 1997 as in 1997: one sequence a step, truncated gradient forward in time, until it is right.

The loops are plain Python. Where numba is installed (``pip install ".[compiled]"``) they are compiled, and a step of a
small network takes some hundred nanoseconds; where it is not, they give the same numbers a thousand times as slowly.
`bptt.cells.lstm1997` writes the same network down in the letters of its equations, and a test holds the two together.

Nothing of a sequence is kept but its last step and ∂c_t/∂W, as the paper has it: W holds one row for each source, the
bias, the inputs and what is fed back, and one column for each unit, in the order g, i, o.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bptt.arguments import count, number
from bptt.cells import lstm1997
from bptt.learning import tasks_1997

try:
    from numba import njit

    COMPILED = True
except ModuleNotFoundError:
    COMPILED = False

    def njit(function):
        """Leave a function as it is."""
        return function


RECENT = 2000  # sequences that were right one after another: "the 2000 most recent sequences"
TESTED = 2560
CHUNK = 500  # sequences drawn at once


@dataclass(frozen=True)
class Settings1997:
    """What makes a training of 1997, but for the seed.

    Attributes
    ----------
    task, T : str, int
        Of `tasks_1997.make`, and the least number of steps of a sequence.
    blocks, size, input_biases
        Of `lstm1997.init`.
    lr : float
        Learning rate; each sequence changes the weights by ``lr`` times the gradient of half its squared error.
    budget : int
        Sequences after which a training ends, whether the network has learnt or not.
    allowed : int
        How many of the 2,000 most recent sequences may be wrong when a training stops.
    """

    task: str
    T: int
    budget: int
    blocks: int = 2
    size: int = 2
    input_biases: tuple = ()
    lr: float = 0.5
    allowed: int = 0

    def __post_init__(self):
        number("lr", self.lr, above=0)
        count("budget", self.budget)
        count("allowed", self.allowed, at_least=0, at_most=RECENT)

    def make(self, seed):
        """Make what a training starts from: task, parameters, and the generators of its sequences and its test."""
        rngs = [np.random.default_rng([count("seed", seed, at_least=0), k]) for k in range(3)]
        task = tasks_1997.make(self.task)
        params = lstm1997.init(task.D, task.K, self.blocks, self.size, rngs[0], list(self.input_biases))
        return task, params, *rngs[1:]


class Passage(NamedTuple):
    """What a training leaves.

    ``solved_after`` sequences the stopping criterion was met, None if it was not within the budget; ``trained`` on so
    many; ``error`` and ``wrong`` (trained,) mean absolute error of the outputs and whether one was too far off, for
    each sequence before its step; ``test_error``, ``test_wrong`` the same of fresh ones at the end, mean and number.
    """

    solved_after: int | None
    trained: int
    error: np.ndarray
    wrong: np.ndarray
    test_error: float
    test_wrong: int
    params: lstm1997.Params


def train(settings, seed, tested=TESTED):
    """Train one network until the stopping criterion of 1997 is met, or the budget is spent.

    Parameters
    ----------
    settings : Settings1997
    seed : int
        Of the weights, the sequences and the test.
    tested : int
        On how many fresh sequences to test the network at the end.

    Returns
    -------
    Passage

    Notes
    -----
    ST3(β) of the paper's table 11: "average training error below β and the 2000 most recent sequences were processed
    correctly". Over which sequences the average goes is not said; here it is the same 2,000.

    Examples
    --------
    >>> passage = train(Settings1997("adding", 100, budget=2), seed=0, tested=1)
    >>> passage.solved_after, passage.trained
    (None, 2)
    """
    task, params, rng, test = settings.make(seed)
    W, V = pack(params)
    errors, wrongs = np.empty((2, settings.budget))
    solved, done = False, 0
    while done < settings.budget and not solved:
        drawn = task.draw(settings.T, rng, min(CHUNK, settings.budget - done))
        criterion = (task.right, task.mean, settings.allowed)
        solved, done = _learn(W, V, settings.blocks, settings.lr, *drawn, *criterion, RECENT, errors, wrongs, done)
    trained = unpack(W, V, params)
    fresh = errors_of(trained, task.draw(settings.T, test, tested))
    wrong = int((fresh.max(axis=1) >= task.right).sum())
    return Passage(done if solved else None, done, errors[:done], wrongs[:done], float(fresh.mean()), wrong, trained)


def pack(params):
    """Parameters as the loops want them: ``W`` (1 + D + U, U), one row for each source, and ``V`` (1 + H, K)."""
    W_x, W_h, b, W_y, b_y = params
    return np.vstack([b, W_x.T, W_h.T]), np.vstack([b_y, W_y.T])


def unpack(W, V, params):
    """The parameters that `pack` put together, in the shapes of `params`."""
    D = params.W_x.shape[1]
    return lstm1997.Params(W[1 : D + 1].T.copy(), W[D + 1 :].T.copy(), W[0].copy(), V[1:].T.copy(), V[0].copy())


def errors_of(params, drawn):
    """Absolute errors (N, K) of the outputs, without learning."""
    (W, V), found = pack(params), np.empty(drawn.y.shape)
    _answer_all(W, V, lstm1997.blocks(params), drawn.x, drawn.lengths, found)
    return np.abs(found - drawn.y)


@njit
def _sigma(z):
    return 1.0 / (1.0 + math.exp(-z))


@njit
def _step(W, s, z, c, P_g, P_i, B):
    """One step for the sources `s`: change the cells `c`, what they feed back, and the partial derivatives."""
    M, U, H = len(s), len(z), len(c)
    z[:] = 0.0
    for m in range(M):
        for k in range(U):
            z[k] += s[m] * W[m, k]
    for block in range(B):
        i, o = _sigma(z[H + block]), _sigma(z[H + B + block])
        z[H + block], z[H + B + block] = i, o
        for j in range(block * H // B, (block + 1) * H // B):
            half = _sigma(z[j])
            g = 4.0 * half - 2.0
            c[j] += i * g
            z[j] = o * (2.0 * _sigma(c[j]) - 1.0)
            a, b = 4.0 * i * half * (1.0 - half), g * i * (1.0 - i)
            for m in range(M):
                P_g[j, m] += a * s[m]
                P_i[j, m] += b * s[m]


@njit
def _unroll(W, x, s, z, c, P_g, P_i, B):
    """All steps of one sequence; leave the sources of the last step in `s` and what it feeds back in `z`."""
    T, D = x.shape
    z[:] = 0.0
    c[:] = 0.0
    P_g[:] = 0.0
    P_i[:] = 0.0
    s[0] = 1.0
    for t in range(T):
        s[1 : D + 1] = x[t]
        s[D + 1 :] = z
        _step(W, s, z, c, P_g, P_i, B)


@njit
def _answer(V, z, y):
    """The outputs `y` for what the cells hand out."""
    for k in range(len(y)):
        y[k] = V[0, k]
        for j in range(len(V) - 1):
            y[k] += V[j + 1, k] * z[j]
        y[k] = _sigma(y[k])


@njit
def _change(W, V, s, z, c, P_g, P_i, B, y, target, lr):
    """Change the weights by the truncated gradient of half the squared error, from the last step."""
    H, K = len(c), len(y)
    e = (target - y) * y * (1.0 - y)
    for j in range(H):
        block, e_h = j * B // H, 0.0
        for k in range(K):
            e_h += V[j + 1, k] * e[k]
        o, squashed = z[H + B + block], 2.0 * _sigma(c[j]) - 1.0
        e_c, e_o = e_h * o * (1.0 - squashed**2) / 2.0, e_h * squashed * o * (1.0 - o)
        W[:, j] += lr * e_c * P_g[j]
        W[:, H + block] += lr * e_c * P_i[j]
        W[:, H + B + block] += lr * e_o * s
    for k in range(K):
        V[0, k] += lr * e[k]
        for j in range(H):
            V[j + 1, k] += lr * e[k] * z[j]


@njit
def _learn(W, V, B, lr, X, lengths, targets, right, mean, allowed, recent, errors, wrongs, done):
    """Learn sequence by sequence until the criterion is met; return whether it was, and the number done in all."""
    U, M, H, K = W.shape[1], W.shape[0], len(V) - 1, V.shape[1]
    s, z, c, y = np.zeros(M), np.zeros(U), np.zeros(H), np.zeros(K)
    P_g, P_i = np.zeros((H, M)), np.zeros((H, M))
    for n in range(len(X)):
        _unroll(W, X[n, : lengths[n]], s, z, c, P_g, P_i, B)
        _answer(V, z, y)
        off = np.abs(targets[n] - y)
        errors[done], wrongs[done] = off.mean(), 0.0 if off.max() < right else 1.0
        _change(W, V, s, z, c, P_g, P_i, B, y, targets[n], lr)
        done += 1
        last = slice(done - recent, done)
        if done >= recent and wrongs[done - 1] == 0.0 and wrongs[last].sum() <= allowed and errors[last].mean() < mean:
            return True, done
    return False, done


@njit
def _answer_all(W, V, B, X, lengths, found):
    """Outputs for every sequence."""
    U, M, H = W.shape[1], W.shape[0], len(V) - 1
    s, z, c = np.zeros(M), np.zeros(U), np.zeros(H)
    P_g, P_i = np.zeros((H, M)), np.zeros((H, M))
    for n in range(len(X)):
        _unroll(W, X[n, : lengths[n]], s, z, c, P_g, P_i, B)
        _answer(V, z, found[n])
