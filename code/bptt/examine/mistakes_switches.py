"""Many backward passes at once, each with its own mistakes: the switches, and the sums over time that all cells share.

All parameters of a cell are one array θ (G, H, D+H+3). Row (gate, unit) holds what this unit's pre-activation of this
gate multiplies: the input, a one, the state before, a second one, and the unit's own cell state::

    z = θ[…, x] · x_t + θ[…, b] + θ[…, h] · h_{t-1} + θ[…, b_h] + θ[…, p] c

A cell with one bias has zeros at ``b_h``, and a cell without peepholes has zeros at ``p``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Cell(NamedTuple):
    """A kind of cell and its variant.

    ``kind`` is "RNN", "LSTM" or "GRU"; ``gates`` one letter for each; ``exit`` the function between c and h, "tanh" or
    "none"; ``forget_bias`` what the forward pass adds by itself; ``coupled`` i = 1 - f; ``peephole`` gates that see c;
    ``reset`` before or after the product; ``keep`` the factor of h_{t-1}, "u" or "1-u"; ``activation`` of an RNN.
    """

    kind: str
    gates: str
    exit: str = "tanh"
    forget_bias: float = 0.0
    coupled: bool = False
    peephole: bool = False
    reset: str = "after"
    keep: str = "u"
    activation: str = "tanh"


def columns(D, H):
    """Where the parts of θ stand on its last axis, by name."""
    return {
        "x": np.arange(D),
        "b": np.array([D]),
        "h": np.arange(D + 1, D + 1 + H),
        "b_h": np.array([D + 1 + H]),
        "p": np.array([D + H + 2]),
    }


class Sample(NamedTuple):
    """Which units, columns of x and columns of h of a gradient are wanted: all of them, unless said otherwise."""

    units: slice | np.ndarray = slice(None)
    x: slice | np.ndarray = slice(None)
    h: slice | np.ndarray = slice(None)

    def of(self, theta, D):
        """The wanted entries of an array (G, H, D+H+3)."""
        H = theta.shape[1]
        at = columns(D, H)
        wanted = np.concatenate([at["x"][self.x], at["b"], at["h"][self.h], at["b_h"], at["p"]])
        return theta[:, self.units][..., wanted]


def few(D, H, most=5):
    """Take a sample of a large gradient: mistakes are in all units and columns alike."""
    spread = lambda n: np.unique(np.linspace(0, n - 1, min(n, most)).astype(int))
    return Sample(spread(H), spread(D), spread(H))


class Tape(NamedTuple):
    """What a forward pass over one sequence leaves: states by name, each (T, H), and the inputs ``x`` (T, D)."""

    x: np.ndarray
    states: dict


class Gradient(NamedTuple):
    """``theta`` (B, G, H, D+H+3), the gradients of B passes; ``dz`` (B, T, G, H), the deltas they are made of."""

    theta: np.ndarray
    dz: np.ndarray


class Switches:
    """Which mistakes stand in which of B backward passes.

    Parameters
    ----------
    slots : dict
        The places where a mistake can stand, each with the names of its alternatives.
    codes : (B, S) array of int
        A row for each pass, a column for each slot: 0 is right, k the k-th alternative.
    sample : Sample
        Which entries of the gradient are wanted.
    """

    def __init__(self, slots, codes, sample=None):
        self.B, self.sample = len(codes), sample or Sample()
        self.rows = {
            (slot, name): np.flatnonzero(codes[:, s] == k + 1)
            for s, (slot, names) in enumerate(slots.items())
            for k, name in enumerate(names)
        }

    def pick(self, slot, right, **others):
        """Take the right value in most passes, and another in those whose switch says so: (B, …)."""
        rows = {name: self.rows.get((slot, name), []) for name in others}
        used = {name: where for name, where in rows.items() if len(where)}
        if not used:
            return right
        shape = np.broadcast_shapes((self.B, 1), np.shape(right), *(np.shape(others[name]) for name in used))
        value = np.array(np.broadcast_to(right, shape))
        for name, rows in used.items():
            value[rows] = np.broadcast_to(others[name], shape)[rows]
        return value

    def slope(self, slot, s):
        """Slope of a sigmoid whose value is `s`, or one of the slopes that are found in its place."""
        again = sigma(s)
        return self.pick(slot, s * (1 - s), none=1.0, sigma=again, again=again * (1 - again), tanh=1 - s * s)

    def slope_of_tanh(self, slot, g):
        """Slope of a tanh whose value is `g`, or one of those found in its place."""
        return self.pick(slot, 1 - g * g, none=1.0, again=1 - np.tanh(g) ** 2, sigmoid=g * (1 - g), root=1 - g)

    def share(self, slot, t, T):
        """How much of step t a sum over the steps counts: all of it, unless it forgets; (B, 1) or a number."""
        last, first = float(t == T - 1), float(t == 0)
        return self.pick(slot, np.ones((1, 1)), last=last, first=first, zero=0.0, not_first=1 - first)


def sigma(z):
    """The logistic function."""
    return 1 / (1 + np.exp(-z))


def total(s, theta, tape, steps):
    """Sum the contributions of the steps to the gradient of θ.

    Parameters
    ----------
    s : Switches
    theta : (G, H, D+H+3) array
    tape : Tape
    steps : list
        For t = 0 … T-1: the deltas of the pre-activations, (B, G, H), then those of the products with h and what these
        products see, (B, G, H) and (B, 1 or G, H), then those of the peepholes, (B, G, H).

    Returns
    -------
    Gradient
    """
    T = len(tape.x)
    units, (xs, hs) = s.sample.units, (s.sample.x, s.sample.h)
    parts = {"x": [], "b": [], "h": [], "b_h": [], "p": []}
    for t, (dz, dz_h, seen, own) in enumerate(steps):
        W_x, W_h, b = (s.share(slot, t, T)[..., None] for slot in ("W_x", "W_h", "b"))
        parts["x"].append((W_x * dz)[..., units, None] * tape.x[t, xs])
        parts["h"].append((W_h * dz_h)[..., units, None] * seen[..., None, hs])
        parts["b"].append((b * _of_bias(s, dz))[..., units, None])
        parts["b_h"].append((b * _of_bias(s, dz_h))[..., units, None])
        parts["p"].append(own[..., units, None])
    out = np.concatenate([sum(part) for part in parts.values()], axis=3)
    scale = s.pick("scale", np.ones((1, 1)), minus=-1.0, twice=2.0, half=0.5, mean=1 / T)
    return Gradient(out * scale[..., None, None], np.stack([step[0] * scale[..., None] for step in steps], axis=1))


def _of_bias(s, dz):
    """What is added to the biases: the deltas, or that of the second gate for all but the third."""
    if dz.shape[1] < 4:
        return dz
    return s.pick("b_gate", dz.reshape(len(dz), -1), f=dz[:, [1, 1, 2, 1]].reshape(len(dz), -1)).reshape(dz.shape)


def before(s, h, t, slot="W_h"):
    """State that the gradient of W_h multiplies at step t: h_{t-1}, or what is found in its place; (B, 1, H)."""
    wrapped = h[-1] if t == 0 else h[t]
    seen = s.pick(slot, h[t][None], h_t=h[t + 1], wrap=wrapped)
    return np.broadcast_to(seen, (s.B, h.shape[1]))[:, None]
