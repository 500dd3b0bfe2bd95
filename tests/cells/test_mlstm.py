"""The matrix memory against torch's autograd of its recurrence, and all steps at once against one after the other."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import agree

from bptt.cells import attention, mlstm
from bptt.referees import torch_linear
from bptt.referees.torch_cells import tensor


@st.composite
def problems(draw):
    T, N, D, H = draw(st.integers(1, 9)), *(draw(st.integers(1, 4)) for _ in range(3))
    rng, strong = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.sampled_from([0.3, 1.0, 3.0]))
    params = mlstm.init(D, H, rng)._replace(b=strong * rng.standard_normal(3 * H), b_g=strong * rng.standard_normal(2))
    return params, rng.standard_normal((T, N, D)), rng.standard_normal((T, N, H))


def by_steps(params, x, sample=0):
    """Outputs of one sample by the recurrence."""
    H = len(params.b) // 3
    C, n, m, outputs = np.zeros((H, H)), np.zeros(H), -np.inf, []
    for parts in zip(*(part[:, sample] for part in mlstm.project(params, x)), strict=True):
        C, n, m, y = mlstm.step(C, n, m, *parts)
        outputs.append(y)
    return np.array(outputs)


def flat(grads):
    """One vector: where an output does not depend on a gate, autograd leaves a rounding error in its place."""
    return np.concatenate([part.ravel() for part in grads])


@given(problems())
def test_all_at_once_and_one_after_the_other_agree_with_torch(p):
    params, x, _ = p
    y = mlstm.forward(params, x).y
    agree(y, torch_linear.mlstm_outputs(tuple(map(tensor, params)), tensor(x)).numpy())
    agree(by_steps(params, x), y[:, 0])


@given(problems(), st.booleans())
def test_backward_agrees_with_autograd(p, at_every_step):
    params, x, dy = p
    dy = dy if at_every_step else dy[-1]
    agree(flat(mlstm.backward(params, mlstm.forward(params, x), dy)), flat(torch_linear.mlstm_backward(params, x, dy)))


@pytest.mark.parametrize("size", [0.1, 5.0])
def test_both_sides_of_the_maximum_are_met(size):
    params = mlstm.init(2, 3, np.random.default_rng(0))._replace(b=np.full(9, size))
    x = np.random.default_rng(1).standard_normal((6, 1, 2)) * 0.1
    trace = mlstm.forward(params, x)
    assert (trace.d > trace.unit).all() == (size == 5.0)
    assert (trace.d > trace.unit).any() == (size == 5.0)
    agree(tuple(mlstm.backward(params, trace, trace.y)), tuple(torch_linear.mlstm_backward(params, x, trace.y)))


def test_gates_far_beyond_the_range_of_floating_point_do_no_harm():
    params = mlstm.init(2, 3, np.random.default_rng(0))._replace(b_g=np.array([2000.0, 0.0]))
    x = np.random.default_rng(1).standard_normal((6, 1, 2))
    trace = mlstm.forward(params, x)
    agree(by_steps(params, x), trace.y[:, 0])
    lower = mlstm.forward(params._replace(b_g=np.array([300.0, 0.0])), x)
    agree(trace.y, lower.y)
    assert all(np.isfinite(part).all() for part in mlstm.backward(params, trace, trace.y))


def test_the_sums_of_the_contributions_are_the_gradient():
    params, rng = mlstm.init(2, 3, np.random.default_rng(0)), np.random.default_rng(1)
    trace = mlstm.forward(params, rng.standard_normal((5, 2, 2)))
    parts = mlstm.contributions(params, trace, np.ones((2, 3)))
    assert [len(part) for part in parts] == [5] * 5
    agree(tuple(part.sum(axis=0) for part in parts), tuple(mlstm.backward(params, trace, np.ones((2, 3)))))


def test_a_memory_that_forgets_nothing_reads_like_attention_without_its_softmax():
    rng = np.random.default_rng(0)
    drawn = attention.init(2, 3, rng)
    x = rng.standard_normal((5, 1, 2))
    trace = mlstm.forward(mlstm.Params(*drawn, np.zeros((2, 2)), np.array([0.0, 800.0])), x)
    q, k, v = attention.forward(drawn, x)[1:4]
    scores = np.tril(np.einsum("tnh,snh->nts", q, k)[0] / np.sqrt(3))
    agree(trace.y[:, 0], scores @ v[:, 0] / np.maximum(1, np.abs(scores.sum(axis=1)))[:, None])


def test_refusals_are_one_sentence():
    params = mlstm.init(3, 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match=re.escape("x has shape (5, 2, 2), but needs (T, N, D) with D = 3")):
        mlstm.forward(params, np.zeros((5, 2, 2)))
    with pytest.raises(ValueError, match=re.escape("params.W_g has shape (3, 3), but needs (2, D) with 2 = 2 as in gates i, f, D")):
        mlstm.forward(params._replace(W_g=np.zeros((3, 3))), np.zeros((5, 2, 3)))
    with pytest.raises(TypeError, match="^params is of type int"):
        mlstm.forward(3, np.zeros((5, 2, 2)))
    with pytest.raises(FloatingPointError, match="the outputs overflow"):
        mlstm.forward(params._replace(W_x=params.W_x * 1e200), np.ones((5, 2, 3)))
