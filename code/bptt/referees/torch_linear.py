"""The referee of cells that are linear in their state: the minimal GRU and the linear recurrent unit, in torch."""

from __future__ import annotations

import numpy as np
import torch

from bptt.cells import lru, mingru
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
