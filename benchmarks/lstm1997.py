"""The LSTM of 1997, learning one sequence after another: `online.train`, compiled by numba, on the adding problem.

Against torch, which unrolls the same network with what is fed back detached, differentiates it automatically, and takes
the same step of descent; and against `lstm1997.forward` and `lstm1997.backward`, in plain NumPy. Four cells in two
blocks, 93 weights. Everything counts, the drawing of the sequences too; that the three end at the same weights is
checked first. Compiling takes some seconds once, and is not counted.
"""

from __future__ import annotations

import harness
import numpy as np
import torch
from harness import Race, Rival

from bptt.cells import lstm1997
from bptt.learning import online
from bptt.referees import torch_1997
from bptt.referees.torch_cells import tensor

FEW = 5  # sequences of each turn


def table(show):
    """Race where numba is installed."""
    if not online.COMPILED:
        show('Not raced here: numba is not installed (`pip install ".[compiled]"`).')
        return []
    return harness.table(races(), show)


def races():
    for T in (100, 500):
        settings = online.Settings1997("adding", T, budget=FEW, input_biases=(-3.0, -6.0))
        ours = lambda s=settings: online.train(s, 0, tested=1).params
        rivals = [lambda s=settings: by_torch(s), lambda s=settings: by_cell(s)]
        for rival in rivals:
            for got, expected in zip(ours(), rival(), strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-12)
        names = zip(("torch, detached", "`lstm1997`"), rivals, (1 / 20, None), strict=True)
        yield Race(f"{FEW} sequences, T={T}", ours, [Rival(*rival) for rival in names])


def by_torch(settings):
    """Learn the same sequences by automatic differentiation."""
    task, params, rng, _ = settings.make(0)
    theta = [tensor(part, True) for part in params]
    optimiser = torch.optim.SGD(theta, settings.lr)
    for x, length, y in zip(*task.draw(settings.T, rng, settings.budget), strict=True):
        optimiser.zero_grad()
        found = torch_1997.outputs(theta, torch.from_numpy(x[:length, None]), settings.blocks)
        ((found - torch.from_numpy(y)).square().sum() / 2).backward()
        optimiser.step()
    return [part.detach().numpy() for part in theta]


def by_cell(settings):
    """Learn the same sequences with the cell in NumPy."""
    task, params, rng, _ = settings.make(0)
    for x, length, y in zip(*task.draw(settings.T, rng, settings.budget), strict=True):
        trace = lstm1997.forward(params, x[:length, None])
        grads = lstm1997.backward(params, trace, trace.y - y)
        params = lstm1997.Params(*(part - settings.lr * grad for part, grad in zip(params, grads, strict=True)))
    return params
