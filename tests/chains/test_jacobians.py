"""One-step Jacobians, ordered products, and their norms on a log scale against exact arithmetic."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze, rnn_problems

from bptt.cells import rnn
from bptt.chains import jacobians
from bptt.referees import torch_cells

# Jacobians of the RNN


@given(rnn_problems(), st.data())
def test_one_step_jacobians_agree_with_autograd(p, data):
    n = data.draw(st.integers(0, p.x.shape[1] - 1))
    trace = rnn.forward(p.params, p.x, p.h0, p.activation)
    J = jacobians.rnn_steps(p.params, trace, n)
    agree(J, torch_cells.rnn_jacobians(p.params, trace, n, p.activation))
    agree(jacobians.product(J), torch_cells.rnn_state_jacobian(p.params, p.x, p.h0, n, p.activation), rtol=1e-11)


@given(rnn_problems())
def test_the_row_vector_times_the_product_is_what_backward_carries(p):
    trace, last = rnn.forward(p.params, p.x, p.h0, p.activation), p.dh[-1] if p.dh.ndim == 3 else p.dh
    rows = [row @ jacobians.product(jacobians.rnn_steps(p.params, trace, n)) for n, row in enumerate(last)]
    agree(np.array(rows), rnn.backward(p.params, trace, last).h0, rtol=1e-11)


# Products


def test_the_newest_factor_stands_on_the_left():
    A, B, C = np.random.default_rng(0).standard_normal((3, 4, 4))
    agree(jacobians.product(np.stack([A, B, C])), C @ B @ A, rtol=1e-15)
    assert np.abs(C @ B @ A - A @ B @ C).max() > 0.1


@pytest.mark.parametrize("m", [1, 3])
def test_the_empty_product_is_the_identity(m):
    agree(jacobians.product(np.empty((0, m, m))), np.eye(m), rtol=0)
    agree(jacobians.log_norms(np.empty((0, m, m))), np.zeros(1), rtol=0)


# Norms on a log scale


def exact_log_norm(J):
    """ln‖J[T-1] … J[0]‖₂ in whole numbers: a float is a whole number over a power of two, so nothing is rounded."""
    ratios = [entry.as_integer_ratio() for entry in J.ravel().tolist()]
    scale = max(denominator for _, denominator in ratios)
    whole = np.array([top * (scale // bottom) for top, bottom in ratios], dtype=object).reshape(J.shape)
    return log_norm(ordered_product(whole)) - len(J) * math.log(scale)


def ordered_product(whole):
    """The product in halves: the numbers grow long, and long ones are best multiplied with ones as long."""
    half = len(whole) // 2
    return whole[0] if len(whole) == 1 else ordered_product(whole[half:]) @ ordered_product(whole[:half])


def log_norm(whole):
    """ln‖·‖₂ of a matrix of long whole numbers, from the leading 500 bits of the largest."""
    drop = max(max(entry.bit_length() for entry in whole.flat) - 500, 0)
    return math.log(np.linalg.norm((whole >> drop).astype(float), 2)) + drop * math.log(2)


def rotations(T, rng):
    angle = rng.uniform(0, 2 * np.pi, T)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)


@pytest.mark.parametrize("rate", [-1.0, 1.0])
@pytest.mark.parametrize("kind", ["rotations", "random"])
def test_log_norms_are_right_where_the_product_overflows_or_underflows(rate, kind):
    T, rng = 2000, np.random.default_rng(0)
    J = np.exp(rate) * (rotations(T, rng) if kind == "rotations" else rng.standard_normal((T, 2, 2)))
    where = [0, 1, 1000, 1900, 1999]
    got, expected = jacobians.log_norms(J), np.array([exact_log_norm(J[k:]) for k in where])
    if kind == "rotations":
        agree(expected[0], rate * T, rtol=1e-12)
    assert abs(expected[0]) > 745  # beyond the range of float64, which ends near e^±745
    assert got.shape == (T + 1,)
    agree(got[where], expected)


@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_log_norms_are_the_norms_of_the_products(T, m, seed):
    J = np.random.default_rng(seed).standard_normal((T, m, m))
    expected = [np.log(np.linalg.norm(jacobians.product(J[k:]), 2)) for k in range(T + 1)]
    np.testing.assert_allclose(jacobians.log_norms(J), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("size", [1.7e308, 1e89, 1e-89, 1e-308, 5e-324])
def test_log_norms_of_the_largest_and_smallest_numbers(size):
    J = np.full((3, 2, 2), size)
    # The matrix of ones has the norm 2, and its powers double it each time.
    agree(jacobians.log_norms(J), [k * (np.log(size) + np.log(2)) for k in (3, 2, 1, 0)])


def test_an_exact_zero_has_minus_infinity_as_its_log_norm():
    J = np.array([[[0.0, 10.0], [0.0, 0.0]]] * 2)
    agree(jacobians.log_norms(J)[1:], [np.log(10), 0.0])
    assert jacobians.log_norms(J)[0] == -np.inf


def test_nothing_writes_into_its_arguments():
    rng = np.random.default_rng(0)
    params = rnn.init(3, 4, rng)
    trace = rnn.forward(params, rng.standard_normal((5, 2, 3)))
    J = jacobians.rnn_steps(params, trace, 1)
    (copy, *others) = freeze(J, params, trace)
    jacobians.product(J), jacobians.log_norms(J), jacobians.rnn_steps(params, trace, 1)
    assert (J == copy).all()
    for array, before in zip((*params, *trace), (*others[0], *others[1]), strict=True):
        assert (array == before).all()


# Errors

STACK = [
    (np.zeros((2, 2)), ValueError, "J has shape (2, 2), but needs (T, m, m)"),
    (np.zeros((2, 3, 4)), ValueError, "J has shape (2, 3, 4), but needs (T, m, m)"),
    (np.zeros((0, 2, 3)), ValueError, "J has shape (0, 2, 3), but needs (T, m, m)"),
    (np.zeros((3, 0, 0)), ValueError, "J has shape (3, 0, 0), but needs (T, m, m) with m at least 1"),
    (np.zeros((0, 2, 2), int), TypeError, "J has dtype int64, but needs float64"),
    (np.zeros((3, 2, 2), complex), TypeError, "J has dtype complex128, but needs float64"),
    (np.zeros((3, 2, 2), np.float32), TypeError, "J has dtype float32, but needs float64"),
    (np.full((3, 2, 2), np.inf), ValueError, "J contains inf at index (0, 0, 0), but needs finite numbers"),
    ([np.eye(2)], TypeError, "J is of type list, but needs a NumPy array of float64, (T, m, m)"),
]


@pytest.mark.parametrize("function", [jacobians.product, jacobians.log_norms])
@pytest.mark.parametrize(("J", "kind", "sentence"), STACK, ids=[sentence for _, _, sentence in STACK])
def test_products_refuse_in_one_sentence(J, kind, sentence, function):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        function(J)


STEPS = [
    (dict(n=2), ValueError, "n is 2, but needs a whole number of at least 0 and at most 1"),
    (dict(n=-1), ValueError, "n is -1, but needs a whole number of at least 0 and at most 1"),
    (dict(n=0.0), TypeError, "n is 0.0, but needs a whole number of at least 0 and at most 1"),
    (dict(params=3), TypeError, "params is of type int, but needs rnn.Params(W_x, W_h, b)"),
    (dict(trace=3), TypeError, "trace is of type int, but needs rnn.Trace(x, h, slope)"),
]


@pytest.mark.parametrize(("changes", "kind", "sentence"), STEPS)
def test_rnn_steps_refuses_in_one_sentence(changes, kind, sentence):
    params = rnn.init(3, 4, np.random.default_rng(0))
    trace = rnn.forward(params, np.zeros((5, 2, 3)))
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        jacobians.rnn_steps(**(dict(params=params, trace=trace) | changes))
