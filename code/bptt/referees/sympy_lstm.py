"""The Jacobians of the LSTM by SymPy: it is given the six equations of the cell and differentiates them.

What is told is the recurrence alone, and that σ' = σ(1 - σ), which its test confirms. A function whose name
ends in ``_difference`` subtracts what a formula says from what SymPy derives; where it holds the result is zero.

Numerator layout; rows are outputs. A 1 × 1 matrix is returned as the expression in it.
"""

from __future__ import annotations

from typing import NamedTuple

from sympy import (
    Add,
    Dummy,
    Expr,
    Function,
    Matrix,
    MatrixBase,
    Symbol,
    diag,
    expand,
    eye,
    factor,
    tanh,
    zeros,
)

from bptt.arguments import count


class sigmoid(Function):
    """The logistic function σ, whose slope is σ(1 - σ)."""

    def fdiff(self, argindex=1):
        """Differentiate by the argument."""
        return self * (1 - self)


class Cell(NamedTuple):
    """Gates and states of one step, columns (m, 1); ``g`` is the candidate."""

    i: Matrix
    f: Matrix
    g: Matrix
    o: Matrix
    c: Matrix
    h: Matrix


class Blocks(NamedTuple):
    """What one step is made of: ``F`` the carry, ``A`` the gates, ``B`` the output gate, ``R`` the read-out.

    F = ∂c_t/∂c_{t-1} and A = ∂c_t/∂h_{t-1}; R = ∂h_t/∂c_t and B = ∂h_t/∂h_{t-1} with the other one held constant.
    """

    F: Matrix
    A: Matrix
    B: Matrix
    R: Matrix


def blocks(m=1):
    """Blocks F, A, B, R of one step of the LSTM.

    Parameters
    ----------
    m : int
        Number of units, 1 or 2.

    Returns
    -------
    Blocks
        Four (m, m) Matrices, written in the gates and states.

    Raises
    ------
    TypeError, ValueError
        When `m` is no whole number in range.

    Notes
    -----
    Equations (4.2.2) to (4.2.4).

    Examples
    --------
    >>> blocks().A
    c_{t-1}*f_t*w^f*(1 - f_t) + ctilde_t*i_t*w^i*(1 - i_t) + i_t*w^c*(1 - ctilde_t**2)
    >>> blocks().R
    o_t*(1 - tanh(c_t)**2)
    """
    return Blocks(*map(_scalar, _blocks(count("m", m, at_most=2), "t", "t-1")))


def joint_jacobian(m=1):
    """Jacobian ∂(h, c)_t/∂(h, c)_{t-1} of the whole state, h first: a (2m, 2m) Matrix.

    Raises
    ------
    TypeError, ValueError
        When `m` is no whole number in range.

    Notes
    -----
    Equation (4.2.5).

    Examples
    --------
    >>> joint_jacobian()[1, 1]
    f_t
    """
    m = count("m", m, at_most=2)
    h, c = _column("h", "t-1", m), _column("c", "t-1", m)
    cell = _step("t", h, c)
    return _named(cell, "t", cell.h.col_join(cell.c).jacobian(h.col_join(c)))


def factor_difference(m=1):
    """Subtract U L from the joint Jacobian: zero. U = (I R; 0 I) and L = (B 0; A F).

    Notes
    -----
    Equation (4.2.6).

    Examples
    --------
    >>> factor_difference()
    Matrix([
    [0, 0],
    [0, 0]])
    """
    F, A, B, R = _blocks(count("m", m, at_most=2), "t", "t-1")
    I, zero = eye(m), zeros(m, m)
    U, L = Matrix([[I, R], [zero, I]]), Matrix([[B, zero], [A, F]])
    return _expand(joint_jacobian(m) - U * L)


def determinant_difference(m=1):
    """Subtract det B times the product of the forget gates from det J: zero.

    Notes
    -----
    Equation (4.2.7).

    Examples
    --------
    >>> determinant_difference()
    0
    """
    m = count("m", m, at_most=2)
    B, forget = _blocks(m, "t", "t-1").B, _column("f", "t", m)
    return _expand(_det(joint_jacobian(m)) - _det(B) * _det(diag(*forget)))


def cell_jacobian(m=1, terms="full"):
    """Jacobian ∂c_t/∂c_{t-1} of the cell state alone, where h_{t-1} = o_{t-1} ⊙ tanh(c_{t-1}) and o_{t-1} is constant.

    Parameters
    ----------
    m : int
        Number of units, 1 or 2.
    terms : {"full", "article", "forget"}
        All that SymPy derives; diag(f_t) + ∂(i_t ⊙ c̃_t)/∂c_{t-1}, as the article has it; diag(f_t) alone.

    Returns
    -------
    (m, m) Matrix

    Raises
    ------
    TypeError, ValueError
        When `m` is no whole number in range, or `terms` is none of these.

    Notes
    -----
    Equation (4.1.3).

    Examples
    --------
    >>> cell_jacobian(terms="forget")
    f_t
    """
    if terms not in ("full", "article", "forget"):
        raise ValueError(f"terms is {terms!r}, but needs 'full', 'article' or 'forget'")
    m = count("m", m, at_most=2)
    c = _column("c", "t-1", m)
    cell = _step("t", _read(_column("o", "t-1", m), c), c)
    if terms == "full":
        J = cell.c.jacobian(c)
    else:
        J = diag(*cell.f) + (_times(cell.i, cell.g).jacobian(c) if terms == "article" else zeros(m, m))
    return _scalar(_named(cell, "t", J))


def missing_term(m=1):
    """What the article's ∂c_t/∂c_{t-1} lacks: the way through the forget gate, diag(c_{t-1}) ∂f_t/∂c_{t-1}.

    Examples
    --------
    >>> missing_term()
    c_{t-1}*f_t*o_{t-1}*w^f*(1 - f_t)*(1 - tanh(c_{t-1})**2)
    """
    return cell_jacobian(m) - cell_jacobian(m, "article")


def cell_difference(m=1):
    """Subtract F_t + A_t R_{t-1} from the full ∂c_t/∂c_{t-1}: zero.

    Examples
    --------
    >>> cell_difference()
    0
    """
    m = count("m", m, at_most=2)
    F, A, _, _ = _blocks(m, "t", "t-1")
    return _scalar(_expand(_matrix(cell_jacobian(m)) - F - A * _blocks(m, "t-1", "t-2").R))


def output_gate_gradient(m=1):
    """Immediate derivatives of c_t and of h_t by the output gate's recurrent weights W_h^(o).

    Returns
    -------
    of_c, of_h : (m, m²) Matrix
        The first is zero: a gradient that runs through the cell states alone gives the output gate nothing.

    Raises
    ------
    TypeError, ValueError
        When `m` is no whole number in range.

    Examples
    --------
    >>> output_gate_gradient()
    (0, h_{t-1}*o_t*(1 - o_t)*tanh(c_t))
    """
    m = count("m", m, at_most=2)
    cell = _step("t", _column("h", "t-1", m), _column("c", "t-1", m))
    W_o = _weights("o", m).reshape(m * m, 1)
    return tuple(_scalar(_named(cell, "t", part.jacobian(W_o))) for part in (cell.c, cell.h))


def omitted_path(m=1):
    """First path that a product of cell Jacobians omits: dc_3/dc_1 - G_3 G_2, with G_t = F_t + A_t R_{t-1}.

    Returns
    -------
    (m, m) Matrix
        For one unit in factors, to be read as A_3 · B_2 · R_1.

    Raises
    ------
    TypeError, ValueError
        When `m` is no whole number in range.

    Notes
    -----
    Equation (4.1.4). SymPy differentiates c_3 as a function of c_1 through both steps; o_1 is held constant.
    """
    m = count("m", m, at_most=2)
    return _scalar(_expand(_omitted(m), factor if m == 1 else expand))


def omitted_path_difference(m=1):
    """Subtract A_3 B_2 R_1 from that omitted path: zero.

    Examples
    --------
    >>> omitted_path_difference()
    0
    """
    m = count("m", m, at_most=2)
    A, B, R = _blocks(m, 3, 2).A, _blocks(m, 2, 1).B, _blocks(m, 1, 0).R
    return _scalar(_expand(_omitted(m) - A * B * R))


def _omitted(m):
    """Differentiate c_3 by c_1 through both steps, and subtract G_3 G_2."""
    c_1 = _column("c", 1, m)
    second = _step(2, _read(_column("o", 1, m), c_1), c_1)
    third = _step(3, second.h, second.c)
    total = _named(second, 2, _named(third, 3, third.c.jacobian(c_1)))
    return total - _G(m, 3) * _G(m, 2)


def _G(m, t):
    """Jacobian F_t + A_t R_{t-1} of the cell state alone."""
    return _blocks(m, t, t - 1).F + _blocks(m, t, t - 1).A * _blocks(m, t - 1, t - 2).R


def _blocks(m, t, before):
    """Derive the blocks of step t, always as matrices."""
    h, c = _column("h", before, m), _column("c", before, m)
    cell = _step(t, h, c)
    name = _column("c", t, m)
    read = _read(cell.o, name)  # h_t with c_t held constant, or varied alone
    derivatives = cell.c.jacobian(c), cell.c.jacobian(h), read.jacobian(h), read.jacobian(name)
    return Blocks(*(_named(cell, t, J) for J in derivatives))


def _step(t, h, c):
    """Six equations of the LSTM; W_x x_t + b is one symbol u for each gate and unit."""
    m = len(h)
    i, f, g, o = (_weights(q, m) * h + _column(f"u^{q}", t, m) for q in "ifco")
    i, f, o = (z.applyfunc(sigmoid) for z in (i, f, o))
    g = g.applyfunc(tanh)
    c = _times(f, c) + _times(i, g)
    return Cell(i, f, g, o, c, _read(o, c))


def _read(o, c):
    return _times(o, c.applyfunc(tanh))


def _times(a, b):
    return a.multiply_elementwise(b)


def _named(cell, t, expression):
    """Write ``f_t`` for the forget gate of step t, and so on, so that a derivative fits on a phone."""
    names = {}
    for part, name in zip(cell, ["i", "f", "ctilde", "o"], strict=False):
        names.update(zip(part, _column(name, t, len(part)), strict=True))
    states = dict(zip((c.xreplace(names) for c in cell.c), _column("c", t, len(cell.c)), strict=True))
    return expression.xreplace(names).xreplace(states)


def _det(M):
    """Determinant of a matrix of symbols, in which the entries are then put: SymPy does not stop to simplify."""
    entries = Matrix(*M.shape, lambda i, j: Dummy())
    return entries.det(method="laplace").xreplace(dict(zip(entries, M, strict=True)))


def _expand(expression, arrange=expand):
    """Expand, or factor, with each slope 1 - x taken for one symbol: the same result, a hundred times sooner."""
    slopes = {add: Dummy() for add in expression.atoms(Add) if len(add.args) == 2 and add.args[0] == 1}
    short = expression.xreplace(slopes).expand()
    arranged = short.applyfunc(arrange) if isinstance(short, MatrixBase) else arrange(short)
    return arranged.xreplace({dummy: add for add, dummy in slopes.items()})


def _column(name, t, m):
    """Symbols of a vector at step t: ``h_t`` or ``h_{t-1}`` for one unit, ``h_{t,1}``, ``h_{t,2}`` for two."""
    subscripts = [f"{t}"] if m == 1 else [f"{t},{unit}" for unit in range(1, m + 1)]
    return Matrix([Symbol(f"{name}_{sub}" if len(sub) == 1 else f"{name}_{{{sub}}}") for sub in subscripts])


def _weights(q, m):
    """Symbols of W_h^(q): ``w^f`` for one unit, ``w^f_12`` and so on for two."""
    return Matrix(m, m, lambda i, j: Symbol(f"w^{q}" if m == 1 else f"w^{q}_{i + 1}{j + 1}"))


def _scalar(M):
    """Take the expression out of a 1 × 1 matrix; leave any other matrix as it is."""
    return M[0] if M.shape == (1, 1) else M


def _matrix(expression):
    return Matrix([expression]) if isinstance(expression, Expr) else expression
