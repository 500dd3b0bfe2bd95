"""The matrix memory of the mLSTM with its exponential input gate, and its gradient: by steps, and all steps at once.

Forward, for t = 1 … T, with one sample per row::

    q_t = x_t W_qᵀ + b_q    k_t = (x_t W_kᵀ + b_k) / √H    v_t = x_t W_vᵀ + b_v     query, key, value
    i_t = exp(x_t w_i + b_i)                               f_t = σ(x_t w_f + b_f)   one gate each for the whole memory

    C_t = f_t C_{t-1} + i_t v_t k_tᵀ                       memory, H × H
    n_t = f_t n_{t-1} + i_t k_t                            normaliser, H
    y_t = C_t q_t / max(|n_t · q_t|, 1)

All steps at once, with D_ts = f_t … f_{s+1} i_s for s ≤ t::

    S_ts = D_ts (q_t · k_s)      y_t = Σ_s S_ts v_s / max(|Σ_s S_ts|, 1)

Backward, with d_t for that maximum and 1_t = 1 where it is not 1::

    dS_ts = (dy_t · v_s - 1_t sign(Σ_r S_tr) dy_t · y_t) / d_t      e_ts = dS_ts S_ts       gradient at ln D_ts
    dq_t = Σ_s dS_ts D_ts k_s    dk_s = Σ_t dS_ts D_ts q_t          dv_s = Σ_t S_ts dy_t / d_t
    dz_i,s = Σ_t e_ts            dz_f,r = (1 - f_r) Σ_{s<r≤t} e_ts

The rows are stacked in the order q, k, v, and those of the gates in the order i, f. The output gate of the mLSTM stands
outside its memory and is left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, fields, float_array, generator, number
from bptt.cells.backwards import at_every_step, at_its_own_step, finite


class Params(NamedTuple):
    """Parameters θ: ``W_x`` (3H, D) and ``b`` (3H,) of q, k, v; ``W_g`` (2, D) and ``b_g`` (2,) of the gates i, f."""

    W_x: np.ndarray
    b: np.ndarray
    W_g: np.ndarray
    b_g: np.ndarray


class Trace(NamedTuple):
    """What `forward` leaves: inputs ``x`` (T, N, D); ``q``, ``k``, ``v``, outputs ``y`` (T, N, H); gate ``f`` (T, N).

    ``D``, ``S`` (N, T, T) and ``d`` (N, T) are as in the formulas, each row t divided by e^{m_t}. That cancels in the
    output and keeps them in the range of floats. ``unit`` (N, T) is e^{-m_t}, what the 1 of the maximum becomes.
    """

    x: np.ndarray
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    f: np.ndarray
    D: np.ndarray
    S: np.ndarray
    d: np.ndarray
    unit: np.ndarray
    y: np.ndarray


TRACE_AXES = {"x": "T N D"} | dict.fromkeys("qkvy", "T N H") | {"f": "T N"}
TRACE_AXES |= dict.fromkeys("DS", "N T T") | {"d": "N T", "unit": "N T"}


class Grads(NamedTuple):
    """Gradients of the loss, each of the shape of what it is the gradient of."""

    W_x: np.ndarray
    b: np.ndarray
    W_g: np.ndarray
    b_g: np.ndarray
    x: np.ndarray


def init(D, H, rng, keep=0.0):
    """Draw random parameters: all weights ~ N(0, 1/D), the bias of the forget gate `keep`, the others 0.

    Parameters
    ----------
    D, H : int
        Number of inputs, and of entries in a query, a key and a value.
    rng : numpy.random.Generator
    keep : float
        The larger it is, the longer the memory keeps what it holds.

    Returns
    -------
    Params

    Examples
    --------
    >>> init(2, 3, np.random.default_rng(0)).W_x.shape
    (9, 2)
    """
    D, H = count("D", D), count("H", H)
    generator("rng", rng)
    W_x, W_g = (rng.standard_normal((rows, D)) / np.sqrt(D) for rows in (3 * H, 2))
    return Params(W_x, np.zeros(3 * H), W_g, np.array([0.0, number("keep", keep)]))


def project(params, x):
    """q, k, v, the logarithm of the input gate and that of the forget gate, from inputs (T, N, D)."""
    q, k, v = np.split(x @ params.W_x.T + params.b, 3, axis=2)
    z_i, z_f = np.moveaxis(x @ params.W_g.T + params.b_g, 2, 0)
    return q, k / np.sqrt(q.shape[2]), v, z_i, -np.logaddexp(0, -z_f)


def step(C, n, m, q, k, v, log_i, log_f):
    """One step of the recurrence for one sample, in a scale e^m that grows where the gates do.

    Parameters
    ----------
    C, n : (H, H) and (H,) array
        Memory and normaliser before the step, divided by e^m.
    m : float
        Minus infinity at the start.
    q, k, v : (H,) array
    log_i, log_f : float

    Returns
    -------
    C, n, m, y
        After the step, and the output.

    Examples
    --------
    >>> C, n, m, y = step(np.zeros((1, 1)), np.zeros(1), -np.inf, *np.ones((3, 1)), 800.0, 0.0)
    >>> m, y
    (800.0, array([1.]))
    """
    scale = max(log_f + m, log_i)
    i, f = np.exp(log_i - scale), np.exp(log_f + m - scale)
    C = f * C + i * np.outer(v, k)
    n = f * n + i * k
    return C, n, scale, C @ q / max(abs(n @ q), np.exp(-scale))


def forward(params, x):
    """Outputs of all steps at once, for a batch of sequences.

    Parameters
    ----------
    params : Params
    x : (T, N, D) array
        Inputs, time first.

    Returns
    -------
    Trace

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or holds what is not finite.
    FloatingPointError
        When the weights are so large that an output is beyond what float64 holds.

    Notes
    -----
    Page Exponential gates. Time O(N T² H), memory O(N T²); `step` after step takes O(N T H²) and keeps one memory.

    Examples
    --------
    >>> params = Params(np.zeros((3, 1)), np.array([1.0, 1.0, 3.0]), np.zeros((2, 1)), np.zeros(2))
    >>> forward(params, np.zeros((2, 1, 1))).y[:, 0, 0]
    array([3., 3.])
    """
    float_array("x", x, "T N D", check_params(params))
    with np.errstate(over="ignore", invalid="ignore"):
        q, k, v, log_i, log_f = project(params, x)
        lived = np.cumsum(log_f, axis=0).T
        log_D = lived[:, :, None] - lived[:, None, :] + log_i.T[:, None, :]
        log_D[:, ~np.tri(len(x), dtype=bool)] = -np.inf
        m = log_D.max(axis=2)
        D = np.exp(log_D - m[:, :, None])
        S = D * np.einsum("tnh,snh->nts", q, k)
        d, unit = np.maximum(np.abs(S.sum(axis=2)), np.exp(-m)), np.exp(-m)
        y = np.einsum("nts,snh->tnh", S / d[:, :, None], v)
    if not np.isfinite(y).all():
        raise FloatingPointError("the outputs overflow: they need smaller weights")
    return Trace(x, q, k, v, np.exp(log_f), D, S, d, unit, y)


def deltas(trace, dy):
    """Gradients at q, k, v, (T, N, 3H), and at the gates i, f, (T, N, 2), before the exponential and the σ."""
    _, q, k, v, f, D, S, d, unit, y = trace
    through = np.where(d > unit, np.sign(S.sum(axis=2)), 0.0) * np.einsum("tnh,tnh->nt", dy, y)
    dS = (np.einsum("tnh,snh->nts", dy, v) - through[:, :, None]) / d[:, :, None]
    dq = np.einsum("nts,snh->tnh", dS * D, k)
    dk = np.einsum("nts,tnh->snh", dS * D, q) / np.sqrt(q.shape[2])
    dv = np.einsum("nts,tnh->snh", S / d[:, :, None], dy)
    e = dS * S
    later = np.cumsum(e[:, ::-1], axis=1)[:, ::-1]  # [r, s]: of all steps from r on
    dz_f = (1 - f) * np.einsum("nrs,rs->rn", later, np.tri(len(f), k=-1))
    return np.concatenate([dq, dk, dv], axis=2), np.stack([e.sum(axis=1).T, dz_f], axis=2)


def backward(params, trace, dy):
    """Gradient of the loss, for a loss on the last output or on all of them.

    Parameters
    ----------
    params : Params
    trace : Trace
        From `forward` with the same parameters.
    dy : (N, H) or (T, N, H) array
        ∂E/∂y_T, or ∂E/∂y_t for every step.

    Returns
    -------
    Grads

    Notes
    -----
    Agrees with automatic differentiation of the recurrence. Where |n · q| is 1, the derivative is taken from within.

    Examples
    --------
    >>> W_x, b = np.array([[0.0], [0.0], [1.0]]), np.array([1.0, 1.0, 0.0])
    >>> params = Params(W_x, b, np.zeros((2, 1)), np.array([0.0, 800.0]))
    >>> backward(params, forward(params, np.ones((4, 1, 1))), np.ones((1, 1))).x[:, 0, 0]
    array([0.25, 0.25, 0.25, 0.25])
    """
    parts = contributions(params, trace, dy)
    return Grads(*(part.sum(axis=0) for part in parts))


@np.errstate(over="ignore", invalid="ignore")
def contributions(params, trace, dy):
    """Split the gradient by the steps at which the parameters are used: to make all that is made of x_k.

    Parameters
    ----------
    params, trace, dy
        As for `backward`.

    Returns
    -------
    Grads
        Each with a leading axis of length T; the sum over it is the gradient.
    """
    sizes = check_trace(params, trace, finite=False)
    losses = at_every_step("dy", dy, sizes)
    dz, dg = deltas(trace, np.stack([np.broadcast_to(loss, trace.y[0].shape) for loss in losses]))
    grads = Grads(
        W_x=dz.swapaxes(1, 2) @ trace.x,
        b=dz.sum(axis=1),
        W_g=dg.swapaxes(1, 2) @ trace.x,
        b_g=dg.sum(axis=1),
        x=at_its_own_step(dz @ params.W_x + dg @ params.W_g, len(dz)),
    )
    return finite(grads, params, trace, check_trace, dy=dy)


def check_params(params):
    """Refuse parameters that do not fit together; return the sizes met."""
    third = len(params.b) // 3 if isinstance(params, Params) else 1
    axes = {"W_x": "3H D", "b": "3H", "W_g": "2 D", "b_g": "2"}
    return fields("params", params, Params, axes, {"H": (third, "params.b"), "2": (2, "gates i, f")})


def check_trace(params, trace, finite=True):
    """Refuse parameters and a trace that do not fit together; return the sizes met."""
    return fields("trace", trace, Trace, TRACE_AXES, check_params(params), finite)
