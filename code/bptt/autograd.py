"""The referee: the same models in torch, float64, differentiated automatically.

Nothing here knows a gradient formula. Each function takes and returns NumPy arrays, so that it can be laid beside the
function of `bptt` that it checks.
"""

from __future__ import annotations

import numpy as np
import torch

from bptt import rnn
from bptt.activations import TANH

VALUE = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "identity": lambda z: z,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
}


def rnn_step(params, x, h, activation=TANH):
    """One step of the recurrence on tensors: ``x`` (N, D), ``h`` (N, H)."""
    W_x, W_h, b = params
    return VALUE[activation.name](h @ W_h.T + x @ W_x.T + b)


def rnn_backward(params, x, dh, h0=None, activation=TANH):
    """Gradient of the RNN's loss by automatic differentiation.

    Parameters
    ----------
    params : rnn.Params
    x : (T, N, D) array
    dh : (N, H) or (T, N, H) array
        The loss is Σ dh ⊙ h, over the last state or over all of them, so that ∂E/∂h is `dh`.
    h0 : (N, H) array, optional
    activation : Activation

    Returns
    -------
    rnn.Grads
    """
    theta, inputs, start = [tensor(part, True) for part in params], tensor(x, True), _start(params, x, h0)
    _rnn_loss([theta] * len(x), inputs, start, dh, activation).backward()
    return rnn.Grads(*(leaf.grad.numpy() for leaf in (*theta, inputs, start)))


def rnn_contributions(params, x, dh, h0=None, activation=TANH):
    """Gradient with respect to the copy θ_k of the parameters that only step k uses, for every k.

    Parameters
    ----------
    params, x, dh, h0, activation
        As for `rnn_backward`.

    Returns
    -------
    rnn.Grads
        With a leading axis of length T, as `rnn.contributions` returns it.
    """
    T = len(x)
    copies = [[tensor(part, True) for part in params] for _ in range(T)]
    inputs, start = tensor(x, True), _start(params, x, h0)
    _rnn_loss(copies, inputs, start, dh, activation).backward()
    W_x, W_h, b = (np.stack([theta[j].grad.numpy() for theta in copies]) for j in range(3))
    dx, dh0 = np.zeros((T, *x.shape)), np.zeros((T, *start.shape))
    dx[np.arange(T), np.arange(T)] = inputs.grad.numpy()
    dh0[0] = start.grad.numpy()
    return rnn.Grads(W_x, W_h, b, dx, dh0)


def _rnn_loss(thetas, inputs, h, dh, activation):
    """Unroll the network with the parameters thetas[t] at step t, and take the loss Σ dh ⊙ h."""
    states = []
    for theta, x_t in zip(thetas, inputs, strict=True):
        h = rnn_step(theta, x_t, h, activation)
        states.append(h)
    return (torch.stack(states) * tensor(dh)).sum() if np.ndim(dh) == 3 else (h * tensor(dh)).sum()


def _start(params, x, h0):
    return tensor(np.zeros((x.shape[1], len(params.b))) if h0 is None else h0, True)


def rnn_jacobians(params, trace, n=0, activation=TANH):
    """One-step Jacobians of sample `n`, each by automatic differentiation of one step; (T, H, H)."""
    theta = [tensor(part) for part in params]
    return np.stack([
        torch.autograd.functional.jacobian(lambda h, x=x: rnn_step(theta, x, h, activation), tensor(h)).numpy()
        for x, h in zip(map(tensor, trace.x[:, n]), trace.h[:-1, n], strict=True)
    ])  # fmt: skip


def rnn_state_jacobian(params, x, h0=None, n=0, activation=TANH):
    """Total derivative ∂h_T/∂h_0 of sample `n`, through the whole unrolled network at once; (H, H)."""

    def last_state(h):
        for x_t in tensor(x[:, n]):
            h = rnn_step(theta, x_t, h, activation)
        return h

    theta, start = [tensor(part) for part in params], _start(params, x, h0).detach()[n]
    return torch.autograd.functional.jacobian(last_state, start).numpy()


def torch_rnn(params, activation=TANH):
    """A `torch.nn.RNN` with the same parameters; its second bias is zero.

    Parameters
    ----------
    params : rnn.Params
    activation : Activation
        TANH or RELU: `torch.nn.RNN` knows no other.

    Returns
    -------
    torch.nn.RNN
        In float64, one layer, time first.
    """
    H, D = params.W_x.shape
    module = torch.nn.RNN(D, H, nonlinearity=activation.name, dtype=torch.float64)
    with torch.no_grad():
        module.weight_ih_l0.copy_(tensor(params.W_x))
        module.weight_hh_l0.copy_(tensor(params.W_h))
        module.bias_ih_l0.copy_(tensor(params.b))
        module.bias_hh_l0.zero_()
    return module


def tensor(value, requires_grad=False):
    """Copy of an array as a float64 tensor."""
    return torch.tensor(np.asarray(value), dtype=torch.float64, requires_grad=requires_grad)
