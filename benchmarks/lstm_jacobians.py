"""The Jacobians of every step of the LSTM and the norms of their products, `jacobians.lstm_steps` and `log_norms`.

Against `torch.func.jacrev` on torch's cell, once for all steps together by `torch.func.vmap` and once step by step in a
Python loop, each followed by the products, scaled at every step, and their norms in torch.
"""

from __future__ import annotations

import numpy as np
import torch
from harness import Race, Rival
from lyapunov import torch_log_norms

from bptt.cells import lstm
from bptt.chains import jacobians
from bptt.referees import torch_cells
from bptt.referees.torch_cells import tensor

T, D = 500, 8


def races():
    for H, bar in ((32, 1 / 5), (128, 1 / 2)):
        rng = np.random.default_rng(0)
        params = lstm.init(D, H, rng)
        trace = lstm.forward(params, rng.standard_normal((T, 1, D)))

        def ours(params=params, trace=trace):
            return jacobians.log_norms(jacobians.lstm_steps(params, trace))

        together, one_by_one = by_jacrev(params, trace)
        for theirs in (together(), one_by_one()):
            np.testing.assert_allclose(ours(), theirs, rtol=0, atol=1e-8)
        rivals = [Rival("`jacrev` under `vmap`", together, bar), Rival("loop of `jacrev`", one_by_one, bar)]
        yield Race(f"T={T} H={H}", ours, rivals)


def by_jacrev(params, trace):
    """Log-norms from Jacobians by `torch.func.jacrev`, of all steps together and step by step."""
    theta, x = [tensor(part) for part in params], tensor(trace.x[:, 0])
    state = tensor(np.concatenate([trace.h[:-1, 0], trace.c[:-1, 0]], axis=1))

    def step(state, x):
        h, c = state[None].chunk(2, dim=1)
        return torch.cat(torch_cells.lstm_step(theta, x[None], h, c), dim=1)[0]

    jacobian = torch.func.jacrev(step)
    together = lambda: torch.func.vmap(jacobian)(state, x)
    one_by_one = lambda: torch.stack([jacobian(*pair) for pair in zip(state, x, strict=True)])
    return tuple(lambda J=J: torch_log_norms(J()).numpy() for J in (together, one_by_one))
