"""SymPy's attention against the package's, and against a formula with one route left out."""

import numpy as np
import pytest
import sympy as sp
from problems import agree

from bptt.cells import attention
from bptt.referees import sympy_attention

NUMBERS = np.random.default_rng(0).standard_normal(6)
VALUES = dict(
    zip((*sympy_attention.x, sympy_attention.w_q, sympy_attention.w_k, sympy_attention.w_v), NUMBERS, strict=True)
)


def test_the_output_and_the_formula_are_those_of_the_package():
    params = attention.Params(NUMBERS[3:, None], np.zeros(3))
    trace = attention.forward(params, NUMBERS[:3, None, None])
    a, v, y = sympy_attention.output()
    agree(float(y.subs(VALUES)), trace.y[2, 0, 0])
    parts = dict(zip(sp.symbols("a_1:4 v_1:4 y"), (one.subs(VALUES) for one in (*a, *v, y)), strict=True))
    formulas = [float(sympy_attention.jacobian(s).subs(parts | VALUES)) for s in (1, 2, 3)]
    agree(np.array(formulas), sum(attention.routes(params, trace))[:, 0, 0])


@pytest.mark.parametrize("s", [1, 2, 3])
def test_the_formula_is_the_derivative(s):
    assert sympy_attention.difference(s) == 0


def test_the_difference_can_be_other_than_zero(monkeypatch):
    by_value = sympy_attention.jacobian(1).subs(sympy_attention.w_q, 0)
    monkeypatch.setattr(sympy_attention, "jacobian", lambda s: by_value)
    assert abs(float(sympy_attention.difference(1).subs(VALUES))) > 1e-5
