"""SymPy's layer norm against the package's, and against a formula with one term left out."""

import numpy as np
import sympy as sp
from problems import agree

from bptt.cells import normalise
from bptt.referees import sympy_normalise

NUMBERS = np.random.default_rng(0).standard_normal(3)
VALUES = dict(zip(sympy_normalise.z, NUMBERS, strict=True)) | {sympy_normalise.eps: normalise.EPS}


def test_the_norm_and_the_formula_are_those_of_the_package():
    normal, scale = sympy_normalise.layer_norm()
    agree(np.array(normal.subs(VALUES), dtype=float)[:, 0], normalise.layer_norm(NUMBERS))
    agree(float(scale.subs(VALUES)), normalise.scale(NUMBERS)[0])
    agree(np.array(sympy_normalise.formula().subs(VALUES), dtype=float), normalise.jacobian(NUMBERS), rtol=1e-9)


def test_the_formula_is_the_derivative():
    assert sympy_normalise.difference().is_zero_matrix


def test_the_difference_can_be_other_than_zero(monkeypatch):
    normal, scale = sympy_normalise.layer_norm()
    monkeypatch.setattr(sympy_normalise, "formula", lambda: sp.eye(3) / scale - normal * normal.T / 3 / scale)
    assert abs(float(sympy_normalise.difference()[0, 1].subs(VALUES))) > 1e-3
