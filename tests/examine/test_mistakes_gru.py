"""The backward pass with no switch on is torch's for its own GRU, and a difference quotient for the variants."""

import numpy as np
import pytest
import torch
from handwritten import puzzle

from bptt.examine import mistakes_gru
from bptt.examine.mistakes_search import Puzzle


def test_torchs_own_variant():
    p = puzzle(mistakes_gru.CELLS[0])
    x, dh, target = p.probes[4]
    core = torch.nn.GRU(2, 3, dtype=torch.float64)
    with torch.no_grad():
        for weight, part in zip(core.parameters(), (slice(0, 2), slice(3, 6), 2, 6), strict=True):
            weight.copy_(torch.tensor(p.theta[..., part].reshape(weight.shape)))
    states = core(torch.tensor(x[:, None]))[0]
    (states * torch.tensor(dh[:, None])).sum().backward()
    assert p.tapes[4].states["h"][1:] == pytest.approx(states.detach().numpy()[:, 0], rel=1e-12)
    for weight, part in zip(core.parameters(), (slice(0, 2), slice(3, 6), 2, 6), strict=True):
        assert target[..., part].reshape(weight.shape) == pytest.approx(weight.grad.numpy(), rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("cell", mistakes_gru.CELLS, ids=lambda cell: f"{cell.reset}-{cell.keep}")
def test_the_gradient_is_the_slope_of_the_loss(cell):
    p, rng = puzzle(cell), np.random.default_rng(0)
    x, dh, target = p.probes[4]
    way = rng.standard_normal(p.theta.shape) * p.known
    energy = lambda s: (mistakes_gru.forward(cell, p.theta + s * way, x).states["h"][1:] * dh).sum()
    assert (energy(1e-5) - energy(-1e-5)) / 2e-5 == pytest.approx((target * way).sum(), rel=1e-7)


def test_the_backward_pass_of_the_other_variant_is_one_mistake():
    after, before = (next(c for c in mistakes_gru.CELLS if c.reset == reset and c.keep == "u") for reset in ("after", "before"))  # fmt: skip
    p, rng = puzzle(after), np.random.default_rng(0)
    theta = p.theta.copy()
    theta[2, :, 6] = 0.0  # without the bias of the product one step from zero gives both the same states
    x, dh = rng.standard_normal((1, 2)), rng.standard_normal((1, 3))
    p, q = (Puzzle(cell, theta, {**p.probes, 1: (x, dh, theta)}, p.known, 1e-9) for cell in (after, before))
    wrong, right = p.gradient(p.codes([("reset", "other")]), 1).theta, q.gradient(q.codes(()), 1).theta
    assert wrong == pytest.approx(right)
    assert np.abs(right - p.gradient(p.codes(()), 1).theta).max() > 0.01
