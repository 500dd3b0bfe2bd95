"""Networks as other people write them: forward passes in many layouts, and their gradients by torch's autograd."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from bptt.examine import mistakes_cells
from bptt.examine.mistakes_search import pose as puzzle


def lstm_states(gates, x, exit=torch.tanh):
    """States (T, N, H) of an LSTM; ``gates(k, x, h)`` is the pre-activation of gate k, (N, H)."""
    states, h, c = [], None, None
    for x_t in x:
        H = gates("i", x_t, h).shape[1]
        h = x_t.new_zeros(len(x_t), H) if h is None else h
        c = x_t.new_zeros(len(x_t), H) if c is None else c
        i, f, o = (torch.sigmoid(gates(k, x_t, h)) for k in "ifo")
        c = f * c + i * torch.tanh(gates("g", x_t, h))
        h = o * exit(c)
        states.append(h)
    return torch.stack(states)


def stacked(order="ifgo", cat=None, turned=False, H=3):
    """Pre-activations from stacked matrices, in an order, side by side or apart, rows or columns."""

    def reader(params):
        *W, b = params
        W = [w.T if turned else w for w in W]
        block = lambda a, k: a[order.index(k) * H : (order.index(k) + 1) * H]

        def gates(k, x, h):
            h = x.new_zeros(len(x), H) if h is None else h
            if cat is None:
                return x @ block(W[0], k).T + h @ block(W[1], k).T + block(b, k)
            z = torch.cat([x, h] if cat == "xh" else [h, x], dim=1)
            return z @ block(W[0], k).T + block(b, k)

        return gates

    return reader


def by_gate(order="ifgo", H=3):
    """Pre-activations from a dict of one matrix each."""

    def reader(params):
        def gates(k, x, h):
            h = x.new_zeros(len(x), H) if h is None else h
            return x @ params[f"W{k}"].T + h @ params[f"U{k}"].T + params[f"b{k}"]

        return gates

    return reader


def passes(reader, numpy=True):
    """A forward and a backward pass in NumPy (or torch), the gradient by autograd: right by another route."""

    def states(params, x):
        return lstm_states(reader(params), x)

    def forward(params, x):
        h = states(tensors(params), torch.as_tensor(x))
        return h.detach().numpy() if numpy else h.detach()

    def backward(params, x, dh):
        leaves = tensors(params)
        leaves = {k: v.requires_grad_() for k, v in leaves.items()} if isinstance(leaves, dict) else [v.requires_grad_() for v in leaves]  # fmt: skip
        values = list(leaves.values()) if isinstance(leaves, dict) else leaves
        grads = torch.autograd.grad((states(leaves, torch.as_tensor(x)) * torch.as_tensor(dh)).sum(), values)
        grads = [g.numpy() if numpy else g for g in grads]
        return dict(zip(leaves, grads, strict=True)) if isinstance(leaves, dict) else grads

    return forward, backward


def tensors(params):
    """Copies of arrays as tensors, in a list or a dict."""
    copy = lambda a: torch.tensor(np.array(a)) if isinstance(a, np.ndarray) else a.detach().clone()
    return {k: copy(v) for k, v in params.items()} if isinstance(params, dict) else [copy(v) for v in params]


def alternatives(cell):
    """All mistakes that make a difference to a cell."""
    return [(slot, name) for slot, names in puzzle(cell).slots.items() for name in names]


def together(cell, n):
    """All sets of n mistakes in n different slots."""
    return [s for s in itertools.combinations(alternatives(cell), n) if len({slot for slot, _ in s}) == n]


def cell(kind, **variant):
    """A known cell by its kind and what is special about it."""
    wanted = lambda one: one.kind == kind and all(getattr(one, key) == value for key, value in variant.items())
    return next(one for one in mistakes_cells.CELLS if wanted(one))
