"""The minimal GRU, whose gates do not look back, and its gradient; the recurrence by a loop and by a parallel scan.

Forward, for t = 1 … T, with one sample per row::

    u_t = σ(x_t W_xuᵀ + b_u)                  update gate
    g_t = x_t W_xgᵀ + b_g                     candidate

    h_t = u_t ⊙ h_{t-1} + (1 - u_t) ⊙ g_t

Backward, from the last step to the first::

    dz_u = dh_t ⊙ (h_{t-1} - g_t) ⊙ u_t ⊙ (1 - u_t)
    dz_g = dh_t ⊙ (1 - u_t)
    dh_{t-1} = dh_t ⊙ u_t                     (+ the loss on h_{t-1})

The blocks are stacked in the order u, g. There is no W_h.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, fields, float_array, generator, number
from bptt.cells.activations import SIGMOID
from bptt.cells.backwards import at_every_step, at_its_own_step, finite

sigma = SIGMOID.value


class Params(NamedTuple):
    """Parameters θ, stacked in the order u, g: ``W_x`` (2H, D) and ``b`` (2H,)."""

    W_x: np.ndarray
    b: np.ndarray


class Trace(NamedTuple):
    """``x`` (T, N, D) inputs; ``h`` (T+1, N, H) states; the gate ``u`` and the candidate ``g`` (T, N, H)."""

    x: np.ndarray
    h: np.ndarray
    u: np.ndarray
    g: np.ndarray


TRACE_AXES = {"x": "T N D", "h": "T+1 N H", "u": "T N H", "g": "T N H"}


class Grads(NamedTuple):
    """Gradients of the loss, each of the shape of what it is the gradient of."""

    W_x: np.ndarray
    b: np.ndarray
    x: np.ndarray
    h0: np.ndarray


def init(D, H, rng, keep=0.0):
    """Draw random parameters: W_x ~ N(0, 1/D), the bias of the update gate `keep`, that of the candidate 0.

    Parameters
    ----------
    D, H : int
        Number of inputs and of units.
    rng : numpy.random.Generator
    keep : float
        The larger it is, the longer a unit keeps its state.

    Returns
    -------
    Params

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size.

    Examples
    --------
    >>> init(2, 3, np.random.default_rng(0)).W_x.shape
    (6, 2)
    """
    D, H = count("D", D), count("H", H)
    generator("rng", rng)
    W_x = rng.standard_normal((2 * H, D)) / np.sqrt(D)
    return Params(W_x, np.repeat([number("keep", keep), 0.0], H))


def loop(a, b):
    """All h_t = a_t ⊙ h_{t-1} + b_t from h_0 = 0, one after the other.

    Parameters
    ----------
    a, b : (T, …) arrays
        Of the same shape.

    Returns
    -------
    (T, …) array
        h_1 … h_T.

    Examples
    --------
    >>> loop(np.full(3, 0.5), np.ones(3))
    array([1.  , 1.5 , 1.75])
    """
    h = np.empty_like(b)
    h[0] = b[0]
    for t in range(1, len(b)):
        h[t] = a[t] * h[t - 1] + b[t]
    return h


def scan(a, b):
    """The same as `loop` in ⌈log₂ T⌉ rounds, in each of which all steps could be computed at once.

    Parameters
    ----------
    a, b : (T, …) arrays
        Of the same shape.

    Returns
    -------
    (T, …) array
        h_1 … h_T; equal to that of `loop` but for rounding.

    Notes
    -----
    Page Gates that do not look back. After a round, entry t stands for the last 1, 2, 4, … steps up to t in one:
    h_t = a_t h_{t-reach} + b_t.

    Examples
    --------
    >>> scan(np.full(3, 0.5), np.ones(3))
    array([1.  , 1.5 , 1.75])
    """
    reach = 1
    while reach < len(b):
        earlier = np.zeros_like(b)
        earlier[reach:] = b[:-reach]
        b = a * earlier + b
        a = a * np.concatenate([np.zeros_like(a[:reach]), a[:-reach]])
        reach *= 2
    return b


def forward(params, x, h0=None, recurrence=scan):
    """Unroll the recurrence over a batch of sequences, all gates at once.

    Parameters
    ----------
    params : Params
    x : (T, N, D) array
    h0 : (N, H) array, optional
        Initial state, zero when left out.
    recurrence : callable
        `scan` or `loop`.

    Returns
    -------
    Trace

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or holds what is not finite.

    Examples
    --------
    >>> params = Params(W_x=np.zeros((2, 1)), b=np.zeros(2))
    >>> forward(params, np.zeros((2, 1, 1)), h0=np.ones((1, 1))).h[:, 0, 0]
    array([1.  , 0.5 , 0.25])
    """
    sizes = check_params(params)
    float_array("x", x, "T N D", sizes)
    start = np.zeros((x.shape[1], len(params.b) // 2)) if h0 is None else h0
    float_array("h0", start, "N H", sizes)
    z_u, g = np.split(x @ params.W_x.T + params.b, 2, axis=2)
    u = sigma(z_u)
    b = (1 - u) * g
    b[0] += u[0] * start
    return Trace(x, np.concatenate([start[None], recurrence(u, b)]), u, g)


def deltas(params, trace, losses):
    """Gradients at the pre-activations of u and g, (T, N, 2H), and ∂E/∂h_0, (N, H)."""
    _, h, u, g = trace
    dz, dh = np.empty((*u.shape[:2], 2 * u.shape[2])), 0.0
    for t in reversed(range(len(dz))):
        dh = dh + losses[t]
        dz[t] = np.concatenate([dh * (h[t] - g[t]) * u[t] * (1 - u[t]), dh * (1 - u[t])], axis=1)
        dh = dh * u[t]
    return dz, dh


def backward(params, trace, dh):
    """Gradient of the loss by back-propagation through time, for a loss on the last state or on all of them.

    Parameters
    ----------
    params : Params
    trace : Trace
    dh : (N, H) or (T, N, H) array
        ∂E/∂h_T, or the losses' derivatives at every step.

    Returns
    -------
    Grads

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or the gradient is not finite.

    Examples
    --------
    >>> params = Params(W_x=np.zeros((2, 1)), b=np.zeros(2))
    >>> backward(params, forward(params, np.zeros((2, 1, 1))), np.ones((1, 1))).h0
    array([[0.25]])
    """
    parts = contributions(params, trace, dh)
    return Grads(*(part.sum(axis=0) for part in parts))


def contributions(params, trace, dh):
    """Split the gradient into the temporal contributions of the steps.

    Parameters
    ----------
    params, trace, dh
        As for `backward`.

    Returns
    -------
    Grads
        Each with a leading axis of length T; the sum over it is the gradient.
    """
    sizes = check_trace(params, trace, finite=False)
    dz, dh0 = deltas(params, trace, at_every_step("dh", dh, sizes))
    grads = Grads(
        W_x=dz.swapaxes(1, 2) @ trace.x,
        b=dz.sum(axis=1),
        x=at_its_own_step(dz @ params.W_x, len(dz)),
        h0=at_its_own_step(dh0, len(dz)),
    )
    return finite(grads, params, trace, check_trace, dh=dh)


def steps(params, trace, n=0):
    """One-step Jacobians of one sample: diagonal, with the gates on the diagonal.

    Parameters
    ----------
    params : Params
    trace : Trace
    n : int
        Which sample of the batch.

    Returns
    -------
    (T, H, H) array
        ``J[t]`` = ∂h_{t+1}/∂h_t.

    Examples
    --------
    >>> params = Params(W_x=np.zeros((2, 1)), b=np.zeros(2))
    >>> steps(params, forward(params, np.zeros((1, 1, 1))))
    array([[[0.5]]])
    """
    check_trace(params, trace)
    n = count("n", n, at_least=0, at_most=trace.u.shape[1] - 1)
    return trace.u[:, n, :, None] * np.eye(trace.u.shape[2])


def check_params(params):
    """Refuse parameters that do not fit together; return the sizes met."""
    half = len(params.b) // 2 if isinstance(params, Params) else 1
    return fields("params", params, Params, {"W_x": "2H D", "b": "2H"}, {"H": (half, "params.b")})


def check_trace(params, trace, finite=True):
    """Refuse parameters and a trace that do not fit together; return the sizes met."""
    return fields("trace", trace, Trace, TRACE_AXES, check_params(params), finite)
