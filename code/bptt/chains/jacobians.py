"""One-step Jacobians of every cell, their ordered products, and the norm of a product on a log scale.

Numerator layout: rows are outputs. The newest factor stands on the left::

    ∂h_n/∂h_k = J_n J_{n-1} … J_{k+1},     J_t = D_t W_h,   D_t = diag(a'(z_t))

The state of the LSTM is (h, c), and the change of it splits into four blocks. R_t is ∂h_t/∂c_t at a given o_t, the
slope of the read-out; F_t is ∂c_t/∂c_{t-1}; A_t is ∂c_t/∂h_{t-1}, through the gates i, f and g; B_t is ∂h_t/∂h_{t-1}
through the gate o::

    J_t = [ B_t + R_t A_t   R_t F_t ] = [ I  R_t ] [ B_t   0  ]
          [      A_t          F_t   ]   [ 0   I  ] [ A_t  F_t ]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import choice, count, float_array
from bptt.cells import lstm
from bptt.cells.gru import steps as gru_steps
from bptt.cells.lstm import steps as lstm_steps
from bptt.cells.rnn import steps as rnn_steps
from bptt.growth.binary_scale import exponents
from bptt.growth.spectra import sigma_max

__all__ = ["Blocks", "cell_steps", "gru_steps", "log_norms", "lstm_blocks", "lstm_steps", "product", "rnn_steps"]


class Blocks(NamedTuple):
    """What one step of the cell does to a small change, for every step along the trajectory of one sample.

    ``R`` (T+1, H) and ``F`` (T, H), the diagonals of R_t and F_t, with ``R[0]`` = 0 since h_0 does not depend on c_0;
    ``A_i``, ``A_f``, ``A_g`` and ``B`` (T, H, H): the ways of h_{t-1} to c_t through each gate, and to h_t through o_t.
    """

    R: np.ndarray
    F: np.ndarray
    A_i: np.ndarray
    A_f: np.ndarray
    A_g: np.ndarray
    B: np.ndarray

    @property
    def A(self):
        """All ways of h_{t-1} to c_t, (T, H, H)."""
        return self.A_i + self.A_f + self.A_g


def lstm_blocks(params, trace, n=0):
    """Blocks of the one-step Jacobians of the LSTM along the trajectory of one sample.

    Parameters
    ----------
    params : lstm.Params
    trace : lstm.Trace
    n : int
        Which sample of the batch.

    Returns
    -------
    Blocks

    Notes
    -----
    Page 4.1, The joint Jacobian.
    """
    lstm.check_trace(params, trace)
    n = count("n", n, at_least=0, at_most=trace.f.shape[1] - 1)
    _, _, c, i, f, g, o = (part[:, n] for part in trace)
    *by_gate, R = lstm.slopes(i, f, g, o, c[:-1], c[1:])
    by_h = (slope[:, :, None] * W for slope, W in zip(by_gate, np.split(params.W_h, 4), strict=True))
    return Blocks(np.concatenate([np.zeros_like(R[:1]), R]), f.copy(), *by_h)


def cell_steps(params, trace, n=0, terms="full"):
    """One-step Jacobians ∂c_t/∂c_{t-1} of the cell alone, at a given o_{t-1}: a chain that leaves out the other wire.

    Parameters
    ----------
    params, trace, n
        As for `lstm_blocks`.
    terms : str
        ``"forget"`` for diag(f_t) alone; ``"article"`` with ∂(i ⊙ g)/∂c, as the article prints it; ``"full"`` with
        ∂f/∂c too.

    Returns
    -------
    (T, H, H) array
        ``J[t]`` = ∂c_{t+1}/∂c_t. The first is diag(f_1), since h_0 does not depend on c_0.

    Notes
    -----
    Page 4.2, What a chain of cell states leaves out. The product of the full ones is dc_n/dc_k where the output gate
    does not see h, and that of diag(f_t) where only the output gate does.

    Examples
    --------
    >>> params = lstm.Params(W_x=np.zeros((4, 1)), W_h=np.zeros((4, 1)), b=np.zeros(4))
    >>> cell_steps(params, lstm.forward(params, np.zeros((2, 1, 1))))[:, 0, 0]
    array([0.5, 0.5])
    """
    ways = {"forget": (), "article": ("A_i", "A_g"), "full": ("A_i", "A_f", "A_g")}
    choice("terms", terms, ways)
    blocks = lstm_blocks(params, trace, n)
    J = blocks.F[:, :, None] * np.eye(blocks.F.shape[1])
    for way in ways[terms]:
        J += getattr(blocks, way) * blocks.R[:-1, None, :]
    return J


def product(J):
    """Ordered product ``J[-1] @ … @ J[0]``, the newest factor on the left; the identity when there is none.

    Parameters
    ----------
    J : (T, m, m) array
        T may be 0.

    Returns
    -------
    (m, m) array

    Notes
    -----
    Equation (1.2.6). May under- or overflow for long sequences; `log_norms` does not.

    Examples
    --------
    >>> J = np.array([[[0.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]]])
    >>> product(J)
    array([[0., 0.],
           [0., 1.]])
    >>> product(J[:0])
    array([[1., 0.],
           [0., 1.]])
    """
    _check_stack(J)
    P = np.eye(J.shape[1])
    for J_t in J:
        P = J_t @ P
    return P


def log_norms(J):
    """How much of a small change at each step reaches the last one, on a log scale.

    Parameters
    ----------
    J : (T, m, m) array
        One-step Jacobians, oldest first.

    Returns
    -------
    (T+1,) array
        ln‖J[T-1] … J[k]‖₂ for k = 0 … T, in nats; the last entry is ln‖I‖ = 0. An exact zero gives -inf.

    Notes
    -----
    Where numbers become very large or small, they are divided by powers of two, which is exact, and the exponents are
    summed as whole numbers: right where the product itself under- or overflows, tested to T = 10,000 at rates of e^±1 a
    step.

    Examples
    --------
    >>> log_norms(np.full((3, 1, 1), 0.5)).round(3)
    array([-2.079, -1.386, -0.693,  0.   ])
    """
    _check_stack(J)
    T, m, _ = J.shape
    J, exponent_of_J = _tame(J)
    P, exponent = np.empty((T + 1, m, m)), np.zeros(T + 1, dtype=int)
    P[T] = np.eye(m)
    for k in reversed(range(T)):
        np.matmul(P[k + 1], J[k], out=P[k])
        exponent[k] = exponent[k + 1] + exponent_of_J[k]
        if not 2.0**-200 < np.vdot(P[k], P[k]) < 2.0**200:
            e = exponents(P[k])
            P[k] = np.ldexp(P[k], -e)
            exponent[k] += e
    with np.errstate(divide="ignore"):
        return np.log(sigma_max(P)) + exponent * np.log(2.0)


def _tame(J):
    """J_k / 2^e_k without very large or small entries, and e; most of the time all e_k are 0."""
    e = exponents(J, axis=(1, 2))
    e[np.abs(e) < 300] = 0
    return (np.ldexp(J, -e[:, None, None]) if e.any() else J), e


def _check_stack(J):
    """Refuse what is no stack of square matrices; none at all is a stack too."""
    array = type(J) is np.ndarray and J.dtype == np.float64 and J.ndim == 3
    if not (array and 0 == len(J) < J.shape[1] == J.shape[2]):
        float_array("J", J, "T m m")
