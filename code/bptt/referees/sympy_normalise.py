"""The Jacobian of a layer norm by SymPy, for three entries, given mean and standard deviation and nothing else."""

from __future__ import annotations

import sympy as sp

z = sp.Matrix(sp.symbols("z_1:4", real=True))
eps = sp.Symbol("epsilon", positive=True)


def layer_norm():
    """The three entries without their mean, divided by their standard deviation, and that deviation.

    Returns
    -------
    normal : sympy.Matrix
    scale : sympy.Expr
    """
    mean = sum(z) / 3
    scale = sp.sqrt(sum((one - mean) ** 2 for one in z) / 3 + eps)
    return (z - mean * sp.ones(3, 1)) / scale, scale


def formula():
    """(I - 11ᵀ/3 - x̂x̂ᵀ/3) / σ, as on the page Normalise."""
    normal, scale = layer_norm()
    return (sp.eye(3) - sp.ones(3, 3) / 3 - normal * normal.T / 3) / scale


def difference():
    """What is left of SymPy's Jacobian when the formula is subtracted.

    Examples
    --------
    >>> difference()
    Matrix([
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0]])
    """
    return (layer_norm()[0].jacobian(z) - formula()).applyfunc(sp.simplify)
