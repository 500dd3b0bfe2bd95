"""The minimal GRU against torch's autograd, and the scan against the loop."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import agree

from bptt.cells import mingru
from bptt.chains import jacobians
from bptt.referees import torch_linear
from bptt.referees.torch_cells import tensor


@st.composite
def problems(draw):
    T, N, D, H = draw(st.integers(1, 9)), *(draw(st.integers(1, 4)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    params = mingru.init(D, H, rng)._replace(b=rng.standard_normal(2 * H))
    return params, rng.standard_normal((T, N, D)), rng.standard_normal((N, H)), rng.standard_normal((T, N, H))


@given(problems(), st.booleans())
def test_backward_agrees_with_autograd(p, at_every_step):
    params, x, h0, dh = p
    dh = dh if at_every_step else dh[-1]
    trace = mingru.forward(params, x, h0)
    grads = mingru.backward(params, trace, dh)
    agree(tuple(grads), tuple(torch_linear.mingru_backward(params, x, dh, h0)))


@given(problems())
def test_the_scan_is_the_loop(p):
    params, x, h0, _ = p
    agree(mingru.forward(params, x, h0).h, mingru.forward(params, x, h0, mingru.loop).h)


@pytest.mark.parametrize("T", [1, 2, 3, 8, 1000])
def test_the_scan_leaves_its_arguments_alone(T):
    a, b = np.random.default_rng(0).uniform(0.5, 1, (2, T, 3))
    before = a.copy(), b.copy()
    agree(mingru.scan(a, b), mingru.loop(a, b))
    assert (a == before[0]).all()
    assert (b == before[1]).all()


@given(problems())
def test_the_jacobians_multiply_to_the_derivative(p):
    params, x, h0, _ = p
    J = jacobians.product(mingru.steps(params, mingru.forward(params, x, h0)))
    by_torch = torch.autograd.functional.jacobian(
        lambda h: torch_linear.mingru_states(tuple(map(tensor, params)), tensor(x[:, :1]), h[None])[-1, 0], tensor(h0[0])
    )
    agree(J, by_torch.numpy())


def test_refusals_are_one_sentence():
    params = mingru.init(3, 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match=re.escape("x has shape (5, 2, 2), but needs (T, N, D) with D = 3")):
        mingru.forward(params, np.zeros((5, 2, 2)))
    with pytest.raises(TypeError, match="^params is of type int"):
        mingru.forward(3, np.zeros((5, 2, 2)))
