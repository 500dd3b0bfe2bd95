"""The one-step Jacobian that SymPy derives, against the numbers of `bptt.chains.jacobians` and `bptt.cells.activations`."""

import numpy as np
import pytest
import sympy as sp

from bptt.cells import rnn
from bptt.cells.activations import ALL, GELU, IDENTITY, RELU, SIGMOID, SILU, TANH
from bptt.chains import jacobians
from bptt.referees import sympy_rnn

by_name = pytest.mark.parametrize("activation", ALL, ids=lambda a: a.name)


@by_name
@pytest.mark.parametrize("m", [2, 3, 4])
def test_the_jacobian_is_diag_slope_times_W_h(m, activation):
    assert sympy_rnn.jacobian_difference(m, D=2, activation=activation) == sp.zeros(m, m)


@by_name
def test_for_every_number_of_units_too(activation):
    i, j = sp.symbols("i j", integer=True)
    z, W_h = sp.IndexedBase("z"), sp.IndexedBase("W_h")
    slope = sympy_rnn.slope(activation).subs(sympy_rnn.Z, z[i])
    entry = sympy_rnn.entry(activation)
    assert sp.expand(entry.result - slope * W_h[i, j]) == 0
    assert entry.derivative.has(sp.KroneckerDelta, sp.Sum)
    assert not entry.result.has(sp.KroneckerDelta, sp.Sum, sp.Piecewise)


@pytest.mark.parametrize(("m", "D"), [(2, 1), (3, 2), (4, 4)])
def test_the_numbers_are_those_of_rnn_steps(m, D):
    rng = np.random.default_rng(m)
    params = rnn.init(D, m, rng)
    params = params._replace(b=rng.standard_normal(m))
    x, h0 = rng.standard_normal((1, 1, D)), rng.standard_normal((1, m))
    values = {"x": x[0, 0], "h": h0[0], "b": params.b}
    values = {f"{name}_{i + 1}": v for name, row in values.items() for i, v in enumerate(row)}
    for name, W in [("w", params.W_h), ("w^x", params.W_x)]:
        values.update({f"{name}_{i + 1}{j + 1}": v for (i, j), v in np.ndenumerate(W)})
    J = sympy_rnn.jacobian(m, D, write="full")
    J = J.xreplace({sp.Symbol(name): sp.Float(value) for name, value in values.items()})
    expected = jacobians.rnn_steps(params, rnn.forward(params, x, h0))[0]
    np.testing.assert_allclose(np.array(J, dtype=float), expected, rtol=1e-12)


def test_two_factors_of_the_chain_rule():
    assert sympy_rnn.preactivation_jacobian(3, D=2) == sympy_rnn.weights(3)
    D_t = sympy_rnn.activation_jacobian(3)
    assert D_t.is_diagonal()
    assert D_t * sympy_rnn.weights(3) == sympy_rnn.jacobian(3)


def test_four_units_fit_a_phone():
    J = sympy_rnn.jacobian(4, write="slope")
    d, W_h = sp.symbols("d_1:5"), sympy_rnn.weights(4)
    assert J == sp.diag(*d) * W_h


@by_name
def test_slopes_and_bounds_are_those_of_the_package(activation):
    bound = sympy_rnn.slope_bound(activation)
    assert float(bound.gamma) == pytest.approx(activation.gamma, rel=1e-14)
    z = np.linspace(-6.0, 6.0, 41)[1::2]  # misses 0, where ReLU has no slope
    slope = sp.lambdify(sympy_rnn.Z, sympy_rnn.slope(activation), ["scipy", "numpy"])
    expected = activation.slope(z, activation.value(z))
    # atol: SymPy writes GELU's Φ(z) as (1 + erf)/2, which loses the digits of a small Φ
    np.testing.assert_allclose(np.broadcast_to(slope(z), z.shape), expected, rtol=1e-12, atol=1e-15)


def test_bounds_are_exact_where_they_can_be():
    assert sympy_rnn.slope_bound(TANH) == (0, 1)
    assert sympy_rnn.slope_bound(SIGMOID) == (0, sp.Rational(1, 4))
    assert sympy_rnn.slope_bound(RELU) == (sp.oo, 1)
    assert sympy_rnn.slope_bound(IDENTITY) == (sp.oo, 1)
    z, gamma = sympy_rnn.slope_bound(GELU)
    assert z == sp.sqrt(2)
    assert gamma == (1 + sp.erf(1)) / 2 + sp.exp(-1) / sp.sqrt(sp.pi)


def test_silu_is_steepest_where_z_tanh_half_z_is_two():
    z = sympy_rnn.Z
    ratio = sp.diff(sympy_rnn.slope(SILU), z) / sympy_rnn.slope(SIGMOID)
    assert sp.simplify((ratio - (2 - z * sp.tanh(z / 2))).rewrite(sp.exp)) == 0
    z = float(sympy_rnn.slope_bound(SILU).z)
    assert z * np.tanh(z / 2) == pytest.approx(2.0, rel=1e-13)


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"^m is 5, but needs a whole number of at least 1 and at most 4$"):
        sympy_rnn.jacobian(5)
    with pytest.raises(ValueError, match=r"^D is 0, but needs a whole number of at least 1 and at most 4$"):
        sympy_rnn.preactivation(2, D=0)
    with pytest.raises(ValueError, match=r"^write is 'short', but needs 'full', 'z' or 'slope'$"):
        sympy_rnn.jacobian(2, write="short")
    with pytest.raises(TypeError, match=r"^activation is 'tanh', but needs an Activation"):
        sympy_rnn.slope_bound("tanh")
