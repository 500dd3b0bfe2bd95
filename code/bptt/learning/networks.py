"""Networks to train: a recurrent layer of `torch.nn` and a linear read-out, with weights drawn by NumPy.

Drawn by NumPy, the same seed gives the same network in every version of torch, alone or in a stack.
"""

from __future__ import annotations

import numpy as np
import torch

from bptt.arguments import choice, count, generator, number
from bptt.cells import lstm
from bptt.growth import matrices

CORES = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
STARTS = ("gaussian", "orthogonal", "identity", "uniform")
OPEN = 40.0  # σ(40) is 1 to the last digit, and its slope 0: a gate that stays open for ever


class Network(torch.nn.Module):
    """A recurrent layer ``core`` and a linear ``readout`` on its hidden states, as one would write it oneself.

    Parameters
    ----------
    kind : str
        ``"rnn"``, ``"gru"`` or ``"lstm"``.
    D, H, K : int
        Inputs, hidden units, outputs.
    relu : bool
        For the RNN: ReLU in place of tanh.
    """

    def __init__(self, kind, D, H, K, relu=False):
        super().__init__()
        options = {"nonlinearity": "relu"} if relu else {}
        self.kind, self.relu = kind, relu
        self.core = CORES[kind](D, H, dtype=torch.float64, **options)
        self.readout = torch.nn.Linear(H, K, dtype=torch.float64)

    def forward(self, x, every=False):
        """Outputs (N, K) at the last step of ``x`` (T, N, D), or (T, N, K) at every step."""
        h, _ = self.core(x)
        return self.readout(h if every else h[-1])


def build(kind, D, H, K, rng, start="uniform", gain=1.0, forget_bias=0.0, input_bias=None, chrono=None):
    """Make a network and draw its weights.

    Parameters
    ----------
    kind : str
        ``"rnn"``, ``"gru"`` or ``"lstm"``.
    D, H, K : int
        Inputs, hidden units, outputs.
    rng : numpy.random.Generator
    start : str
        How W_h begins: ``"uniform"`` on ±1/√H, as torch draws it; ``"gaussian"``, N(0, gain²/H); ``"orthogonal"``,
        gain times a random rotation (for each gate its own); ``"identity"``, gain times the identity, with ReLU in
        place of tanh (le2015). All other weights and biases are uniform on ±1/√H; with ``"identity"`` the biases
        are 0.
    gain : float
    forget_bias : float
        Of the LSTM: b_f begins there exactly. At `OPEN` and above the gate never closes and never learns.
    input_bias : float, optional
        Of the LSTM: b_i begins there exactly; left out, it is uniform as the others.
    chrono : int, optional
        Of the LSTM, in place of `forget_bias`: b_f = ln U(1, chrono - 1) and b_i = -b_f (tallec2018).

    Returns
    -------
    Network
        In float64.

    Raises
    ------
    TypeError, ValueError
        When the kind or the start is unknown, a number out of range, or something is asked of a network that has no
        such thing: the bias of a gate of an RNN, a gain of what is drawn without one.

    Examples
    --------
    >>> build("lstm", 2, 8, 1, np.random.default_rng(0), forget_bias=1.0).core.bias_ih_l0[8:16].detach().numpy()
    array([1., 1., 1., 1., 1., 1., 1., 1.])
    """
    choice("kind", kind, CORES)
    choice("start", start, STARTS)
    generator("rng", rng)
    D, H, K, gain = count("D", D), count("H", H), count("K", K), number("gain", gain, at_least=0)
    biases = {"forget_bias": forget_bias or None, "input_bias": input_bias, "chrono": chrono}
    _refuse(kind, start, gain, {name: value for name, value in biases.items() if value is not None})
    network = Network(kind, D, H, K, relu=start == "identity")
    with torch.no_grad():
        for parameter in network.parameters():
            _set(parameter, rng.uniform(-1.0, 1.0, parameter.shape) / np.sqrt(H))
        if start != "uniform":
            _set(network.core.weight_hh_l0, gain * np.concatenate([_square(start, H, rng) for _ in range(GATES[kind])]))
        if start == "identity":
            network.core.bias_ih_l0.zero_()
            network.core.bias_hh_l0.zero_()
        if kind == "lstm":
            _gate_biases(network.core, H, rng, forget_bias, input_bias, chrono)
    return network


def _refuse(kind, start, gain, biases):
    """Refuse what would be passed over in silence."""
    if kind != "lstm" and biases:
        name, value = next(iter(biases.items()))
        raise ValueError(f"{name} is {value}, but needs an LSTM, and kind is {kind!r}")
    if "chrono" in biases and len(biases) > 1:
        others = " and ".join(name for name in biases if name != "chrono")
        raise ValueError(f"chrono is {biases['chrono']}, but needs to stand alone, not beside {others}")
    if start == "identity" and kind != "rnn":
        raise ValueError(f"start is 'identity', but needs an RNN, whose tanh it replaces by ReLU, and kind is {kind!r}")
    if start == "uniform" and gain != 1.0:
        raise ValueError(f"gain is {gain}, but needs another start than 'uniform', which has none")


def _square(start, H, rng):
    """One recurrent matrix before its gain."""
    if start == "identity":
        return np.eye(H)
    return matrices.gaussian(H, rng) if start == "gaussian" else matrices.orthogonal(H, rng)


def _gate_biases(core, H, rng, forget_bias, input_bias, chrono):
    """Put b_f and b_i where they should begin; torch adds two biases, so the other is 0 there."""
    if chrono is not None:
        forget_bias = lstm.chrono_biases(H, count("chrono", chrono, at_least=2), rng)
        input_bias = -forget_bias
    for first, bias in ((H, forget_bias), (0, input_bias)):
        if bias is not None:
            core.bias_ih_l0[first : first + H] = torch.as_tensor(bias)
            core.bias_hh_l0[first : first + H] = 0.0


def _set(parameter, values):
    parameter.copy_(torch.from_numpy(values))
