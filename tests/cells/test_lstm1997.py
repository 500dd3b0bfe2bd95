"""The LSTM of 1997 against torch with what is fed back detached, and the walk back against the paper's walk forward."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import agree

from bptt.cells import lstm1997
from bptt.referees import torch_1997


@st.composite
def problems(draw):
    T, *sizes = draw(st.integers(1, 9)), *(draw(st.integers(1, 3)) for _ in range(4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    params = lstm1997.init(*sizes, rng, spread=2.0)
    N = draw(st.integers(1, 3))
    return params, rng.standard_normal((T, N, sizes[0])), rng.random((N, sizes[1]))


@given(problems())
def test_the_truncated_gradient_is_autograd_with_what_is_fed_back_detached(p):
    params, x, target = p
    trace = lstm1997.forward(params, x)
    agree(lstm1997.backward(params, trace, trace.y - target), torch_1997.backward(params, x, target))


@given(problems())
def test_the_partial_derivatives_of_1997_give_the_same_gradient(p):
    params, x, target = p
    D, H, B = x.shape[2], params.W_y.shape[1], lstm1997.blocks(params)
    trace = lstm1997.forward(params, x)
    grads = lstm1997.backward(params, trace, trace.y - target)
    _, dc, _ = lstm1997.at_the_end(params, trace, trace.y - target)
    P_g, P_i = lstm1997.partials(params, trace)
    to_g = (dc[:, :, None] * P_g).sum(axis=0)
    to_i = (dc[:, :, None] * P_i).sum(axis=0).reshape(B, H // B, -1).sum(axis=1)
    for rows, found in ((slice(0, H), to_g), (slice(H, H + B), to_i)):
        agree(tuple(np.split(found, [D, -1], axis=1)[:2]), (grads.W_x[rows], grads.W_h[rows]))
        agree(found[:, -1], grads.b[rows])


def test_the_whole_gradient_is_another_and_in_one_step_the_same():
    rng = np.random.default_rng(0)
    params, target = lstm1997.init(2, 1, 2, 2, rng, spread=2.0), rng.random((3, 1))
    for T, same in ((1, True), (2, False)):
        x = rng.standard_normal((T, 3, 2))
        parts = (torch_1997.backward(params, x, target, truncated).W_x for truncated in (True, False))
        assert np.allclose(*parts, rtol=1e-9) == same


@pytest.mark.parametrize(("sizes", "published"), [((2, 1, 2, 2), 93), ((8, 4, 2, 2), 156), ((8, 8, 3, 2), 308)])
def test_the_networks_of_experiments_4_6a_and_6b_have_the_published_numbers_of_weights(sizes, published):
    assert lstm1997.weights(lstm1997.init(*sizes, np.random.default_rng(0))) == published


def test_that_of_experiment_3_has_one_more_than_published_because_its_output_unit_had_no_bias():
    assert lstm1997.weights(lstm1997.init(1, 1, 3, 1, np.random.default_rng(0))) == 102 + 1


def test_the_biases_of_the_input_gates_begin_where_they_are_told():
    params = lstm1997.init(2, 1, 2, 2, np.random.default_rng(0), input_biases=[-3.0, -6.0])
    others = [np.delete(params.b, [4, 5]), params.W_x, params.W_h, params.W_y, params.b_y]
    assert params.b[4:6].tolist() == [-3.0, -6.0]
    assert max(np.abs(part).max() for part in others) <= 0.1


def test_the_cells_take_at_most_two_a_step_and_hand_out_at_most_one():
    params = lstm1997.init(1, 1, 1, 2, np.random.default_rng(0))
    params.b[:] = [100.0, -100.0, 100.0, 100.0]
    trace = lstm1997.forward(params, np.zeros((50, 1, 1)))
    agree(trace.c[:, 0], 2.0 * np.arange(51)[:, None] * [1.0, -1.0])
    agree(trace.u[-1, 0], np.array([1.0, -1.0, 1.0, 1.0]))


def test_refusals_are_one_sentence():
    params = lstm1997.init(3, 1, 2, 2, np.random.default_rng(0))
    with pytest.raises(ValueError, match=re.escape("x has shape (5, 2, 2), but needs (T, N, D) with D = 3")):
        lstm1997.forward(params, np.zeros((5, 2, 2)))
    with pytest.raises(ValueError, match="^input_biases has 1 entries, but needs one for each of 2 blocks"):
        lstm1997.init(3, 1, 2, 2, np.random.default_rng(0), input_biases=[-3.0])
    with pytest.raises(ValueError, match="^params.b has 8 entries, but needs one for each of 5 cells"):
        lstm1997.forward(params._replace(W_y=np.zeros((1, 5))), np.zeros((5, 2, 3)))
