"""The RNN with a layer norm before its tanh, and its gradient.

Forward, for t = 1 … T, with one sample per row::

    z_t = x_t W_xᵀ + h_{t-1} W_hᵀ
    h_t = tanh(s ⊙ LN(z_t) + b)

Backward, from the last step to the first::

    dx̂_t = dh_t ⊙ (1 - h_t²) ⊙ s
    dz_t = (dx̂_t - its mean - x̂_t ⊙ the mean of dx̂_t ⊙ x̂_t) / σ_t
    dh_{t-1} = dz_t W_h                       (+ the loss on h_{t-1})
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, fields, float_array, generator, number
from bptt.cells.backwards import at_every_step, at_its_own_step, finite
from bptt.cells.normalise import backward as through_norm
from bptt.cells.normalise import jacobian, layer_norm


class Params(NamedTuple):
    """Parameters θ: ``W_x`` (H, D), ``W_h`` (H, H), the gains ``s`` and the shifts ``b`` of the norm, (H,)."""

    W_x: np.ndarray
    W_h: np.ndarray
    s: np.ndarray
    b: np.ndarray


PARAMS_AXES = {"W_h": "H H", "W_x": "H D", "s": "H", "b": "H"}


class Trace(NamedTuple):
    """``x`` (T, N, D) inputs; ``h`` (T+1, N, H) states; ``z`` (T, N, H) what is normalised."""

    x: np.ndarray
    h: np.ndarray
    z: np.ndarray


TRACE_AXES = {"x": "T N D", "h": "T+1 N H", "z": "T N H"}


class Grads(NamedTuple):
    """Gradients of the loss, each of the shape of what it is the gradient of."""

    W_x: np.ndarray
    W_h: np.ndarray
    s: np.ndarray
    b: np.ndarray
    x: np.ndarray
    h0: np.ndarray


def init(D, H, rng, gain=1.0, scale=1.0):
    """Draw random parameters: W_h ~ N(0, gain²/H), W_x ~ N(0, 1/D), s = scale, b = 0.

    Parameters
    ----------
    D, H : int
        Number of inputs and of hidden units.
    rng : numpy.random.Generator
    gain, scale : float
        Of the recurrent weights, and of what the norm hands on.

    Returns
    -------
    Params

    Examples
    --------
    >>> init(2, 3, np.random.default_rng(0)).s
    array([1., 1., 1.])
    """
    D, H, gain = count("D", D), count("H", H), number("gain", gain, at_least=0)
    generator("rng", rng)
    W_h = gain * rng.standard_normal((H, H)) / np.sqrt(H)
    W_x = rng.standard_normal((H, D)) / np.sqrt(D)
    return Params(W_x, W_h, np.full(H, number("scale", scale)), np.zeros(H))


def forward(params, x, h0=None):
    """Unroll the recurrence over a batch of sequences.

    Parameters
    ----------
    params : Params
    x : (T, N, D) array
    h0 : (N, H) array, optional
        Initial state, zero when left out.

    Returns
    -------
    Trace

    Notes
    -----
    Page Normalise.

    Examples
    --------
    >>> params = Params(W_x=np.array([[1.0], [2.0]]), W_h=np.zeros((2, 2)), s=np.ones(2), b=np.zeros(2))
    >>> forward(params, np.full((1, 1, 1), 100.0)).h[1].round(2)
    array([[-0.76,  0.76]])
    """
    sizes = fields("params", params, Params, PARAMS_AXES)
    float_array("x", x, "T N D", sizes)
    (T, N, _), H = x.shape, len(params.b)
    h, z = np.zeros((T + 1, N, H)), np.empty((T, N, H))
    if h0 is not None:
        float_array("h0", h0, "N H", sizes)
        h[0] = h0
    drive = x @ params.W_x.T
    for t in range(T):
        z[t] = drive[t] + h[t] @ params.W_h.T
        h[t + 1] = np.tanh(params.s * layer_norm(z[t]) + params.b)
    return Trace(x, h, z)


def deltas(params, trace, losses):
    """Gradients at what the norm hands on, before s and b, and at z, both (T, N, H), and ∂E/∂h_0, (N, H)."""
    _, h, z = trace
    after, dz, dh = np.empty(z.shape), np.empty(z.shape), 0.0
    for t in reversed(range(len(z))):
        dh = dh + losses[t]
        after[t] = dh * (1 - h[t + 1] * h[t + 1])
        dz[t] = through_norm(z[t], after[t] * params.s)
        dh = dz[t] @ params.W_h
    return after, dz, dh


def backward(params, trace, dh):
    """Gradient of the loss by back-propagation through time, for a loss on the last state or on all of them.

    Parameters
    ----------
    params : Params
    trace : Trace
        From `forward` with the same parameters.
    dh : (N, H) or (T, N, H) array
        ∂E/∂h_T, or the losses' derivatives at every step.

    Returns
    -------
    Grads

    Notes
    -----
    Agrees with automatic differentiation to 1e-12 relative, unless a σ is small against its vector.

    Examples
    --------
    >>> params = Params(W_x=np.array([[1.0], [2.0]]), W_h=np.eye(2), s=np.ones(2), b=np.zeros(2))
    >>> backward(params, forward(params, np.ones((3, 1, 1))), np.ones((1, 2))).h0.round(6)
    array([[0., 0.]])
    """
    parts = contributions(params, trace, dh)
    return Grads(*(part.sum(axis=0) for part in parts))


@np.errstate(over="ignore", invalid="ignore")
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
    after, dz, dh0 = deltas(params, trace, at_every_step("dh", dh, sizes))
    grads = Grads(
        W_x=dz.swapaxes(1, 2) @ trace.x,
        W_h=dz.swapaxes(1, 2) @ trace.h[:-1],
        s=(after * layer_norm(trace.z)).sum(axis=1),
        b=after.sum(axis=1),
        x=at_its_own_step(dz @ params.W_x, len(dz)),
        h0=at_its_own_step(dh0, len(dz)),
    )
    return finite(grads, params, trace, check_trace, dh=dh)


def steps(params, trace, n=0):
    """One-step Jacobians of one sample, diag((1 - h²) s) times that of the norm times W_h.

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
    >>> params = Params(W_x=np.array([[1.0], [2.0]]), W_h=np.eye(2), s=np.ones(2), b=np.zeros(2))
    >>> steps(params, forward(params, np.ones((1, 1, 1)))).shape
    (1, 2, 2)
    """
    check_trace(params, trace)
    n = count("n", n, at_least=0, at_most=trace.z.shape[1] - 1)
    slope = (1 - trace.h[1:, n] ** 2) * params.s
    return slope[:, :, None] * jacobian(trace.z[:, n]) @ params.W_h


def check_trace(params, trace, finite=True):
    """Refuse parameters and a trace that do not fit together; return the sizes met."""
    sizes = fields("params", params, Params, PARAMS_AXES)
    return fields("trace", trace, Trace, TRACE_AXES, sizes, finite)
