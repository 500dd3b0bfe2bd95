"""Gradient flow of a recurrent layer of `torch.nn`: how much of the loss reaches each step, on h and on c.

For a whole model, with a loop, a mask or a `detach` of its own, there is `bptt.examine.diagnose`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from bptt.arguments import count


class Flow(NamedTuple):
    """Norms of the gradients that arrive at the states, (T, N) each; entry t-1 belongs to step t.

    ``h`` is ‖∂E_n/∂h_t‖ at a given c_t, and ``c`` is ‖∂E_n/∂c_t‖ at a given h_t. A layer without a cell has ``c`` None.
    """

    h: np.ndarray
    c: np.ndarray | None


def gradient_flow(core, x, loss):
    """Norms of the gradient of every sample's loss with respect to its states, against t.

    Parameters
    ----------
    core : torch.nn.RNN, torch.nn.GRU or torch.nn.LSTM
        One direction, any number of layers, no dropout at work. May have ``batch_first``.
    x : (T, N, D) tensor
        Or (N, T, D), where the layer has ``batch_first``.
    loss : callable
        Takes the outputs of the last layer, as the layer returns them, and returns the sum of the samples' losses,
        one number, or one loss a sample, (N,).

    Returns
    -------
    Flow
        Of two arrays (T, N). A row counts all that the state does: for the loss at its own step and for all later
        states. With several layers it is the norm over all of them.

    Raises
    ------
    TypeError
        When `core` is no recurrent layer of `torch.nn`, or `x` is packed.
    ValueError
        When it has two directions, or dropout that is at work; `loss` does not depend on the outputs, or returns
        another number of losses than there are samples.

    Notes
    -----
    An LSTM hands two things to its next step, and its memory is the second: with W_h = 0 nothing goes by h, and
    everything by c. A look at h alone would call it dead.

    ``core(x)[0].retain_grad()`` would not do: the layer computes its later states from its own copy of the earlier
    ones, so that only the direct share of the loss would be seen. Here the layer is called once for every step.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> core = torch.nn.LSTM(2, 16)
    >>> flow = gradient_flow(core, torch.randn(30, 4, 2), lambda h: h[-1].sum())
    >>> flow.h.shape, bool((flow.c[0] < 1e-3 * flow.c[-2]).all())
    ((30, 4), True)
    """
    _check(core, x)
    time = 1 if core.batch_first else 0
    state, states = None, []
    with torch.enable_grad():
        for x_t in x.split(1, dim=time):
            _, state = core(x_t, state)
            state = state if isinstance(state, tuple) else (state,)
            # A frozen layer has a gradient flow, too.
            states.append([s if s.requires_grad else s.requires_grad_() for s in state])
            state = state if len(state) == 2 else state[0]
        E = _total(loss(torch.stack([h[-1] for h, *_ in states], dim=time)), x.shape[1 - time], x.shape[time])
    return Flow(*(_norms(E, kind) for kind in zip(*states, strict=True)), *[None] * (2 - len(states[0])))


def _norms(E, states):
    """‖∂E/∂s_t‖ for a list of states (layers, N, H); None from autograd means that the loss does not depend on it."""
    grads = torch.autograd.grad(E, states, allow_unused=True, retain_graph=True)
    full = [torch.zeros_like(s) if ds is None else ds for s, ds in zip(states, grads, strict=True)]
    return torch.stack(full).double().norm(dim=(1, 3)).cpu().numpy()


def _total(E, N, T):
    """The sum of the losses, once their number is that of the samples."""
    if not isinstance(E, torch.Tensor) or not E.requires_grad:
        raise ValueError("loss needs to return one number that depends on the outputs, the sum over the samples")
    if E.numel() not in (1, N):
        hint = ": is the axis of time the batch?" if E.numel() == T else ""
        raise ValueError(f"loss returns {E.numel()} numbers, but needs one, or one for each of {N} samples{hint}")
    return E.sum()


def _check(core, x):
    """Refuse a layer whose states cannot be followed step by step, and say where to go instead."""
    elsewhere = "bptt.examine.diagnose takes whole models"
    if not isinstance(core, torch.nn.RNNBase):
        wanted = "torch.nn.RNN, torch.nn.GRU or torch.nn.LSTM"
        raise TypeError(f"core is of type {type(core).__name__}, but needs {wanted}; {elsewhere}")
    if core.bidirectional:
        raise ValueError(f"core has bidirectional = True, but needs False; {elsewhere}")
    if core.dropout and core.training and core.num_layers > 1:
        raise ValueError(f"core has dropout = {core.dropout} at work, but needs 0, or core.eval(); {elsewhere}")
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"x is of type {type(x).__name__}, but needs a tensor; {elsewhere}")
    if x.ndim != 3:
        raise ValueError(f"x has shape {tuple(x.shape)}, but needs {'(N, T, D)' if core.batch_first else '(T, N, D)'}")
    count("T", x.shape[1 if core.batch_first else 0])
