"""The referee of linear recurrences, against sums that can be written down."""

import numpy as np
import pytest
import torch

from bptt.cells import lru, mingru
from bptt.referees import torch_linear
from bptt.referees.torch_cells import tensor


def test_the_minimal_gru_at_rest_is_a_weighted_mean_of_start_and_candidate():
    theta = tensor(np.zeros((2, 1))), tensor(np.array([np.log(3.0), 5.0]))  # keeps 3/4, candidate 5
    h = torch_linear.mingru_states(theta, tensor(np.zeros((2, 1, 1))), tensor(np.array([[1.0]])))
    assert h[:, 0, 0].tolist() == pytest.approx([2.0, 2.75])


def test_a_unit_that_turns_by_a_quarter_and_halves_is_back_after_four_steps():
    theta = tensor(np.array([np.log(np.log(2.0))])), tensor(np.array([np.pi / 2])), tensor(np.zeros((2, 1)))
    h = torch_linear.lru_states(theta, tensor(np.zeros((4, 1, 1))), tensor(np.array([[1.0, 0.0]])))
    assert torch.allclose(h[-1], tensor(np.array([[1 / 16, 0.0]])), atol=1e-15)


@pytest.mark.parametrize(("cell", "backward", "width"), [(mingru, torch_linear.mingru_backward, 1), (lru, torch_linear.lru_backward, 2)])
def test_the_gradient_is_the_slope_of_the_loss(cell, backward, width):
    rng = np.random.default_rng(3)
    params, x, h0 = cell.init(2, 3, rng), rng.standard_normal((5, 2, 2)), rng.standard_normal((2, 3 * width))
    dh, way, step = rng.standard_normal(h0.shape), rng.standard_normal(x.shape), 1e-6
    ends = [(cell.forward(params, x + sign * step * way, h0).h[-1] * dh).sum() for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * step)
    assert (backward(params, x, dh, h0).x * way).sum() == pytest.approx(slope, rel=1e-6)
