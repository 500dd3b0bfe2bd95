"""What SymPy derives, against the numbers of `bptt.cells.rnn` and against each other."""

import numpy as np
import pytest
from sympy import Float, Matrix, symbols

from bptt.cells import rnn
from bptt.referees import sympy_chain

SMALL = [(1, 1), (3, 1), (4, 1), (1, 2), (2, 2), (3, 2)]


def is_zero(difference):
    return difference == 0 * difference


@pytest.fixture(params=SMALL, ids=lambda size: f"n{size[0]}-m{size[1]}")
def network(request):
    return sympy_chain.unroll(*request.param)


def numbers(network, rng):
    """Random values for every symbol of a network, and the same network as rnn.Params and rnn.Trace."""
    m, n = len(network.names[0]), len(network.copies)
    W_h, x, h0 = rng.standard_normal((m, m)), rng.standard_normal((n, 1, m)), rng.standard_normal((1, m))
    params = rnn.Params(W_x=np.eye(m), W_h=W_h, b=np.zeros(m))
    trace = rnn.forward(params, x, h0)
    values = dict(zip(network.theta, W_h.ravel(), strict=True))
    for names, h in zip(network.names, trace.h[:, 0], strict=True):
        values.update(zip(names, h, strict=True))
    for k, copy in enumerate(network.copies):
        values.update(zip(copy, W_h.ravel(), strict=True))
        values.update(zip(sympy_chain._column("x", k + 1, m), x[k, 0], strict=True))
    return params, trace, values


def evaluate(expression, values):
    M = expression if isinstance(expression, Matrix) else Matrix([expression])
    return np.array(M.xreplace({name: Float(value) for name, value in values.items()}), dtype=float)


def test_the_states_are_those_of_the_rnn(network):
    _, trace, values = numbers(network, np.random.default_rng(0))
    for t, h in enumerate(network.h):
        np.testing.assert_allclose(evaluate(h, values)[:, 0], trace.h[t, 0], rtol=1e-12)


def test_contributions_are_those_of_the_rnn(network):
    params, trace, values = numbers(network, np.random.default_rng(1))
    m = len(network.names[0])
    for unit, dh in enumerate(np.eye(m)):
        grads = rnn.contributions(params, trace, dh[None]).W_h
        for k, grad in enumerate(grads, start=1):
            row = evaluate(sympy_chain.contribution(network, k), values)[unit]
            np.testing.assert_allclose(row, grad.ravel(), rtol=1e-12, atol=1e-15)


def test_contributions_sum_to_the_total_derivative(network):
    assert is_zero(sympy_chain.sum_difference(network))


def test_each_contribution_is_an_ordered_product(network):
    for k in range(1, len(network.copies) + 1):
        assert is_zero(sympy_chain.product_difference(network, k))


def test_immediate_derivative_is_the_contribution_to_its_own_step(network):
    for k in range(1, len(network.copies) + 1):
        assert sympy_chain.immediate_derivative(network, k) == sympy_chain.contribution(network, k, k)


def test_the_order_of_the_product_matters_from_two_units_on():
    assert is_zero(sympy_chain.product_difference(sympy_chain.unroll(3), 1, reverse=True))
    assert not is_zero(sympy_chain.product_difference(sympy_chain.unroll(3, m=2), 1, reverse=True))


def test_a_later_step_contributes_nothing():
    assert sympy_chain.contribution(sympy_chain.unroll(3), 3, n=2) == 0


def test_total_derivatives_count_contribution_l_too_often(network):
    n = len(network.copies)
    assert sympy_chain.overcount(network) == tuple(range(n, 0, -1))


def test_formulas_fit_a_phone():
    network = sympy_chain.unroll(3)
    h_0, h_1, h_2, h_3, w = symbols("h_0:4 w")
    assert sympy_chain.immediate_derivative(network, 3) == h_2 * (1 - h_3**2)
    assert sympy_chain.total_derivative(network, 2) == (1 - h_2**2) * (h_1 + w * (1 - h_1**2) * h_0)
    assert sympy_chain.contribution(network, 2) == (1 - h_3**2) * w * (1 - h_2**2) * h_1


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"^n is 5, but needs a whole number of at least 1 and at most 4$"):
        sympy_chain.unroll(5)
    with pytest.raises(TypeError, match=r"^m is 1\.5, but needs a whole number"):
        sympy_chain.unroll(2, 1.5)
    network = sympy_chain.unroll(2)
    for derive in (sympy_chain.total_derivative, sympy_chain.immediate_derivative, sympy_chain.contribution):
        with pytest.raises(ValueError, match=r"^k is 0, but needs a whole number of at least 1 and at most 2$"):
            derive(network, 0)
    with pytest.raises(TypeError, match=r"^network is of type list, but needs the Network that unroll returns$"):
        sympy_chain.step_jacobian([], 1)
