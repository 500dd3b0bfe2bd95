"""The recurrent layers of `torch.nn`, run step by step, so that every state and every gate can be looked at.

A packed batch and a whole one are the same thing here: ``sizes[t]`` rows take part in step t, the longest first. So
``x`` has the rows of all steps one below the other, (sum of sizes, D).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn.functional import dropout, linear

KINDS = ("rnn_tanh", "rnn_relu", "gru", "lstm")


class Weights(NamedTuple):
    """Of one layer and direction, as torch names them; what a layer lacks is None."""

    ih: torch.Tensor
    hh: torch.Tensor
    b_ih: torch.Tensor | None = None
    b_hh: torch.Tensor | None = None
    hr: torch.Tensor | None = None


class Layers(NamedTuple):
    """A stack of layers: ``weights[layer][direction]``, and the share of outputs that is dropped between layers."""

    kind: str
    weights: list[list[Weights]]
    drop: float


def step(kind, a, state, weights):
    """One step from ``a`` = W_x x + b_x and the state ``(h,)`` or ``(h, c)``; return the new state and its gates."""
    s = linear(state[0], weights.hh, weights.b_hh)
    if kind == "lstm":
        return _lstm(a + s, state[1], weights.hr)
    if kind == "gru":
        return _gru(a, s, state[0])
    h = torch.relu(a + s) if kind == "rnn_relu" else torch.tanh(a + s)
    return (h,), {}


def _lstm(z, c, projection):
    H = z.shape[1] // 4
    i, f = z[:, : 2 * H].sigmoid().chunk(2, dim=1)
    g, o = z[:, 2 * H : 3 * H].tanh(), z[:, 3 * H :].sigmoid()
    c = f * c + i * g
    h = o * c.tanh()
    h = h if projection is None else linear(h, projection)
    # The next step gets another view of c: its gradient is ∂E/∂c_t at a given h_t.
    return (h, c.view_as(c)), {"i": i, "f": f, "g": g, "o": o}


def _gru(a, s, h):
    (a_r, a_u, a_g), (s_r, s_u, s_g) = a.chunk(3, dim=1), s.chunk(3, dim=1)
    r, u = (a_r + s_r).sigmoid(), (a_u + s_u).sigmoid()
    g = (a_g + r * s_g).tanh()
    return (u * h + (1 - u) * g,), {"r": r, "u": u, "g": g}


def run(layers, x, sizes, state, note):
    """Run all layers over a batch.

    Parameters
    ----------
    layers : Layers
    x : (rows, D) tensor
        The rows of all steps, one below the other.
    sizes : list of int
        Rows of each step, never growing.
    state : tuple of (layers × directions, N, ·) tensors
        ``(h,)`` or ``(h, c)`` before the first step.
    note : callable
        ``note(layer, direction)`` returns a function that is told of every step: ``(t, x_t, before, after, gates)``.

    Returns
    -------
    outputs : (rows, directions × H) tensor
    state : tuple of tensors
        After the last step, in the shapes of `state`.
    """
    ends, k = [], 0
    for layer, directions in enumerate(layers.weights):
        if layer:
            x = dropout(x, layers.drop, training=True) if layers.drop else x
        outputs = []
        for direction, weights in enumerate(directions):
            start = tuple(s[k] for s in state)
            output, end = _scan(layers.kind, weights, x, sizes, start, direction == 1, note(layer, direction))
            outputs.append(output)
            ends.append(end)
            k += 1
        x = torch.cat(outputs, dim=1)
    return x, tuple(torch.stack(part) for part in zip(*ends, strict=True))


def _scan(kind, weights, x, sizes, state, reverse, note):
    """One direction of one layer: outputs of all steps, and the state that each sequence ends with."""
    a, x = linear(x, weights.ih, weights.b_ih).split(sizes), x.detach().split(sizes)
    outputs = [None] * len(sizes)
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        n = sizes[t]
        before = state if n == len(state[0]) else tuple(s[:n] for s in state)
        after, gates = step(kind, a[t], before, weights)
        after = note(t, x[t], before, after, gates)
        outputs[t] = after[0]
        state = after if n == len(state[0]) else _with_the_rest(after, state)
    return torch.cat(outputs), state


def _with_the_rest(after, state):
    """Sequences that have ended, or have not begun, keep their state."""
    return tuple(torch.cat([s, old[len(s) :].to(s)]) for s, old in zip(after, state, strict=True))
