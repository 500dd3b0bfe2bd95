"""The referee of attention and of normalisation: PyTorch's own functions, differentiated automatically."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention

from bptt.cells import attention, normalised_rnn
from bptt.referees.torch_cells import tensor


def attend(theta, x):
    """Outputs of causal attention on tensors, by PyTorch's function: ``x`` (T, N, D) gives (T, N, H)."""
    W_x, b = theta
    q, k, v = (part.swapaxes(0, 1) for part in (x @ W_x.T + b).chunk(3, dim=2))
    return scaled_dot_product_attention(q, k, v, is_causal=True).swapaxes(0, 1)


def attention_backward(params, x, dy):
    """Gradient of the loss Σ dy ⊙ y by automatic differentiation, as `attention.backward` returns it.

    Parameters
    ----------
    params : attention.Params
    x : (T, N, D) array
    dy : (N, H) or (T, N, H) array
        On the last output, or on all of them.

    Returns
    -------
    attention.Grads
    """
    leaves = [tensor(part, True) for part in (*params, x)]
    y = attend(leaves[:2], leaves[2])
    ((y if np.ndim(dy) == 3 else y[-1]) * tensor(dy)).sum().backward()
    return attention.Grads(*(leaf.grad.numpy() for leaf in leaves))


def attention_jacobian(params, x, t=-1):
    """∂y_t/∂x_s of a single sequence for all s, by automatic differentiation: ``x`` (T, 1, D) gives (T, H, D)."""
    theta = [tensor(part) for part in params]
    J = torch.autograd.functional.jacobian(lambda inputs: attend(theta, inputs)[t, 0], tensor(x))
    return J[:, :, 0].swapaxes(0, 1).numpy()


def stack(layers, X, kind):
    """Output of a stack of attention on tensors, from (T, H) to (T, H); the kinds are those of `bptt.chains.depth`."""
    for params in layers:
        inner = _normal(X) if kind == "pre" else X
        Y = attend([tensor(part) for part in params], inner[:, None])[:, 0]
        X = Y if kind == "plain" else X + Y
        X = _normal(X) if kind == "post" else X
    return X


def _normal(X):
    return torch.nn.functional.layer_norm(X, X.shape[-1:])


def normalised_rnn_states(theta, x, h):
    """States h_1 … h_T of the RNN with a layer norm before its tanh, on tensors: ``x`` (T, N, D), ``h`` (N, H)."""
    W_x, W_h, s, b = theta
    states = []
    for x_t in x:
        h = torch.tanh(s * _normal(x_t @ W_x.T + h @ W_h.T) + b)
        states.append(h)
    return torch.stack(states)


def normalised_rnn_backward(params, x, dh, h0):
    """Gradient of the loss Σ dh ⊙ h by automatic differentiation, as `normalised_rnn.backward` returns it."""
    leaves = [tensor(part, True) for part in (*params, x, h0)]
    states = normalised_rnn_states(leaves[:4], leaves[4], leaves[5])
    ((states if np.ndim(dh) == 3 else states[-1]) * tensor(dh)).sum().backward()
    return normalised_rnn.Grads(*(leaf.grad.numpy() for leaf in leaves))


def normalised_lstm_step(params, x, state, places):
    """One step of an LSTM with layer norms on tensors: ``state`` is (h, c) in one vector, and so is what comes back."""
    W_x, W_h, b = (tensor(part) for part in params)
    h, c = state.chunk(2)
    by_h, by_x = W_h @ h, W_x @ x
    z = (_normal(by_h) + _normal(by_x) if "gates" in places else by_h + by_x) + b
    i, f, g, o = z.chunk(4)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    c = _normal(c) if "carry" in places else c
    return torch.cat([torch.sigmoid(o) * torch.tanh(_normal(c) if "readout" in places else c), c])
