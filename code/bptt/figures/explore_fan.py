"""The fan of the first page, computed by the package: 100 gradients on their way back through time.

The site computes it once more in the reader's browser, where the reader may guess first and then change the network.
"""

from __future__ import annotations

import numpy as np

from bptt.arguments import choice, count, number
from bptt.cells import lstm, rnn
from bptt.chains import jacobians
from bptt.figures.explore_numerics import noise

NETWORKS = {"vanilla": None, "orthogonal": None, "lstm": 1.0, "open": 5.0}
"""Kinds of network; of an LSTM, the bias of its forget gate."""

GAINS = np.geomspace(0.7, 6.0, 100).round(3)
"""The 100 networks of the first page differ in this scale of their recurrent weights, and in nothing else."""


def log_sizes(gain, network="vanilla", seed=9, T=200, H=64, D=8):
    """Size of the gradient of one network at every step, as a share of that at the last step.

    Parameters
    ----------
    gain : float
        Scale of the recurrent weights.
    network : str
        ``"vanilla"``; ``"orthogonal"``, the same with an orthogonal matrix times `gain`; ``"lstm"`` with the forget
        bias 1, or ``"open"`` with 5.
    seed : int
        Which weights, inputs and last gradient `explore_numerics.noise` draws.
    T, H, D : int
        Steps, units, inputs.

    Returns
    -------
    (T+1,) array
        ln‖∂E/∂h_k‖ - ln‖∂E/∂h_T‖ for k = 0 … T, in nats. An LSTM's state is h and c together, and its loss looks at h.

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or is out of range.

    Examples
    --------
    >>> [round(log_sizes(gain)[0] / np.log(10)) for gain in (0.7, 1.597, 6.0)]
    [-49, 1, 46]
    """
    gain, T, H, D = number("gain", gain, at_least=0), count("T", T), count("H", H), count("D", D)
    choice("network", network, NETWORKS)
    lstms = NETWORKS[network] is not None
    W_h, W_x, x, row = _drawn(seed, (4 if lstms else 1) * H, T, H, D)
    x = 0.5 * x.reshape(T, 1, D)
    if lstms:
        params = lstm.Params(W_x, gain * W_h, np.repeat([0.0, NETWORKS[network], 0.0, 0.0], H))
        return _sizes(lstm.steps(params, lstm.forward(params, x)), np.concatenate([row, np.zeros(H)]))
    W_h = _orthogonal(W_h) if network == "orthogonal" else W_h
    params = rnn.Params(W_x, gain * W_h, np.zeros(H))
    return _sizes(jacobians.rnn_steps(params, rnn.forward(params, x)), row)


def _drawn(seed, rows, T, H, D):
    """Weights of `rows` pre-activations with entries of variance 1/H and 1/D, inputs, and a gradient at the end."""
    seed = count("seed", seed, at_most=100)
    draws = noise(1_000_003 + 7919 * seed**2, rows * (H + D) + T * D + H)  # from neighbours it would draw alike
    W_h, W_x, x, row = np.split(draws, np.cumsum([rows * H, rows * D, T * D]))
    return W_h.reshape(rows, H) / np.sqrt(H), W_x.reshape(rows, D) / np.sqrt(D), x, row


def _orthogonal(W):
    """The Q of QR, with the signs that make the diagonal of R positive."""
    Q, R = np.linalg.qr(W)
    return Q * np.sign(np.diag(R))


def _sizes(J, row):
    """Sizes of the row that is carried back through the Jacobians."""
    rows = [row]
    for J_t in J[::-1]:
        rows.append(rows[-1] @ J_t)
    return np.log(np.linalg.norm(rows[::-1], axis=1) / np.linalg.norm(row))


def fates(log_size):
    """How many gradients kept their size within a factor of ten, how many faded below, how many blew up beyond.

    Parameters
    ----------
    log_size : (K, T+1) array
        From `log_sizes`, one row for each network.

    Returns
    -------
    level, faded, blown_up : int

    Examples
    --------
    >>> fates(np.log([[2.0, 1.0], [1e-3, 1.0], [1e5, 1.0], [0.5, 1.0]]))
    (2, 1, 1)
    """
    powers = log_size[:, 0] / np.log(10)
    return int(np.sum(np.abs(powers) < 1)), int(np.sum(powers <= -1)), int(np.sum(powers >= 1))
