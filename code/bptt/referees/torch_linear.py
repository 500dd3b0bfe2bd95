"""The referee of cells that are linear in their state: minimal GRU, linear recurrent unit and mLSTM, in torch."""

from __future__ import annotations

import numpy as np
import torch

from bptt.cells import lru, mingru, mlstm
from bptt.referees.torch_cells import tensor


def mingru_states(theta, x, h):
    """States h_1 … h_T of the minimal GRU on tensors: ``x`` (T, N, D), ``h`` (N, H)."""
    W_x, b = theta
    states = []
    for x_t in x:
        z_u, g = (x_t @ W_x.T + b).chunk(2, dim=1)
        h = torch.lerp(g, h, torch.sigmoid(z_u))
        states.append(h)
    return torch.stack(states)


def lru_states(theta, x, h):
    """States h_1 … h_T of the linear recurrent unit on tensors: ``x`` (T, N, D), ``h`` (N, 2H), real parts first."""
    nu, angle, W_x = theta
    lam = torch.exp(torch.complex(-nu.exp(), angle))
    gamma, h, states = (1 - lam.abs() ** 2).sqrt(), torch.complex(*h.chunk(2, dim=1)), []
    for x_t in x:
        h = lam * h + gamma * torch.complex(*(x_t @ W_x.T).chunk(2, dim=1))
        states.append(torch.cat([h.real, h.imag], dim=1))
    return torch.stack(states)


def mlstm_outputs(theta, x):
    """Outputs y_1 … y_T of the mLSTM by its recurrence as it is printed, without a running scale: ``x`` (T, N, D)."""
    W_x, b, W_g, b_g = theta
    H, outputs = len(b) // 3, []
    C, n = x.new_zeros(x.shape[1], H, H), x.new_zeros(x.shape[1], H)
    for x_t in x:
        q, k, v = (x_t @ W_x.T + b).chunk(3, dim=1)
        z_i, z_f = (x_t @ W_g.T + b_g).chunk(2, dim=1)
        i, f, k = z_i.exp(), torch.sigmoid(z_f), k / H**0.5
        C = f[:, :, None] * C + i[:, :, None] * v[:, :, None] * k[:, None, :]
        n = f * n + i * k
        size = (n * q).sum(dim=1, keepdim=True).abs().clamp(min=1)
        outputs.append((C @ q[:, :, None])[:, :, 0] / size)
    return torch.stack(outputs)


def mlstm_backward(params, x, dy):
    """Gradient of the mLSTM's loss Σ dy ⊙ y by automatic differentiation, as `mlstm.backward` returns it."""
    leaves = [tensor(part, True) for part in (*params, x)]
    y = mlstm_outputs(leaves[:4], leaves[4])
    ((y if np.ndim(dy) == 3 else y[-1]) * tensor(dy)).sum().backward()
    return mlstm.Grads(*(leaf.grad.numpy() for leaf in leaves))


def mingru_backward(params, x, dh, h0):
    """Gradient of the minimal GRU's loss Σ dh ⊙ h by automatic differentiation, as `mingru.backward` returns it."""
    return mingru.Grads(*_gradients(mingru_states, params, x, dh, h0))


def lru_backward(params, x, dh, h0):
    """Gradient of the linear recurrent unit's loss Σ dh ⊙ h by automatic differentiation, as `lru.backward` has it."""
    return lru.Grads(*_gradients(lru_states, params, x, dh, h0))


def _gradients(states, params, x, dh, h0):
    """Gradients of Σ dh ⊙ h by the parameters, the inputs and the first state."""
    leaves = [tensor(part, True) for part in (*params, x, h0)]
    *theta, inputs, start = leaves
    h = states(theta, inputs, start)
    ((h if np.ndim(dh) == 3 else h[-1]) * tensor(dh)).sum().backward()
    return [leaf.grad.numpy() for leaf in leaves]
