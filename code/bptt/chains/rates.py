"""Growth rates of cells side by side: networks drawn with one gain, driven by noise, asked how fast a change grows."""

from __future__ import annotations

import numpy as np

from bptt.arguments import choice, count, number
from bptt.cells import gru, lstm, mingru, normalised_rnn, rnn
from bptt.chains import norms
from bptt.growth import lyapunov


def rnn_chain(gain, keep, x, H, rng):
    """One-step Jacobians of an RNN; it has no gate, so `keep` has no effect."""
    params = rnn.init(x.shape[2], H, rng, gain)
    return rnn.steps(params, rnn.forward(params, x))


def lstm_chain(gain, keep, x, H, rng):
    """One-step Jacobians of an LSTM whose forget gates have the bias `keep`."""
    params = lstm.init(x.shape[2], H, rng, gain, forget_bias=keep)
    return lstm.steps(params, lstm.forward(params, x))


def gru_chain(gain, keep, x, H, rng):
    """One-step Jacobians of a GRU whose update gates have the bias `keep`."""
    params = gru.init(x.shape[2], H, rng, gain)
    params.b_x[H : 2 * H] = keep
    return gru.steps(params, gru.forward(params, x))


def mingru_chain(gain, keep, x, H, rng):
    """One-step Jacobians of a minimal GRU; it has no recurrent weights, so `gain` has no effect."""
    params = mingru.init(x.shape[2], H, rng, keep)
    return mingru.steps(params, mingru.forward(params, x))


def normalised_rnn_chain(gain, keep, x, H, rng):
    """One-step Jacobians of an RNN with a layer norm before its tanh; `keep` has no effect."""
    params = normalised_rnn.init(x.shape[2], H, rng, gain)
    return normalised_rnn.steps(params, normalised_rnn.forward(params, x))


def normalised_lstm_chain(gain, keep, x, H, rng):
    """One-step Jacobians of an LSTM with layer norms on its gates and its read-out."""
    params = lstm.init(x.shape[2], H, rng, gain, forget_bias=keep)
    return norms.run(params, x[:, 0], ("gates", "readout")).J


CHAINS = {
    "rnn": rnn_chain,
    "lstm": lstm_chain,
    "gru": gru_chain,
    "mingru": mingru_chain,
    "normalised_rnn": normalised_rnn_chain,
    "normalised_lstm": normalised_lstm_chain,
}
"""The cells that can be compared, each a function that draws a network and returns its Jacobians."""


def by_gain(cell, gain, keep=1.0, H=16, D=4, T=400, seeds=4):
    """Largest growth rate of random networks driven by white noise, one for each seed.

    Parameters
    ----------
    cell : str
        One of `CHAINS`.
    gain : float
        Scale of the recurrent weights, as in the cell's ``init``.
    keep : float
        Bias of the gate that carries the state on: the forget gate of the LSTM, the update gate of the GRU.
    H, D, T, seeds : int
        Units, inputs of variance 1, steps, networks. The first quarter of the steps is not counted.

    Returns
    -------
    (seeds,) array
        Nats per step.

    Notes
    -----
    Pages The GRU, and Gates that do not look back.

    Examples
    --------
    >>> by_gain("rnn", 0.5, T=40, seeds=2).shape
    (2,)
    """
    choice("cell", cell, CHAINS)
    gain, keep = number("gain", gain, at_least=0), number("keep", keep)
    H, D, T, seeds = (count(name, n) for name, n in (("H", H), ("D", D), ("T", T), ("seeds", seeds)))
    rates = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((T, 1, D))
        J = CHAINS[cell](gain, keep, x, H, rng)
        rates.append(lyapunov.exponents(J[T // 4 :], k=1)[0])
    return np.array(rates)
