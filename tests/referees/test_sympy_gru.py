"""SymPy's GRU against the package's, and against a formula with one sign turned."""

import numpy as np
import sympy as sp
from problems import agree

from bptt.cells import gru
from bptt.referees import sympy_gru


def test_the_step_of_sympy_is_that_of_the_package():
    weights = np.random.default_rng(0).standard_normal(8)
    names = ("x_r", "x_u", "x_g", "w_r", "w_u", "w_g", "b", "h")
    values = {getattr(sympy_gru, name): value for name, value in zip(names, weights, strict=True)}
    params = gru.Params(weights[:3, None], weights[3:6, None], np.zeros(3), np.array([0.0, 0.0, weights[6]]))
    trace = gru.forward(params, np.ones((1, 1, 1)), weights[7:, None])
    agree(float(sympy_gru.step()[-1].subs(values)), trace.h[1, 0, 0])
    parts = {sp.Symbol(name, real=True): getattr(trace, name)[0, 0, 0] for name in "rugs"}
    agree(float(sympy_gru.jacobian().subs(parts | values)), gru.steps(params, trace)[0, 0, 0])


def test_the_formula_is_the_derivative():
    assert sympy_gru.difference() == 0


def test_the_difference_can_be_other_than_zero(monkeypatch):
    formula = sympy_gru.jacobian()
    monkeypatch.setattr(sympy_gru, "jacobian", lambda: formula.subs(sympy_gru.w_r, -sympy_gru.w_r))
    values = dict.fromkeys((sympy_gru.h, sympy_gru.w_r, sympy_gru.w_u, sympy_gru.w_g), 0.5)
    values |= dict.fromkeys((sympy_gru.x_r, sympy_gru.x_u, sympy_gru.x_g, sympy_gru.b), 0.1)
    assert abs(float(sympy_gru.difference().subs(values))) > 1e-3
