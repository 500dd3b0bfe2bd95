"""The referee of the LSTM of 1997: the same network in torch, float64, with what is fed back detached at every step."""

from __future__ import annotations

import torch

from bptt.cells import lstm1997
from bptt.referees.torch_cells import tensor


def outputs(theta, x, blocks, truncated=True):
    """Outputs (N, K) after the last step of ``x`` (T, N, D), for the parameters as tensors."""
    W_x, W_h, b, W_y, b_y = theta
    H, h = W_y.shape[1], None
    c, u = x.new_zeros(x.shape[1], H), x.new_zeros(x.shape[1], len(b))
    for x_t in x:
        g, i, o = (x_t @ W_x.T + u @ W_h.T + b).split([H, blocks, blocks], dim=1)
        i, o = torch.sigmoid(i), torch.sigmoid(o)
        c = c + i.repeat_interleave(H // blocks, dim=1) * (4 * torch.sigmoid(g) - 2)
        h = o.repeat_interleave(H // blocks, dim=1) * (2 * torch.sigmoid(c) - 1)
        u = torch.cat([h, i, o], dim=1)
        u = u.detach() if truncated else u
    return torch.sigmoid(h @ W_y.T + b_y)


def backward(params, x, target, truncated=True):
    """Gradient of ½ Σ (y - target)² by automatic differentiation, as `lstm1997.backward` returns it.

    Parameters
    ----------
    params : lstm1997.Params
    x : (T, N, D) array
    target : (N, K) array
    truncated : bool
        Whether the gradient stops at what is fed back; False differentiates through everything.

    Returns
    -------
    lstm1997.Params
    """
    theta = [tensor(part, True) for part in params]
    y = outputs(theta, tensor(x), lstm1997.blocks(params), truncated)
    ((y - tensor(target)).square().sum() / 2).backward()
    return lstm1997.Params(*(leaf.grad.numpy() for leaf in theta))
