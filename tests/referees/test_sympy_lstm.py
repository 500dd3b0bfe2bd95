"""What SymPy derives for the LSTM, against automatic differentiation in torch and against each other."""

import re

import numpy as np
import pytest
import sympy as sp
import torch

from bptt.referees import sympy_lstm

units = pytest.mark.parametrize("m", [1, 2])


def is_zero(difference):
    return difference == 0 * difference


@pytest.mark.parametrize(
    "difference",
    [
        sympy_lstm.factor_difference,
        sympy_lstm.determinant_difference,
        sympy_lstm.cell_difference,
        sympy_lstm.omitted_path_difference,
    ],
    ids=lambda f: f.__name__,
)
@units
def test_formulas_hold(difference, m):
    assert is_zero(difference(m))


def test_the_slope_of_the_sigmoid_is_what_is_told():
    z = sp.Symbol("z")
    logistic = 1 / (1 + sp.exp(-z))
    assert sp.simplify(sp.diff(logistic, z) - logistic * (1 - logistic)) == 0
    sigma = sympy_lstm.sigmoid(z)
    assert sp.diff(sigma, z) == sigma * (1 - sigma)


def cell(m, rng):
    """One LSTM step in torch, state (h, c) to (h, c), its Jacobian, and the value of every symbol of the step."""
    W = {q: torch.tensor(rng.standard_normal((m, m))) for q in "ifco"}
    u = {q: torch.tensor(rng.standard_normal(m)) for q in "ifco"}
    state = torch.tensor(rng.standard_normal(2 * m))

    def gates(h):
        i, f, g, o = (W[q] @ h + u[q] for q in "ifco")
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()

    def step(state):
        h, c = state[:m], state[m:]
        i, f, g, o = gates(h)
        c = f * c + i * g
        return torch.cat([o * c.tanh(), c])

    J = torch.autograd.functional.jacobian(step, state).numpy()
    numbers = dict(zip(["i_t", "f_t", "ctilde_t", "o_t"], gates(state[:m]), strict=True))
    numbers.update({"h_{t-1}": state[:m], "c_{t-1}": state[m:], "c_t": step(state)[m:]})
    values = {}
    for name, column in numbers.items():
        for unit, value in enumerate(column.tolist(), start=1):
            label = name if m == 1 else re.sub(r"_\{?([^}]*)\}?$", rf"_{{\1,{unit}}}", name)
            values[sp.Symbol(label)] = value
    for q, matrix in W.items():
        for (i, j), value in np.ndenumerate(matrix.numpy()):
            values[sp.Symbol(f"w^{q}" if m == 1 else f"w^{q}_{i + 1}{j + 1}")] = float(value)
    return J, values


def evaluate(expression, values):
    M = expression if isinstance(expression, sp.MatrixBase) else sp.Matrix([expression])
    return np.array(M.xreplace({name: sp.Float(value) for name, value in values.items()}), dtype=float)


@units
def test_the_joint_jacobian_is_that_of_torch(m):
    J, values = cell(m, np.random.default_rng(m))
    np.testing.assert_allclose(evaluate(sympy_lstm.joint_jacobian(m), values), J, rtol=1e-12)


@units
def test_carry_and_gates_are_the_lower_half_of_it(m):
    J, values = cell(m, np.random.default_rng(m + 2))
    F, A, _, _ = sympy_lstm.blocks(m)
    np.testing.assert_allclose(evaluate(F, values), J[m:, m:], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(evaluate(A, values), J[m:, :m], rtol=1e-12)


def test_blocks_of_one_unit_are_those_of_the_course():
    F, A, B, R = sympy_lstm.blocks()
    c, f, i, g, o, new = sp.symbols(r"c_{t-1} f_t i_t ctilde_t o_t c_t")
    w = {q: sp.Symbol(f"w^{q}") for q in "ifco"}
    assert F == f
    assert sp.expand(A - c * f * (1 - f) * w["f"] - g * i * (1 - i) * w["i"] - i * (1 - g**2) * w["c"]) == 0
    assert B == sp.tanh(new) * o * (1 - o) * w["o"]
    assert R == o * (1 - sp.tanh(new) ** 2)


@units
def test_the_article_lacks_the_way_through_the_forget_gate(m):
    missing = sympy_lstm.missing_term(m)
    assert not is_zero(missing)
    names = {symbol.name for symbol in missing.free_symbols}
    assert not [name for name in names if name.startswith(("i_", "ctilde", "w^i", "w^c", "w^o"))]
    no_forget_weights = {symbol: 0 for symbol in missing.free_symbols if symbol.name.startswith("w^f")}
    assert is_zero(missing.subs(no_forget_weights))


@units
def test_the_cell_chain_gives_the_output_gate_nothing(m):
    of_c, of_h = sympy_lstm.output_gate_gradient(m)
    assert is_zero(of_c)
    assert not is_zero(of_h)


def test_no_gates_no_way_but_the_carry():
    carry = sympy_lstm.cell_jacobian(1, "forget")
    full = sympy_lstm.cell_jacobian(1)
    assert full != carry
    assert full.subs({sp.Symbol(f"w^{q}"): 0 for q in "ifc"}) == carry


def test_without_output_weights_the_cell_chain_omits_nothing():
    assert sympy_lstm.omitted_path() != 0
    assert sympy_lstm.omitted_path().subs(sp.Symbol("w^o"), 0) == 0


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"^m is 3, but needs a whole number of at least 1 and at most 2$"):
        sympy_lstm.blocks(3)
    with pytest.raises(ValueError, match=r"^terms is 'all', but needs 'full', 'article' or 'forget'$"):
        sympy_lstm.cell_jacobian(1, "all")
