"""The one-step Jacobian of the RNN by SymPy, for a given number of units and for every number at once.

SymPy is given h_t = a(z_t) with z_t = W_h h_{t-1} + W_x x_t + b, and differentiates by h_{t-1}. Numerator layout.
"""

from __future__ import annotations

from typing import NamedTuple

import sympy as sp
from sympy import IndexedBase, Matrix, Q, Sum, Symbol

from bptt.arguments import count
from bptt.cells.activations import TANH, Activation

Z = Symbol("z", real=True)

VALUE = {
    "tanh": sp.tanh,
    "sigmoid": lambda z: 1 / (1 + sp.exp(-z)),
    "relu": lambda z: sp.Max(z, 0),
    "identity": lambda z: z,
    "gelu": lambda z: z * (1 + sp.erf(z / sp.sqrt(2))) / 2,
    "silu": lambda z: z / (1 + sp.exp(-z)),
}


class Entry(NamedTuple):
    """One entry of the Jacobian for any number of units m, on its way from the sum to the result.

    ``state`` h_{t,i} as a function of h_{t-1}; ``derivative`` by h_{t-1,j}, with the Kronecker delta under the sum;
    ``result`` the same with the sum carried out and a'(z_i) written short.
    """

    state: sp.Expr
    derivative: sp.Expr
    result: sp.Expr


class Bound(NamedTuple):
    """Where the slope of an activation is largest in size, and γ = |a'(z)| there. ``z`` is infinite for a limit."""

    z: sp.Expr
    gamma: sp.Expr


def preactivation(m, D=1):
    """Write out z_t = W_h h_{t-1} + W_x x_t + b.

    Parameters
    ----------
    m : int
        Number of units, up to 4.
    D : int
        Number of inputs, up to 4.

    Returns
    -------
    (m, 1) Matrix

    Raises
    ------
    TypeError, ValueError
        When a size is no whole number in range.

    Examples
    --------
    >>> preactivation(2)
    Matrix([
    [b_1 + h_1*w_11 + h_2*w_12 + w^x_11*x_1],
    [b_2 + h_1*w_21 + h_2*w_22 + w^x_21*x_1]])
    """
    m, D = count("m", m, at_most=4), count("D", D, at_most=4)
    return weights(m) * _vector("h", m) + _table("w^x", m, D) * _vector("x", D) + _vector("b", m)


def weights(m):
    """Write out W_h, an (m, m) Matrix of symbols."""
    return _table("w", m, m)


def preactivation_jacobian(m, D=1):
    """Jacobian of the pre-activation by the state before, ∂z_t/∂h_{t-1}: it is W_h, an (m, m) Matrix.

    Examples
    --------
    >>> preactivation_jacobian(2)
    Matrix([
    [w_11, w_12],
    [w_21, w_22]])
    """
    return preactivation(m, D).jacobian(_vector("h", m))


def activation_jacobian(m, activation=TANH):
    """Jacobian of an activation that acts on each element: ∂a(z)/∂z.

    Parameters
    ----------
    m : int
        Number of units, up to 4.
    activation : Activation
        One of those in `bptt.cells.activations`.

    Returns
    -------
    (m, m) Matrix
        Diagonal.

    Raises
    ------
    TypeError, ValueError
        When `m` is no whole number in range, or `activation` is none.

    Notes
    -----
    Equations (2.1.10) and (2.1.11).

    Examples
    --------
    >>> activation_jacobian(2)
    Matrix([
    [1 - tanh(z_1)**2,                0],
    [               0, 1 - tanh(z_2)**2]])
    """
    z = _vector("z", count("m", m, at_most=4))
    return z.applyfunc(_value(activation)).jacobian(z)


def jacobian(m, D=1, activation=TANH, write="z"):
    """One-step Jacobian ∂h_t/∂h_{t-1}, entry by entry.

    Parameters
    ----------
    m, D : int
        Number of units and of inputs, up to 4.
    activation : Activation
        One of those in `bptt.cells.activations`.
    write : {"full", "z", "slope"}
        Leave z_t written out, write z_i for it, or even d_i for a'(z_i), which fits four units on a phone.

    Returns
    -------
    (m, m) Matrix

    Raises
    ------
    TypeError, ValueError
        When an argument is out of range.

    Notes
    -----
    Equation (2.1.3).

    Examples
    --------
    >>> jacobian(2)
    Matrix([
    [w_11*(1 - tanh(z_1)**2), w_12*(1 - tanh(z_1)**2)],
    [w_21*(1 - tanh(z_2)**2), w_22*(1 - tanh(z_2)**2)]])
    >>> jacobian(2, write="slope")
    Matrix([
    [d_1*w_11, d_1*w_12],
    [d_2*w_21, d_2*w_22]])
    """
    if write not in ("full", "z", "slope"):
        raise ValueError(f"write is {write!r}, but needs 'full', 'z' or 'slope'")
    a, full = _value(activation), preactivation(m, D)
    J = full.applyfunc(a).jacobian(_vector("h", m))
    if write == "full":
        return J
    z, d = _vector("z", m), _vector("d", m)
    J = J.subs({b_i: z_i - (full_i - b_i) for b_i, z_i, full_i in zip(_vector("b", m), z, full, strict=True)})
    slopes = {sp.diff(a(z_i), z_i): d_i for z_i, d_i in zip(z, d, strict=True)}
    return J.xreplace(slopes) if write == "slope" else J


def jacobian_difference(m, D=1, activation=TANH):
    """Subtract diag(a'(z_t)) W_h from the one-step Jacobian that SymPy derives: zero.

    Examples
    --------
    >>> jacobian_difference(2)
    Matrix([
    [0, 0],
    [0, 0]])
    """
    a = _value(activation)
    slopes = [sp.diff(a(z), z) for z in _vector("z", count("m", m, at_most=4))]
    return (jacobian(m, D, activation) - sp.diag(*slopes) * weights(m)).applyfunc(sp.expand)


def entry(activation=TANH):
    """Entry i, j of ∂h_t/∂h_{t-1} for any number of units m, from a sum of which the delta leaves one term.

    Returns
    -------
    Entry

    Raises
    ------
    TypeError
        When `activation` is none.

    Notes
    -----
    Equation (2.1.2). Indices run from 1 to m. What W_x and b add to z_i does not depend on h_{t-1}: it is u_i.

    Examples
    --------
    >>> entry().derivative
    (1 - tanh(u[i] + Sum(W_h[i, k]*h[k], (k, 1, m)))**2)*Sum(KroneckerDelta(j, k)*W_h[i, k], (k, 1, m))
    >>> entry().result
    (1 - tanh(z[i])**2)*W_h[i, j]
    """
    i, j, k, m = sp.symbols("i j k m", integer=True)
    W_h, h, u, z = map(IndexedBase, ("W_h", "h", "u", "z"))
    recurrent = Sum(W_h[i, k] * h[k], (k, 1, m))
    state = _value(activation)(recurrent + u[i])
    derivative = sp.diff(state, h[j])
    short = derivative.subs(u[i], z[i] - recurrent)
    return Entry(state, derivative, sp.refine(short.doit(), Q.ge(j, 1) & Q.le(j, m)))


def slope(activation):
    """Slope a'(z) of an activation.

    Examples
    --------
    >>> slope(TANH)
    1 - tanh(z)**2
    """
    return sp.diff(_value(activation)(Z), Z)


def slope_bound(activation):
    """Largest size of the slope of an activation over all real z, and where it lies.

    Parameters
    ----------
    activation : Activation
        One of those in `bptt.cells.activations`.

    Returns
    -------
    Bound
        Exact where SymPy solves a''(z) = 0, to 15 digits where it cannot (SiLU).

    Raises
    ------
    TypeError
        When `activation` is none.

    Notes
    -----
    Equation (2.1.6). The largest of |a'| at the zeros of a'' and in the two limits z → ±∞.

    Examples
    --------
    >>> from bptt.cells.activations import GELU, SIGMOID
    >>> slope_bound(SIGMOID)
    Bound(z=0, gamma=1/4)
    >>> slope_bound(GELU)
    Bound(z=sqrt(2), gamma=exp(-1)/sqrt(pi) + erf(1)/2 + 1/2)
    """
    da = slope(activation)
    candidates = {z: sp.Abs(da.subs(Z, z)) for z in _zeros(sp.simplify(sp.diff(da, Z)))}
    in_exp = sp.simplify(da.rewrite(sp.exp))
    candidates.update({end: sp.Abs(sp.limit(in_exp, Z, end)) for end in (sp.oo, -sp.oo)})
    return Bound(*max(candidates.items(), key=lambda at: (float(at[1]), at[0])))


def _zeros(curvature):
    """Isolated zeros of a''; of SiLU's, which is even in z, the one above 0 by Newton's method from z = 2."""
    zeros = sp.solveset(curvature, Z, sp.Reals)
    if isinstance(zeros, sp.ConditionSet):
        return [sp.nsolve(curvature, 2), sp.nsolve(curvature, -2)]
    return list(zeros) if isinstance(zeros, sp.FiniteSet) else []


def _value(activation):
    if not isinstance(activation, Activation):
        raise TypeError(f"activation is {activation!r}, but needs an Activation, such as bptt.cells.activations.TANH")
    return VALUE[activation.name]


def _vector(name, m):
    return Matrix([Symbol(f"{name}_{i}") for i in range(1, m + 1)])


def _table(name, m, n):
    return Matrix(m, n, lambda i, j: Symbol(f"{name}_{i + 1}{j + 1}"))
