"""Attention against torch's own, and against what must hold for any weights that sum to one."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze

from bptt.cells import attention
from bptt.referees import torch_layers


@st.composite
def problems(draw):
    T, N, D, H = draw(st.integers(1, 9)), *(draw(st.integers(1, 4)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    params = attention.init(D, H, rng)._replace(b=rng.standard_normal(3 * H))
    return params, rng.standard_normal((T, N, D)), rng.standard_normal((T, N, H))


@given(problems(), st.booleans())
def test_backward_agrees_with_autograd(p, at_every_step):
    params, x, dy = p
    dy = dy if at_every_step else dy[-1]
    grads = attention.backward(params, attention.forward(params, x), dy)
    for got, expected in zip(grads, torch_layers.attention_backward(params, x, dy), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-12)


@given(problems(), st.data())
def test_the_routes_sum_to_the_jacobian(p, data):
    params, x, _ = p
    t = data.draw(st.integers(-len(x), len(x) - 1))
    routes = attention.routes(params, attention.forward(params, x[:, :1]), t)
    np.testing.assert_allclose(sum(routes), torch_layers.attention_jacobian(params, x[:, :1], t), atol=1e-12)


@given(problems())
def test_the_contributions_sum_to_the_gradient_and_stay_at_their_step(p):
    params, x, dy = p
    trace = attention.forward(params, x)
    parts = attention.contributions(params, trace, dy)
    agree(parts.x.sum(axis=0), attention.backward(params, trace, dy).x)
    for k, part in enumerate(parts.x):
        assert not np.delete(part, k, axis=0).any()


def test_no_step_reads_a_later_one():
    rng = np.random.default_rng(0)
    params, x = attention.init(3, 4, rng), rng.standard_normal((6, 2, 3))
    changed = x.copy()
    changed[4:] += 1
    agree(attention.forward(params, changed).y[:4], attention.forward(params, x).y[:4], rtol=0)


def test_without_query_and_key_the_output_is_the_mean_of_the_values():
    rng = np.random.default_rng(0)
    params, x = attention.init(3, 4, rng, gain=0.0), rng.standard_normal((6, 2, 3))
    trace = attention.forward(params, x)
    agree(trace.y[-1], trace.v.mean(axis=0))


def test_large_scores_do_not_overflow():
    params = attention.init(3, 4, np.random.default_rng(0), gain=1e3)
    y = attention.forward(params, np.ones((5, 1, 3))).y
    assert np.isfinite(y).all()


def test_arguments_are_left_alone():
    rng = np.random.default_rng(0)
    params, x, dy = attention.init(3, 4, rng), rng.standard_normal((6, 2, 3)), rng.standard_normal((2, 4))
    before = freeze(params, x, dy)
    attention.backward(params, attention.forward(params, x), dy)
    agree((*params, x, dy), (*before[0], before[1], before[2]), rtol=0)


def test_refusals_are_one_sentence():
    params = attention.init(3, 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match=re.escape("x has shape (5, 2, 2), but needs (T, N, D) with D = 3")):
        attention.forward(params, np.zeros((5, 2, 2)))
    with pytest.raises(TypeError, match="^params is of type int"):
        attention.forward(3, np.zeros((5, 2, 2)))
    with pytest.raises(FloatingPointError, match="^the scores overflow"):
        attention.forward(params._replace(W_x=1e200 * params.W_x), np.ones((5, 2, 3)))
    trace = attention.forward(params, np.ones((5, 2, 3)))
    with pytest.raises(ValueError, match=re.escape("t is 5, but needs a whole number of at least -5")):
        attention.routes(params, trace, 5)
    with pytest.raises(ValueError, match=r"^dy\b.*NaN|^dy contains nan"):
        attention.backward(params, trace, np.full((2, 4), np.nan))
