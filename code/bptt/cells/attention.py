"""Causal attention with one head and its gradient: every step reads all steps so far, and there is no recurrence.

Forward, for t = 1 … T, with one sample per row; s runs over the steps 1 … t::

    q_t = x_t W_qᵀ + b_q      k_t = x_t W_kᵀ + b_k      v_t = x_t W_vᵀ + b_v      query, key, value

    a_ts = exp(q_t · k_s / √H) / Σ_r exp(q_t · k_r / √H)                           weights, which sum to one
    y_t  = Σ_s a_ts v_s

Backward, all steps at once, with e_ts the gradient at the score q_t · k_s / √H::

    e_ts = a_ts (dy_t · v_s - dy_t · y_t)
    dq_t = Σ_s e_ts k_s / √H      dk_s = Σ_t e_ts q_t / √H      dv_s = Σ_t a_ts dy_t

The blocks are stacked in the order q, k, v, as in PyTorch's ``in_proj_weight``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, fields, float_array, generator, number
from bptt.cells.backwards import at_every_step, at_its_own_step, finite


class Params(NamedTuple):
    """Parameters θ, stacked in the order q, k, v: ``W_x`` (3H, D) and ``b`` (3H,)."""

    W_x: np.ndarray
    b: np.ndarray


class Trace(NamedTuple):
    """What `forward` leaves: inputs ``x`` (T, N, D); ``q``, ``k``, ``v`` and outputs ``y`` (T, N, H).

    ``a`` (N, T, T) holds the weights: ``a[n, t]`` are those of step t+1 in sample n, zero for later steps.
    """

    x: np.ndarray
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    a: np.ndarray
    y: np.ndarray


TRACE_AXES = {"x": "T N D"} | dict.fromkeys("qkvy", "T N H") | {"a": "N T T"}


class Grads(NamedTuple):
    """Gradients of the loss, each of the shape of what it is the gradient of."""

    W_x: np.ndarray
    b: np.ndarray
    x: np.ndarray


class Routes(NamedTuple):
    """The three routes from x_1 … x_T to one output, each (T, H, D): by the values, by the keys, by the query."""

    value: np.ndarray
    key: np.ndarray
    query: np.ndarray


def init(D, H, rng, gain=1.0):
    """Draw random parameters: W_x ~ N(0, 1/D), the rows of query and key times `gain`, b = 0.

    Parameters
    ----------
    D, H : int
        Number of inputs, and of entries in a query, a key and a value.
    rng : numpy.random.Generator
    gain : float
        Scores grow with its square: at 0 all weights are equal, and the larger it is, the more one of them gets.

    Returns
    -------
    Params

    Examples
    --------
    >>> init(2, 3, np.random.default_rng(0)).W_x.shape
    (9, 2)
    """
    D, H, gain = count("D", D), count("H", H), number("gain", gain, at_least=0)
    generator("rng", rng)
    W_x = rng.standard_normal((3 * H, D)) / np.sqrt(D)
    W_x[: 2 * H] *= gain
    return Params(W_x, np.zeros(3 * H))


def weights(q, k):
    """Causal weights a_ts: the softmax of the scores q_t · k_s / √H over s ≤ t.

    Parameters
    ----------
    q, k : (T, N, H) array

    Returns
    -------
    (N, T, T) array

    Examples
    --------
    >>> weights(np.zeros((2, 1, 1)), np.ones((2, 1, 1)))
    array([[[1. , 0. ],
            [0.5, 0.5]]])
    """
    scores = np.einsum("tnh,snh->nts", q, k) / np.sqrt(q.shape[2])
    scores[:, ~np.tri(len(q), dtype=bool)] = -np.inf
    a = np.exp(scores - scores.max(axis=2, keepdims=True))
    return a / a.sum(axis=2, keepdims=True)


def forward(params, x):
    """Let every step read all steps so far, for a batch of sequences.

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
    FloatingPointError
        When the weights are so large that a score is beyond what float64 holds.

    Notes
    -----
    Page Attention. Time and memory O(N T²). Agrees with PyTorch's ``scaled_dot_product_attention`` to 1e-12 relative.

    Examples
    --------
    >>> params = Params(W_x=np.array([[0.0], [0.0], [1.0]]), b=np.zeros(3))
    >>> forward(params, np.array([[[1.0]], [[2.0]], [[6.0]]])).y[:, 0, 0]
    array([1. , 1.5, 3. ])
    """
    float_array("x", x, "T N D", check_params(params))
    with np.errstate(over="ignore", invalid="ignore"):
        q, k, v = np.split(x @ params.W_x.T + params.b, 3, axis=2)
        a = weights(q, k)
        y = np.einsum("nts,snh->tnh", a, v)
    if not np.isfinite(y).all():
        raise FloatingPointError("the scores overflow: they need smaller weights")
    return Trace(x, q, k, v, a, y)


def deltas(trace, dy):
    """Gradients at q, k and v of every step, stacked, (T, N, 3H), from those at the outputs, (T, N, H)."""
    _, q, k, v, a, y = trace
    root = np.sqrt(q.shape[2])
    da = np.einsum("tnh,snh->nts", dy, v)
    e = a * (da - np.einsum("tnh,tnh->nt", dy, y)[:, :, None])
    dq = np.einsum("nts,snh->tnh", e, k) / root
    dk = np.einsum("nts,tnh->snh", e, q) / root
    dv = np.einsum("nts,tnh->snh", a, dy)
    return np.concatenate([dq, dk, dv], axis=2)


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
    Agrees with automatic differentiation to 1e-12 relative.

    Examples
    --------
    >>> params = Params(W_x=np.array([[0.0], [0.0], [1.0]]), b=np.zeros(3))
    >>> backward(params, forward(params, np.ones((4, 1, 1))), np.ones((1, 1))).x[:, 0, 0]
    array([0.25, 0.25, 0.25, 0.25])
    """
    parts = contributions(params, trace, dy)
    return Grads(*(part.sum(axis=0) for part in parts))


@np.errstate(over="ignore", invalid="ignore")
def contributions(params, trace, dy):
    """Split the gradient by the steps at which the parameters are used: to make q_k, k_k and v_k from x_k.

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
    dz = deltas(trace, np.stack([np.broadcast_to(loss, trace.y[0].shape) for loss in losses]))
    grads = Grads(dz.swapaxes(1, 2) @ trace.x, dz.sum(axis=1), at_its_own_step(dz @ params.W_x, len(dz)))
    return finite(grads, params, trace, check_trace, dy=dy)


def routes(params, trace, t=-1, n=0):
    """Jacobians of one output by every input, split by the route: value, key or query.

    Parameters
    ----------
    params : Params
    trace : Trace
    t : int
        Index of the output, the last one when left out.
    n : int
        Which sample of the batch.

    Returns
    -------
    Routes
        Their sum holds ∂y_{t+1}/∂x_{s+1} at s; zero at later steps. All that goes by the query is at s = t.

    Notes
    -----
    Page Attention. For an output y of the query q: a_s W_v, a_s (v_s - y) (qᵀ W_k) / √H, and at the step of the output
    itself Σ_s a_s (v_s - y) (k_sᵀ W_q) / √H.

    Examples
    --------
    >>> params = Params(W_x=np.array([[0.0], [0.0], [1.0]]), b=np.zeros(3))
    >>> routes(params, forward(params, np.ones((4, 1, 1)))).value[:, 0, 0]
    array([0.25, 0.25, 0.25, 0.25])
    """
    check_trace(params, trace)
    T, N, _ = trace.y.shape
    t, n = range(T)[count("t", t, at_least=-T, at_most=T - 1)], count("n", n, at_least=0, at_most=N - 1)
    _, q, k, v, a, y = trace
    W_q, W_k, W_v = np.split(params.W_x, 3)
    root = np.sqrt(q.shape[2])
    pull = a[n, t, :, None] * (v[:, n] - y[t, n])  # what a score adds to y
    query = np.zeros((T, *W_q.shape))
    query[t] = pull.T @ (k[:, n] @ W_q) / root
    return Routes(a[n, t, :, None, None] * W_v, pull[:, :, None] * (q[t, n] @ W_k) / root, query)


def check_params(params):
    """Refuse parameters that do not fit together; return the sizes met."""
    third = len(params.b) // 3 if isinstance(params, Params) else 1
    return fields("params", params, Params, {"W_x": "3H D", "b": "3H"}, {"H": (third, "params.b")})


def check_trace(params, trace, finite=True):
    """Refuse parameters and a trace that do not fit together; return the sizes met."""
    return fields("trace", trace, Trace, TRACE_AXES, check_params(params), finite)
