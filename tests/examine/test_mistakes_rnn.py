"""The backward pass with no switch on is that of the course for tanh, and a difference quotient for the others."""

import numpy as np
import pytest
from handwritten import puzzle

from bptt.cells import rnn
from bptt.examine import mistakes_rnn


def test_the_tanh_network_is_that_of_the_course():
    p = puzzle(mistakes_rnn.CELLS[0])
    x, dh, target = p.probes[4]
    params = rnn.Params(p.theta[0][:, :2].copy(), p.theta[0][:, 3:6].copy(), p.theta[0][:, 2].copy())
    grads = rnn.backward(params, rnn.forward(params, x[:, None]), dh[:, None])
    assert target[0][:, :2] == pytest.approx(grads.W_x, rel=1e-12)
    assert target[0][:, 3:6] == pytest.approx(grads.W_h, rel=1e-12)
    assert target[0][:, 2] == pytest.approx(grads.b, rel=1e-12)


@pytest.mark.parametrize("cell", mistakes_rnn.CELLS, ids=lambda cell: cell.activation)
def test_the_gradient_is_the_slope_of_the_loss(cell):
    p, rng = puzzle(cell, seed=4), np.random.default_rng(0)
    x, dh, target = p.probes[4]
    way = rng.standard_normal(p.theta.shape) * p.known
    energy = lambda s: (mistakes_rnn.forward(cell, p.theta + s * way, x).states["h"][1:] * dh).sum()
    assert (energy(1e-5) - energy(-1e-5)) / 2e-5 == pytest.approx((target * way).sum(), rel=1e-7)
