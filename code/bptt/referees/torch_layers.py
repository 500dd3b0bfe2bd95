"""The referee of attention and of normalisation: PyTorch's own functions, differentiated automatically."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention

from bptt.cells import attention
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
