"""Growth along a trajectory of T steps: all T + 1 norms by `jacobians.log_norms`, all H rates by `lyapunov.exponents`.

Both start from a trace, and so does torch: one-step Jacobians by `torch.func.jacrev`, all steps at once by `vmap`, then
products that are scaled at every step and their 2-norms, or a QR decomposition at every step. The arithmetic alone is
T products, or T products and T QR decompositions, of ready matrices in NumPy.
"""

from __future__ import annotations

import numpy as np
import torch
from harness import Race, Rival

from bptt.cells import rnn
from bptt.chains import jacobians
from bptt.growth import lyapunov
from bptt.referees import torch_cells

SIZES = [(32, 1 / 5), (128, 1 / 2)]
T, D = 1000, 8


def races():
    for H, bar in SIZES:
        rng = np.random.default_rng(0)
        params = rnn.init(D, H, rng)
        trace = rnn.forward(params, rng.standard_normal((T, 1, D)))
        J = jacobians.rnn_steps(params, trace)
        for name, ours, theirs, bare in (
            ("log_norms", jacobians.log_norms, torch_log_norms, products),
            ("exponents", lyapunov.exponents, torch_exponents, decompositions),
        ):

            def run(ours=ours, params=params, trace=trace):
                return ours(jacobians.rnn_steps(params, trace))

            route = torch_route(params, trace, theirs)
            np.testing.assert_allclose(run(), route().numpy(), rtol=0, atol=1e-8)
            rivals = [Rival("torch, `jacrev`", route, bar), Rival("arithmetic", lambda J=J, bare=bare: bare(J))]
            yield Race(f"{name} T={T} H={H}", run, rivals)


def torch_route(params, trace, then):
    """Jacobians of all steps by automatic differentiation, and what is done with them."""
    theta = [torch_cells.tensor(part) for part in params]
    x, h = torch_cells.tensor(trace.x[:, 0]), torch_cells.tensor(trace.h[:-1, 0])
    step = torch.func.jacrev(lambda h, x: torch_cells.rnn_step(theta, x, h))
    return lambda: then(torch.func.vmap(step)(h, x))


def torch_log_norms(J):
    P, log = torch.eye(J.shape[1], dtype=J.dtype), torch.zeros((), dtype=J.dtype)
    products, logs = [P], [log]
    for J_k in J.flip(0):
        P = P @ J_k
        size = P.abs().max()
        P, log = P / size, log + size.log()
        products.append(P)
        logs.append(log)
    return (torch.linalg.matrix_norm(torch.stack(products), 2).log() + torch.stack(logs)).flip(0)


def torch_exponents(J):
    Q, rows = torch.eye(J.shape[1], dtype=J.dtype), []
    for J_t in J:
        Q, R = torch.linalg.qr(J_t @ Q)
        rows.append(R.diagonal())
    return torch.stack(rows).abs().log().mean(0).sort(descending=True).values


def products(J):
    for J_k in J:
        J[0] @ J_k


def decompositions(J):
    Q = np.eye(J.shape[1])
    for J_t in J:
        Q, _ = np.linalg.qr(J_t @ Q)
    return Q
