"""The derivatives of small networks by SymPy: it is given the recurrence and derives the rest.

Nothing here knows a formula of the course. A function whose name ends in ``_difference`` subtracts what a formula says
from what SymPy derives; where the formula holds the result is zero.

Numerator layout: rows are outputs. A 1 × 1 matrix is returned as the expression in it.
"""

from __future__ import annotations

from typing import NamedTuple

from sympy import Matrix, MatrixBase, Poly, Symbol, expand, eye, linsolve, symbols, tanh, zeros

from bptt.arguments import count


class Network(NamedTuple):
    """A small network, h_t = tanh(W_h h_{t-1} + x_t), unrolled over n steps: m units, θ the m² entries of W_h.

    ``theta`` (m², 1) the parameters that all steps share; ``copies[k-1]`` (m², 1) the copy that step k alone uses;
    ``h[t]`` (m, 1) the states as functions of the copies; ``names[t]`` (m, 1) one symbol for each state.
    """

    theta: Matrix
    copies: tuple
    h: tuple
    names: tuple


def unroll(n, m=1):
    """Write out the states of a small tanh network in which every step has its own copy of the parameters.

    Parameters
    ----------
    n : int
        Number of steps, up to 4.
    m : int
        Number of units, 1 or 2. To keep the formulas short, W_x is the identity and b is zero.

    Returns
    -------
    Network

    Raises
    ------
    TypeError, ValueError
        When a size is no whole number in range.

    Notes
    -----
    Equation (1.1.1), with θ_t in place of θ.

    Examples
    --------
    >>> unroll(2).h[2]
    Matrix([[tanh(w_2*tanh(h_0*w_1 + x_1) + x_2)]])
    """
    n, m = count("n", n, at_most=4), count("m", m, at_most=2)
    names = tuple(_column("h", t, m) for t in range(n + 1))
    copies = tuple(_parameters(m, k) for k in range(1, n + 1))
    h = [names[0]]
    for t, theta in enumerate(copies, start=1):
        h.append(_step(theta, h[-1], t))
    return Network(_parameters(m), copies, tuple(h), names)


def total_derivative(network, k):
    """Total derivative dh_k/dθ: θ is shared, so every step up to k feels a change of it.

    Parameters
    ----------
    network : Network
    k : int
        A step, from 1 to n.

    Returns
    -------
    (m, m²) Matrix

    Raises
    ------
    TypeError, ValueError
        When there is no step `k`.

    Examples
    --------
    >>> total_derivative(unroll(2), 2)
    (1 - h_2**2)*(h_0*w*(1 - h_1**2) + h_1)
    """
    k = _index("k", k, network)
    return _scalar(_named(network, _shared(network, network.h[k]).jacobian(network.theta)))


def immediate_derivative(network, k):
    """Immediate derivative ∂⁺h_k/∂θ: of one step alone, with h_{k-1} held constant.

    Parameters
    ----------
    network, k
        As for `total_derivative`.

    Returns
    -------
    (m, m²) Matrix

    Raises
    ------
    TypeError, ValueError
        When there is no step `k`.

    Examples
    --------
    >>> immediate_derivative(unroll(2), 2)
    h_1*(1 - h_2**2)
    """
    k = _index("k", k, network)
    frozen = network.names[k - 1]
    return _scalar(_named(network, _step(network.theta, frozen, k).jacobian(network.theta)))


def step_jacobian(network, t):
    """One-step Jacobian J_t = ∂h_t/∂h_{t-1}, an (m, m) Matrix.

    Raises
    ------
    TypeError, ValueError
        When there is no step `t`.

    Examples
    --------
    >>> step_jacobian(unroll(2), 2)
    w*(1 - h_2**2)
    """
    t = _index("t", t, network)
    return _scalar(_named(network, _step(network.theta, network.names[t - 1], t).jacobian(network.names[t - 1])))


def contribution(network, k, n=None):
    """Contribution of step k to dh_n/dθ: the derivative ∂h_n/∂θ_k, in which all copies are then set equal.

    Parameters
    ----------
    network : Network
    k : int
        The contributing step, from 1 to n.
    n : int, optional
        The state it contributes to; the last one when left out.

    Returns
    -------
    (m, m²) Matrix
        Zero for k > n.

    Raises
    ------
    TypeError, ValueError
        When there is no step `k` or `n`.

    Examples
    --------
    >>> contribution(unroll(3), 2)
    h_1*w*(1 - h_2**2)*(1 - h_3**2)
    """
    n = _index("n", len(network.copies) if n is None else n, network)
    copy = network.copies[_index("k", k, network) - 1]
    return _scalar(_named(network, _shared(network, network.h[n].jacobian(copy))))


def sum_difference(network):
    """Sum the contributions of all steps and subtract the total derivative dh_n/dθ: zero.

    Notes
    -----
    Equation (1.2.1). The two sides are derived apart: from n copies of θ, and from one shared θ.

    Examples
    --------
    >>> sum_difference(unroll(3))
    0
    """
    n = len(network.copies)
    total = sum((_matrix(contribution(network, k)) for k in _steps(network)), zeros(*_shape(network)))
    return _scalar(expand(total - _matrix(total_derivative(network, n))))


def product_difference(network, k, reverse=False):
    """Subtract J_n J_{n-1} … J_{k+1} ∂⁺h_k/∂θ from the contribution of step k: zero.

    Parameters
    ----------
    network : Network
    k : int
        The contributing step.
    reverse : bool
        Multiply in the wrong order, J_{k+1} … J_n. For m ≥ 2 the difference is then not zero.

    Raises
    ------
    TypeError, ValueError
        When there is no step `k`.

    Notes
    -----
    Equations (1.2.6) and (1.2.8).

    Examples
    --------
    >>> product_difference(unroll(3), 1)
    0
    """
    through = _product(network, k, reverse) * _matrix(immediate_derivative(network, k))
    return _scalar(expand(_matrix(contribution(network, k)) - through))


def with_total_derivatives(network):
    """Sum over the steps with dh_k/dθ where ∂⁺h_k/∂θ belongs: Σ_k J_n … J_{k+1} dh_k/dθ.

    Returns
    -------
    (m, m²) Matrix

    Examples
    --------
    >>> with_total_derivatives(unroll(1))
    h_0*(1 - h_1**2)
    """
    wrong = (_product(network, k) * _matrix(total_derivative(network, k)) for k in _steps(network))
    return _scalar(sum(wrong, zeros(*_shape(network))))


def overcount(network):
    """How often that wrong sum counts the contribution of each step.

    Returns
    -------
    tuple of sympy.Integer
        For l = 1 … n the factor a_l in Σ_k J_n … J_{k+1} dh_k/dθ = Σ_l a_l (contribution of step l): it is n-l+1.

    Notes
    -----
    Equation (1.2.10). The factors are the one solution of the linear equations that comparing coefficients gives.

    Examples
    --------
    >>> overcount(unroll(3))
    (3, 2, 1)
    """
    factors = symbols(f"a_1:{len(network.copies) + 1}")
    difference = _matrix(with_total_derivatives(network))
    for factor, k in zip(factors, _steps(network), strict=True):
        difference -= factor * _matrix(contribution(network, k))
    symbols_used = sorted(difference.free_symbols - set(factors), key=str)
    equations = [c for entry in difference if entry for c in Poly(entry, *symbols_used).coeffs()]
    (solution,) = linsolve(equations, factors)
    return tuple(solution)


def _product(network, k, reverse=False):
    """Ordered product J_n … J_{k+1}, the newest factor on the left; the identity for k = n."""
    P = eye(len(network.names[0]))
    for t in range(k + 1, len(network.copies) + 1):
        J_t = _matrix(step_jacobian(network, t))
        P = P * J_t if reverse else J_t * P
    return P


def _step(theta, h, t):
    """One step of the recurrence; `theta` lists the entries of W_h row by row."""
    return (theta.reshape(len(h), len(h)) * h + _column("x", t, len(h))).applyfunc(tanh)


def _column(name, t, m):
    """Symbols of a vector at step t: ``h_2`` for one unit, ``h_2,1``, ``h_2,2``, … for more."""
    return Matrix([Symbol(f"{name}_{t}" if m == 1 else f"{name}_{t},{i}") for i in range(1, m + 1)])


def _parameters(m, k=None):
    """Symbols of the entries of W_h, row by row: ``w`` or ``w_12``; of the copy of step k: ``w_3`` or ``w_12^(3)``."""
    if m == 1:
        return Matrix([Symbol("w" if k is None else f"w_{k}")])
    cells = [f"{i}{j}" for i in range(1, m + 1) for j in range(1, m + 1)]
    return Matrix([Symbol(f"w_{cell}" if k is None else f"w_{cell}^({k})") for cell in cells])


def _shared(network, expression):
    """Set all copies θ_1 … θ_n to the shared θ."""
    pairs = (zip(copy, network.theta, strict=True) for copy in network.copies)
    return expression.xreplace({old: new for pair in pairs for old, new in pair})


def _named(network, expression):
    """Write ``h_t`` for each tanh(W_h h_{t-1} + x_t), so that a derivative fits on a phone."""
    names = {}
    for t in _steps(network):
        names.update(zip(_shared(network, network.h[t]), network.names[t], strict=True))
        names.update(zip(_step(network.theta, network.names[t - 1], t), network.names[t], strict=True))
    return expression.xreplace(names)


def _steps(network):
    return range(1, len(network.copies) + 1)


def _shape(network):
    """Shape of a derivative of a state by the parameters."""
    return len(network.names[0]), len(network.theta)


def _index(name, value, network):
    """Refuse a step that the network does not have."""
    if not isinstance(network, Network):
        raise TypeError(f"network is of type {type(network).__name__}, but needs the Network that unroll returns")
    return count(name, value, at_most=len(network.copies))


def _scalar(M):
    """Take the expression out of a 1 × 1 matrix; leave any other matrix as it is."""
    return M[0] if M.shape == (1, 1) else M


def _matrix(expression):
    return expression if isinstance(expression, MatrixBase) else Matrix([expression])
