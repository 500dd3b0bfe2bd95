"""The RNN with a layer norm against torch's autograd, and against the scale that it must not see."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import agree

from bptt.cells import normalised_rnn
from bptt.chains import jacobians
from bptt.referees import torch_layers
from bptt.referees.torch_cells import tensor


@st.composite
def problems(draw):
    T, N, D, H = draw(st.integers(1, 6)), draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(3, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    params = normalised_rnn.init(D, H, rng)
    params = params._replace(s=rng.uniform(0.5, 1.5, H), b=0.5 * rng.standard_normal(H))
    return params, rng.standard_normal((T, N, D)), rng.standard_normal((N, H)), rng.standard_normal((T, N, H))


@given(problems(), st.booleans())
def test_backward_agrees_with_autograd(p, at_every_step):
    params, x, h0, dh = p
    dh = dh if at_every_step else dh[-1]
    grads = normalised_rnn.backward(params, normalised_rnn.forward(params, x, h0), dh)
    agree(tuple(grads), tuple(torch_layers.normalised_rnn_backward(params, x, dh, h0)), rtol=1e-8)


@given(problems())
def test_the_jacobians_multiply_to_the_derivative(p):
    params, x, h0, _ = p
    J = jacobians.product(normalised_rnn.steps(params, normalised_rnn.forward(params, x, h0)))
    by_torch = torch.autograd.functional.jacobian(
        lambda h: torch_layers.normalised_rnn_states(tuple(map(tensor, params)), tensor(x[:, :1]), h[None])[-1, 0],
        tensor(h0[0]),
    )
    agree(J, by_torch.numpy(), rtol=1e-8)


def test_the_contributions_sum_to_the_gradient_and_inputs_stay_at_their_step():
    rng = np.random.default_rng(0)
    params, x = normalised_rnn.init(2, 4, rng), rng.standard_normal((5, 1, 2))
    trace, dh = normalised_rnn.forward(params, x), rng.standard_normal((1, 4))
    parts = normalised_rnn.contributions(params, trace, dh)
    agree(parts.W_h.sum(axis=0), normalised_rnn.backward(params, trace, dh).W_h)
    assert not parts.x[2, [0, 1, 3, 4]].any()


def test_the_states_do_not_see_the_scale_of_all_weights():
    rng = np.random.default_rng(0)
    params, x = normalised_rnn.init(2, 4, rng), rng.standard_normal((5, 1, 2))
    larger = params._replace(W_x=1e3 * params.W_x, W_h=1e3 * params.W_h)
    agree(normalised_rnn.forward(larger, x).h, normalised_rnn.forward(params, x).h, rtol=1e-3)


def test_refusals_are_one_sentence():
    params = normalised_rnn.init(3, 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match=re.escape("x has shape (5, 2, 2), but needs (T, N, D) with D = 3")):
        normalised_rnn.forward(params, np.zeros((5, 2, 2)))
    with pytest.raises(TypeError, match="^params is of type int"):
        normalised_rnn.forward(3, np.zeros((5, 2, 2)))
