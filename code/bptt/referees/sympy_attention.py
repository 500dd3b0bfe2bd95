"""The Jacobian of attention by SymPy, for three steps of one number each, given the softmax and nothing else."""

from __future__ import annotations

import sympy as sp

x = sp.symbols("x_1 x_2 x_3", real=True)
w_q, w_k, w_v = sp.symbols("w_q w_k w_v", real=True)


def output():
    """The third step's weights a_1, a_2, a_3, the three values, and the output y = Σ a_s v_s.

    Returns
    -------
    a, v : list of sympy.Expr
    y : sympy.Expr
    """
    scores = [sp.exp(w_q * x[2] * w_k * one) for one in x]
    a, v = [score / sum(scores) for score in scores], [w_v * one for one in x]
    return a, v, sum(a_s * v_s for a_s, v_s in zip(a, v, strict=True))


def jacobian(s):
    """The formula of the page Attention for ∂y/∂x_s of the third step's output y.

    Parameters
    ----------
    s : int
        The step that is changed, 1 to 3.

    Returns
    -------
    sympy.Expr
        In a_1 … a_3, v_1 … v_3, y, the inputs and the weights: by the value, by the key and, at step 3, by the query.
    """
    a, v, y = sp.symbols("a_1:4"), sp.symbols("v_1:4"), sp.Symbol("y")
    by_value = a[s - 1] * w_v
    by_key = a[s - 1] * (v[s - 1] - y) * w_q * x[2] * w_k
    by_query = sum(a[r] * (v[r] - y) * w_k * x[r] * w_q for r in range(3)) if s == 3 else 0
    return by_value + by_key + by_query


def difference(s):
    """What is left of SymPy's derivative of the third output by x_s when the formula is subtracted.

    Parameters
    ----------
    s : int
        1 to 3.

    Returns
    -------
    sympy.Expr

    Examples
    --------
    >>> difference(1)
    0
    """
    a, v, y = output()
    parts = dict(zip(sp.symbols("a_1:4 v_1:4 y"), (*a, *v, y), strict=True))
    return sp.simplify(sp.diff(y, x[s - 1]) - jacobian(s).subs(parts, simultaneous=True))
