"""The referee: the same models in torch, float64, differentiated automatically.

Nothing here knows a gradient formula, and of the LSTM not even the equations: `torch.lstm_cell` does. Each function
takes and returns NumPy arrays, so that it can be laid beside the function of `bptt` that it checks.
"""

from __future__ import annotations

import numpy as np
import torch

from bptt.cells import lstm, rnn
from bptt.cells.activations import TANH

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
    theta, inputs, start = [tensor(part, True) for part in params], tensor(x, True), _rnn_start(params, x, h0)
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
    inputs, start = tensor(x, True), _rnn_start(params, x, h0)
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


def _rnn_start(params, x, h0):
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

    theta, start = [tensor(part) for part in params], _rnn_start(params, x, h0).detach()[n]
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


def lstm_step(params, x, h, c):
    """One step of torch's cell on tensors: ``x`` (N, D), ``h`` and ``c`` (N, H); return h, c."""
    W_x, W_h, b = params
    return torch.lstm_cell(x, (h, c), W_x, W_h, b, torch.zeros_like(b))


def lstm_backward(params, x, dh, dc=None, h0=None, c0=None):
    """Gradient of the LSTM's loss by automatic differentiation.

    Parameters
    ----------
    params : lstm.Params
    x : (T, N, D) array
    dh : (N, H) or (T, N, H) array
        The loss is Σ dh ⊙ h, over the last state or over all of them, so that ∂E/∂h is `dh`.
    dc : (N, H) or (T, N, H) array, optional
        Adds Σ dc ⊙ c to the loss.
    h0, c0 : (N, H) array, optional

    Returns
    -------
    lstm.Grads
    """
    theta, inputs, start = [tensor(part, True) for part in params], tensor(x, True), _lstm_start(params, x, h0, c0)
    _lstm_loss([theta] * len(x), inputs, start, dh, dc).backward()
    return lstm.Grads(*(leaf.grad.numpy() for leaf in (*theta, inputs, *start)))


def lstm_contributions(params, x, dh, dc=None, h0=None, c0=None):
    """Gradient with respect to the copy θ_k of the parameters that only step k uses, for every k.

    Parameters
    ----------
    params, x, dh, dc, h0, c0
        As for `lstm_backward`.

    Returns
    -------
    lstm.Grads
        With a leading axis of length T, as `lstm.contributions` returns it.
    """
    T = len(x)
    copies = [[tensor(part, True) for part in params] for _ in range(T)]
    inputs, start = tensor(x, True), _lstm_start(params, x, h0, c0)
    _lstm_loss(copies, inputs, start, dh, dc).backward()
    W_x, W_h, b = (np.stack([theta[j].grad.numpy() for theta in copies]) for j in range(3))
    dx, dh0, dc0 = (np.zeros((T, *leaf.shape)) for leaf in (inputs, *start))
    dx[np.arange(T), np.arange(T)] = inputs.grad.numpy()
    dh0[0], dc0[0] = (leaf.grad.numpy() for leaf in start)
    return lstm.Grads(W_x, W_h, b, dx, dh0, dc0)


def _lstm_loss(thetas, inputs, state, dh, dc):
    """Unroll the network with the parameters thetas[t] at step t, and take the loss Σ dh ⊙ h + Σ dc ⊙ c."""
    states = []
    for theta, x_t in zip(thetas, inputs, strict=True):
        state = lstm_step(theta, x_t, *state)
        states.append(state)
    loss = 0.0
    for given, path in zip((dh, dc), zip(*states, strict=True), strict=True):
        if given is not None:
            loss = loss + ((torch.stack(path) if np.ndim(given) == 3 else path[-1]) * tensor(given)).sum()
    return loss


def _lstm_start(params, x, h0, c0):
    zero = np.zeros((x.shape[1], params.W_h.shape[1]))
    return [tensor(zero if given is None else given, True) for given in (h0, c0)]


def lstm_jacobians(params, trace, n=0):
    """One-step Jacobians ∂(h, c)_t/∂(h, c)_{t-1} of sample `n`, each by automatic differentiation; (T, 2H, 2H)."""
    states = np.concatenate([trace.h[:-1, n], trace.c[:-1, n]], axis=1)
    return np.stack([_state_jacobian(params, x[None], state) for x, state in zip(trace.x[:, n], states, strict=True)])


def lstm_state_jacobian(params, x, h0=None, c0=None, n=0):
    """Total derivative ∂(h, c)_T/∂(h, c)_0 of sample `n`, through the whole unrolled network at once; (2H, 2H)."""
    h, c = (leaf.detach().numpy()[n] for leaf in _lstm_start(params, x, h0, c0))
    return _state_jacobian(params, x[:, n], np.concatenate([h, c]))


def _state_jacobian(params, x, state):
    def last_state(state):
        h, c = state[None].chunk(2, dim=1)
        for x_t in tensor(x):
            h, c = lstm_step(theta, x_t[None], h, c)
        return torch.cat([h, c], dim=1)[0]

    theta = [tensor(part) for part in params]
    return torch.autograd.functional.jacobian(last_state, tensor(state)).numpy()


def cell_derivative(params, trace, k, n=0, truncated=False):
    """Derivative of the last cell state with respect to that of step k, through everything between them.

    Parameters
    ----------
    params : lstm.Params
    trace : lstm.Trace
    k : int
        From 1 to T: h_k = o_k ⊙ tanh(c_k) follows c_k, at a given o_k. From 0 on, h_0 is given.
    n : int
        Which sample of the batch.
    truncated : bool
        Stop the gradient at every h, as Hochreiter and Schmidhuber (1997) did.

    Returns
    -------
    (H, H) array
        dc_T/dc_k.
    """

    def last_cell(c):
        c = c[None]
        h = tensor(trace.o[k - 1, n]) * torch.tanh(c) if k else tensor(trace.h[0, n])[None]
        for x_t in tensor(trace.x[k:, n]):
            h, c = lstm_step(theta, x_t[None], h.detach() if truncated else h, c)
        return c[0]

    theta = [tensor(part) for part in params]
    return torch.autograd.functional.jacobian(last_cell, tensor(trace.c[k, n])).numpy()


def torch_lstm(params):
    """A `torch.nn.LSTM` with the same parameters, in float64, one layer, time first; its second bias is zero."""
    H, D = params.W_h.shape[1], params.W_x.shape[1]
    return _fill(torch.nn.LSTM(D, H, dtype=torch.float64), "_l0", *params, np.zeros(4 * H))


def torch_lstm_cell(params):
    """A `torch.nn.LSTMCell` with the same parameters, in float64; its second bias is zero."""
    H, D = params.W_h.shape[1], params.W_x.shape[1]
    return _fill(torch.nn.LSTMCell(D, H, dtype=torch.float64), "", *params, np.zeros(4 * H))


def torch_gru(params):
    """A `torch.nn.GRU` with the same parameters, in float64, one layer, time first."""
    H, D = params.W_h.shape[1], params.W_x.shape[1]
    return _fill(torch.nn.GRU(D, H, dtype=torch.float64), "_l0", *params)


def _fill(module, suffix, *parts):
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    module.load_state_dict({name + suffix: tensor(part) for name, part in zip(names, parts, strict=True)})
    return module


def from_torch_lstm(module):
    """The parameters of a `torch.nn.LSTM` of one layer, or of a `torch.nn.LSTMCell`; its two biases are added.

    Parameters
    ----------
    module : torch.nn.LSTM or torch.nn.LSTMCell

    Returns
    -------
    lstm.Params
        Copies in float64.

    Raises
    ------
    TypeError
        When the module is neither.
    ValueError
        When it has several layers, two directions or a projection.

    Examples
    --------
    >>> from_torch_lstm(torch.nn.LSTM(3, 2)).W_h.shape
    (8, 2)
    """
    if not isinstance(module, (torch.nn.LSTM, torch.nn.LSTMCell)):
        raise TypeError(f"module is of type {type(module).__name__}, but needs a torch.nn.LSTM or torch.nn.LSTMCell")
    suffix = "_l0" if isinstance(module, torch.nn.LSTM) else ""
    parts = {name.removesuffix(suffix): part.double().numpy().copy() for name, part in module.state_dict().items()}
    if not parts.keys() <= {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}:
        raise ValueError(f"module is {module}, but needs one layer, one direction and no projection")
    b = parts["bias_ih"] + parts["bias_hh"] if module.bias else np.zeros(len(parts["weight_hh"]))
    return lstm.Params(parts["weight_ih"], parts["weight_hh"], b)


def tensor(value, requires_grad=False):
    """Copy of an array as a float64 tensor."""
    return torch.tensor(np.asarray(value), dtype=torch.float64, requires_grad=requires_grad)
