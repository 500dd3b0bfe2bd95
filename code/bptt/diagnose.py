"""Gradient flow of a model of one's own: how much of the loss reaches each step."""

from __future__ import annotations

import torch

from bptt.arguments import count


def gradient_flow(core, x, loss):
    """Norm of the gradient of every sample's loss with respect to its hidden state, ‖∂E_n/∂h_t‖ against t.

    Parameters
    ----------
    core : torch.nn.RNN, torch.nn.GRU or torch.nn.LSTM
        Time first, one direction, any number of layers, no projection and no dropout.
    x : (T, N, D) tensor
    loss : callable
        Takes the outputs of the last layer, (T, N, H), and returns the sum of the samples' losses, one number.

    Returns
    -------
    (T, N) array of float64
        Entry t-1 belongs to h_t, the state after step t of all layers. It counts all that h_t does: for the loss at
        its own step and for all later states.

    Raises
    ------
    TypeError
        When `core` is no recurrent layer of `torch.nn`.
    ValueError
        When it has two directions, another order of axes, a projection or dropout; or `loss` returns no single
        number, or does not depend on the outputs.

    Notes
    -----
    ``core(x)[0].retain_grad()`` would not do: the layer computes its later states from its own copy of the earlier
    ones, so that only the direct share of the loss would be seen. Here the layer is called once for every step.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> core = torch.nn.RNN(2, 16)
    >>> flow = gradient_flow(core, torch.randn(30, 4, 2), lambda h: h[-1].sum())
    >>> flow.shape, bool((flow[0] < 1e-3 * flow[-1]).all())
    ((30, 4), True)
    """
    _check(core, x)
    state, states = None, []
    with torch.enable_grad():
        for x_t in x.split(1):
            _, state = core(x_t, state)
            h = state[0] if isinstance(state, tuple) else state
            states.append(h)
            if not h.requires_grad:
                h.requires_grad_()  # a frozen layer still has a gradient flow
        E = loss(torch.stack([h[-1] for h in states]))
    if not isinstance(E, torch.Tensor) or E.numel() != 1 or not E.requires_grad:
        raise ValueError("loss needs to return one number that depends on the outputs, the sum over the samples")
    grads = torch.autograd.grad(E, states, allow_unused=True)
    # None: the loss does not depend on that state.
    full = [torch.zeros_like(h) if dh is None else dh for h, dh in zip(states, grads, strict=True)]
    return torch.stack(full).norm(dim=(1, 3)).double().cpu().numpy()


def _check(core, x):
    """Refuse a layer whose states cannot be followed step by step."""
    if not isinstance(core, torch.nn.RNNBase):
        raise TypeError(f"core is of type {type(core).__name__}, but needs torch.nn.RNN, torch.nn.GRU or torch.nn.LSTM")
    for name, wanted in (("bidirectional", False), ("batch_first", False), ("proj_size", 0), ("dropout", 0)):
        if getattr(core, name) != wanted:
            raise ValueError(f"core has {name} = {getattr(core, name)}, but needs {wanted}")
    if x.ndim != 3:
        raise ValueError(f"x has shape {tuple(x.shape)}, but needs (T, N, D)")
    count("T", len(x))
