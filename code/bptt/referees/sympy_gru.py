"""The one-step Jacobian of a GRU of one unit by SymPy, which is given the step and nothing else."""

from __future__ import annotations

import sympy as sp

h, x_r, x_u, x_g = sp.symbols("h x_r x_u x_g", real=True)
w_r, w_u, w_g, b = sp.symbols("w_r w_u w_g b", real=True)


def step():
    """One step of one unit: the gates r and u, the candidate g, s behind the reset gate, and the new state.

    Returns
    -------
    r, u, g, s, new : sympy.Expr
    """
    r, u = (1 / (1 + sp.exp(-(x + w * h))) for x, w in ((x_r, w_r), (x_u, w_u)))
    s = w_g * h + b
    g = sp.tanh(x_g + r * s)
    return r, u, g, s, u * h + (1 - u) * g


def jacobian():
    """The derivative ∂h_t/∂h_{t-1} as a formula in the gates, as on the page The GRU.

    Returns
    -------
    sympy.Expr
        In the symbols r, u, g, s, h and the weights.
    """
    r, u, g, s = sp.symbols("r u g s", real=True)
    return u + (h - g) * u * (1 - u) * w_u + (1 - u) * (1 - g**2) * (r * w_g + s * r * (1 - r) * w_r)


def difference():
    """What is left of SymPy's derivative of the step when the formula is subtracted.

    Returns
    -------
    sympy.Expr

    Examples
    --------
    >>> difference()
    0
    """
    *parts, new = step()
    formula = jacobian().subs(dict(zip(sp.symbols("r u g s", real=True), parts, strict=True)), simultaneous=True)
    return sp.simplify(sp.diff(new, h) - formula)
