"""The linear recurrent unit against torch's autograd, and the promises of its parameters."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import agree

from bptt.cells import lru
from bptt.chains import jacobians
from bptt.referees import torch_linear
from bptt.referees.torch_cells import tensor


@st.composite
def problems(draw):
    T, N, D, H = draw(st.integers(1, 9)), *(draw(st.integers(1, 4)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    params = lru.init(D, H, rng, low=0.3, high=0.95)
    return params, rng.standard_normal((T, N, D)), rng.standard_normal((N, 2 * H)), rng.standard_normal((T, N, 2 * H))


@given(problems(), st.booleans())
def test_backward_agrees_with_autograd(p, at_every_step):
    params, x, h0, dh = p
    dh = dh if at_every_step else dh[-1]
    grads = lru.backward(params, lru.forward(params, x, h0), dh)
    agree(tuple(grads), tuple(torch_linear.lru_backward(params, x, dh, h0)))


@given(problems())
def test_the_jacobians_multiply_to_the_derivative(p):
    params, x, h0, _ = p
    J = jacobians.product(lru.steps(params, lru.forward(params, x, h0)))
    by_torch = torch.autograd.functional.jacobian(
        lambda h: torch_linear.lru_states(tuple(map(tensor, params)), tensor(x[:, :1]), h[None])[-1, 0], tensor(h0[0])
    )
    agree(J, by_torch.numpy())


@given(problems())
def test_contributions_sum_to_the_gradient(p):
    params, x, h0, dh = p
    trace = lru.forward(params, x, h0)
    parts = lru.contributions(params, trace, dh)
    assert {len(part) for part in parts} == {len(x)}
    agree(tuple(part.sum(axis=0) for part in parts), tuple(torch_linear.lru_backward(params, x, dh, h0)))


@pytest.mark.parametrize("nu", [-30.0, -3.0, 0.0, 3.0, 30.0])
def test_no_parameter_leaves_the_circle(nu):
    lam = lru.factors(lru.Params(np.array([nu]), np.array([1.0]), np.zeros((2, 1))))
    assert abs(lam[0]) <= 1


def test_the_ring_is_filled_evenly_by_area():
    size = abs(lru.factors(lru.init(1, 40_000, np.random.default_rng(0), 0.5, 0.9)))
    assert 0.5 < size.min() < size.max() < 0.9
    assert (size**2).mean() == pytest.approx((0.5**2 + 0.9**2) / 2, abs=0.003)


def test_refusals_are_one_sentence():
    params = lru.init(3, 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match=re.escape("x has shape (5, 2, 2), but needs (T, N, D) with D = 3")):
        lru.forward(params, np.zeros((5, 2, 2)))
    with pytest.raises(TypeError, match="^params is of type int"):
        lru.forward(3, np.zeros((5, 2, 2)))
    with pytest.raises(ValueError, match="^low is 0.9, but needs"):
        lru.init(1, 1, np.random.default_rng(0), low=0.9, high=0.5)
    with pytest.raises(ValueError, match=re.escape("dh has shape (2, 4), but needs (N, H) with ")):
        lru.backward(params, lru.forward(params, np.zeros((5, 2, 3))), np.zeros((2, 4)))
