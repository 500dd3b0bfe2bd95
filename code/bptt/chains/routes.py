"""Which way a gradient takes through the LSTM, and what is lost when only the cell is looked at.

A small change of c_k reaches c_n by three kinds of route. *Carry*: along the cell, through the forget gates alone.
*Gates*: now and then out to h by the read-out and back by i, f or g, but never by an output gate. *Output*: at least
once by an output gate, whose change is dr_t = tanh(c_t) ⊙ do_t, so that dh_t = R_t dc_t + dr_t::

    dr_t = B_t (R_{t-1} dc_{t-1} + dr_{t-1})
    dc_t = F_t dc_{t-1} + A_t (R_{t-1} dc_{t-1} + dr_{t-1})

The blocks R, F, A, B are those of `bptt.chains.jacobians`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import float_array
from bptt.cells import lstm
from bptt.chains.jacobians import cell_steps, lstm_blocks
from bptt.growth.binary_scale import Scaled


class Routes(NamedTuple):
    """One thing for each kind of route, and for all of them together; entry k belongs to c_k, k = 0 … T."""

    carry: np.ndarray
    gates: np.ndarray
    output: np.ndarray
    total: np.ndarray


class Gains(NamedTuple):
    """The largest norms of A_t, B_t, F_t and R_t over all steps: α, β, φ and r̄."""

    alpha: float
    beta: float
    phi: float
    r: float


def split(params, trace, n=0):
    """Split dc_T/dc_k over the routes from c_k to c_T, for every k.

    Parameters
    ----------
    params : lstm.Params
    trace : lstm.Trace
    n : int
        Which sample of the batch.

    Returns
    -------
    Routes
        Each part (T+1, H, H); carry, gates and output sum to the total, which is dc_T/dc_k at a given o_k.

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or there is no sample `n`.

    Notes
    -----
    Page 4.3, Vanish more slowly, and still explode. No part is found by subtraction. May under- or overflow for long
    sequences; `log_norms` does not.

    Examples
    --------
    >>> params = lstm.Params(W_x=np.zeros((4, 1)), W_h=np.zeros((4, 1)), b=np.zeros(4))
    >>> split(params, lstm.forward(params, np.zeros((2, 1, 1)))).carry[:, 0, 0]
    array([0.25, 0.5 , 1.  ])
    """
    return Routes(*(part.value() for part in _parts(params, trace, n)))


def log_norms(params, trace, n=0):
    """Size of each part of `split` on a logarithmic scale.

    Parameters
    ----------
    params, trace, n
        As for `split`.

    Returns
    -------
    Routes
        Each (T+1,): the natural logarithm of the spectral norm, in nats; -inf for an exact zero.

    Raises
    ------
    TypeError, ValueError
        As for `split`.

    Notes
    -----
    Page 4.3. Each part has an exponent of its own, so that it is right however small it is beside the others; tested
    at T = 5,000 and gain 8, where the total grows by hundreds of powers of ten while the carry falls by as many.

    Examples
    --------
    >>> params = lstm.Params(W_x=np.zeros((4, 1)), W_h=np.zeros((4, 1)), b=np.zeros(4))
    >>> log_norms(params, lstm.forward(params, np.zeros((2, 1, 1)))).carry.round(3)
    array([-1.386, -0.693,  0.   ])
    """
    return Routes(*(part.log_norm() for part in _parts(params, trace, n)))


def _parts(params, trace, n):
    """The parts as stacks of scaled matrices, k = 0 … T."""
    routes = list(_routes(lstm_blocks(params, trace, n)))
    return (Scaled.stack(part) for part in zip(*reversed(routes), strict=True))


def _routes(blocks):
    """Yield the parts of dc_T/dc_k and their sum, for k = T … 0, as scaled matrices."""
    R, F, A, B = blocks.R, blocks.F, blocks.A, blocks.B
    H = F.shape[1]
    one, zero = Scaled.of(np.eye(H)), Scaled.of(np.zeros((H, H)))
    carry, gates, output, r = one, zero, zero, zero  # r is dc_T/dr_k
    yield carry, gates, output, carry
    for t in reversed(range(len(F))):
        by_gates = (carry + gates) @ A[t]
        by_output = r @ B[t] + output @ A[t]
        carry = carry * F[t]
        gates = gates * F[t] + by_gates * R[t]
        output = output * F[t] + by_output * R[t]
        r = by_gates + by_output
        yield carry, gates, output, carry + gates + output


def cell_contributions(params, trace, dh, terms="full", n=0):
    """The contributions of the steps as the article has them: by the chain of cell states alone.

    Parameters
    ----------
    params : lstm.Params
    trace : lstm.Trace
    dh : (N, H) array
        ∂E/∂h_T.
    terms : str
        ``"forget"``, ``"article"`` or ``"full"``, as for `jacobians.cell_steps`.
    n : int
        Which sample of the batch; the loss is that of this sample.

    Returns
    -------
    gradient : lstm.Params
        Each with a leading axis of length T; entry k-1 is the contribution of step k. Zero for the output gate.
    dc : (T, H) array
        ∂E/∂c_k by the same chain.

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or there are no such terms.

    Notes
    -----
    Page 4.2, What a chain of cell states leaves out. This is no gradient: it leaves out whatever passes through an
    output gate. `lstm.contributions` is exact.
    """
    J, R = cell_steps(params, trace, n, terms), lstm_blocks(params, trace, n).R
    float_array("dh", dh, "N H", lstm.check_trace(params, trace))
    dc = np.empty_like(R[1:])
    dc[-1] = dh[n] * R[-1]
    for t in reversed(range(1, len(dc))):
        dc[t - 1] = dc[t] @ J[t]
    x, h, c, i, f, g, o = (part[:, n] for part in trace)
    c_i, c_f, c_g, *_ = lstm.slopes(i, f, g, o, c[:-1], c[1:])
    dz = np.concatenate([dc * c_i, dc * c_f, dc * c_g, np.zeros_like(dc)], axis=1)
    return lstm.Params(W_x=dz[:, :, None] * x[:, None], W_h=dz[:, :, None] * h[:-1, None], b=dz), dc


def gains(params, trace, n=0):
    """How strongly the blocks of the Jacobian act at most, along the trajectory of one sample.

    Parameters
    ----------
    params, trace, n
        As for `split`.

    Returns
    -------
    Gains

    Raises
    ------
    TypeError, ValueError
        As for `split`.

    Notes
    -----
    Page 4.3. Gradients vanish exponentially when β < 1, φ < 1 and α r̄ < (1 - β) (1 - φ).

    Examples
    --------
    >>> params = lstm.Params(W_x=np.zeros((4, 1)), W_h=np.zeros((4, 1)), b=np.zeros(4))
    >>> gains(params, lstm.forward(params, np.zeros((2, 1, 1))))
    Gains(alpha=0.0, beta=0.0, phi=0.5, r=0.5)
    """
    blocks = lstm_blocks(params, trace, n)
    alpha, beta = (float(np.linalg.norm(block, 2, axis=(1, 2)).max()) for block in (blocks.A, blocks.B))
    return Gains(alpha, beta, phi=float(blocks.F.max()), r=float(blocks.R.max()))
