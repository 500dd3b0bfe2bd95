"""One-step Jacobians, their ordered products, and the norm of a product on a log scale.

Numerator layout: rows are outputs. The newest factor stands on the left::

    ∂h_n/∂h_k = J_n J_{n-1} … J_{k+1},     J_t = D_t W_h,   D_t = diag(a'(z_t))
"""

from __future__ import annotations

import numpy as np

from bptt import rnn
from bptt.arguments import count, float_array
from bptt.gru import steps as gru_steps
from bptt.jacobians_lstm import cell_steps, lstm_blocks, lstm_steps
from bptt.spectra import sigma_max

__all__ = ["cell_steps", "gru_steps", "log_norms", "lstm_blocks", "lstm_steps", "product", "rnn_steps"]


def rnn_steps(params, trace, n=0):
    """One-step Jacobians of the vanilla RNN along the trajectory of one sample.

    Parameters
    ----------
    params : rnn.Params
    trace : rnn.Trace
    n : int
        Which sample of the batch.

    Returns
    -------
    (T, H, H) array
        ``J[t]`` = ∂h_{t+1}/∂h_t = diag(a'(z_{t+1})) W_h.

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or there is no sample `n`.

    Notes
    -----
    Equation (2.1.4).

    Examples
    --------
    >>> params = rnn.Params(W_x=np.eye(2), W_h=np.array([[0.0, 1.0], [2.0, 0.0]]), b=np.zeros(2))
    >>> rnn_steps(params, rnn.forward(params, np.zeros((1, 1, 2))))
    array([[[0., 1.],
            [2., 0.]]])
    """
    rnn.check_trace(params, trace)
    n = count("n", n, at_least=0, at_most=trace.slope.shape[1] - 1)
    return trace.slope[:, n, :, None] * params.W_h


def product(J):
    """Ordered product ``J[-1] @ … @ J[0]``, the newest factor on the left; the identity when there is none.

    Parameters
    ----------
    J : (T, m, m) array
        T may be 0.

    Returns
    -------
    (m, m) array

    Raises
    ------
    TypeError, ValueError
        When `J` is no stack of square matrices of finite float64.

    Notes
    -----
    Equation (1.2.3). May under- or overflow for long sequences; `log_norms` does not.

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

    Raises
    ------
    TypeError, ValueError
        When `J` is no stack of square matrices of finite float64.

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
            P[k], e = _scaled(P[k])
            exponent[k] += e
    with np.errstate(divide="ignore"):
        return np.log(sigma_max(P)) + exponent * np.log(2.0)


def _tame(J):
    """J_k / 2^e_k without very large or small entries, and e; most of the time all e_k are 0."""
    _, e = np.frexp(np.abs(J).max(axis=(1, 2)))
    e[np.abs(e) < 300] = 0
    return (np.ldexp(J, -e[:, None, None]) if e.any() else J), e


def _scaled(A):
    """A / 2^e with its largest entry between 1/2 and 1, and e."""
    _, e = np.frexp(np.abs(A).max())
    return np.ldexp(A, -e), e


def _check_stack(J):
    """Refuse what is no stack of square matrices; none at all is a stack too."""
    array = type(J) is np.ndarray and J.dtype == np.float64 and J.ndim == 3
    if not (array and 0 == len(J) < J.shape[1] == J.shape[2]):
        float_array("J", J, "T m m")
