"""The GRU in PyTorch's variant and its gradient: a gated network without a cell, to set beside the LSTM.

Forward, for t = 1 … T, with one sample per row::

    r_t = σ(x_t W_xrᵀ + b_xr + h_{t-1} W_hrᵀ + b_hr)              reset gate
    u_t = σ(x_t W_xuᵀ + b_xu + h_{t-1} W_huᵀ + b_hu)              update gate
    g_t = tanh(x_t W_xgᵀ + b_xg + r_t ⊙ (h_{t-1} W_hgᵀ + b_hg))   candidate

    h_t = u_t ⊙ h_{t-1} + (1 - u_t) ⊙ g_t

Backward, from the last step to the first, with s_t = h_{t-1} W_hgᵀ + b_hg, what the reset gate acts on::

    dz_u = dh_t ⊙ (h_{t-1} - g_t) ⊙ u_t ⊙ (1 - u_t)
    dz_g = dh_t ⊙ (1 - u_t) ⊙ (1 - g_t²)
    dz_r = dz_g ⊙ s_t ⊙ r_t ⊙ (1 - r_t)

    dh_{t-1} = dh_t ⊙ u_t + dz_r W_hr + dz_u W_hu + (r_t ⊙ dz_g) W_hg      (+ the loss on h_{t-1})

The reset gate acts after the product with W_hg, not before it as in the paper of Cho et al. (2014): so both biases of
the candidate count. The blocks are stacked in the order r, u, g, which PyTorch calls r, z, n.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, fields, float_array, generator, number
from bptt.cells.activations import SIGMOID
from bptt.cells.backwards import at_every_step, at_its_own_step, finite

sigma = SIGMOID.value


class Params(NamedTuple):
    """Parameters θ, stacked in the order r, u, g: ``W_x`` (3H, D), ``W_h`` (3H, H), ``b_x`` and ``b_h`` (3H,)."""

    W_x: np.ndarray
    W_h: np.ndarray
    b_x: np.ndarray
    b_h: np.ndarray


PARAMS_AXES = {"W_h": "3H H", "W_x": "3H D", "b_x": "3H", "b_h": "3H"}


class Trace(NamedTuple):
    """What `forward` leaves for the backward pass.

    ``x`` (T, N, D) inputs; ``h`` (T+1, N, H) states; the gates ``r``, ``u`` and the candidate ``g`` (T, N, H); ``s``
    (T, N, H) what the reset gate acts on, h_{t-1} W_hgᵀ + b_hg.
    """

    x: np.ndarray
    h: np.ndarray
    r: np.ndarray
    u: np.ndarray
    g: np.ndarray
    s: np.ndarray


TRACE_AXES = {"x": "T N D", "h": "T+1 N H"} | dict.fromkeys("rugs", "T N H")


class Grads(NamedTuple):
    """Gradients of the loss, each of the shape of what it is the gradient of."""

    W_x: np.ndarray
    W_h: np.ndarray
    b_x: np.ndarray
    b_h: np.ndarray
    x: np.ndarray
    h0: np.ndarray


def init(D, H, rng, gain=1.0):
    """Draw random parameters: W_h ~ N(0, gain²/H), W_x ~ N(0, 1/D), b = 0.

    Parameters
    ----------
    D, H : int
        Number of inputs and of hidden units.
    rng : numpy.random.Generator
    gain : float
        Scale of the recurrent weights: the spectral radius of each of the three blocks tends to `gain` as H grows.

    Returns
    -------
    Params

    Examples
    --------
    >>> init(2, 3, np.random.default_rng(0)).W_h.shape
    (9, 3)
    """
    D, H, gain = count("D", D), count("H", H), number("gain", gain, at_least=0)
    generator("rng", rng)
    W_h = gain * rng.standard_normal((3 * H, H)) / np.sqrt(H)
    W_x = rng.standard_normal((3 * H, D)) / np.sqrt(D)
    return Params(W_x, W_h, np.zeros(3 * H), np.zeros(3 * H))


def step(params, x_part, h):
    """One step of the recurrence.

    Parameters
    ----------
    params : Params
    x_part : (N, 3H) array
        What the input adds to the pre-activations, ``x @ params.W_x.T``.
    h : (N, H) array
        The state before the step.

    Returns
    -------
    h, r, u, g, s : (N, H) array
    """
    x_r, x_u, x_g = np.split(x_part + params.b_x, 3, axis=1)
    h_r, h_u, s = np.split(h @ params.W_h.T + params.b_h, 3, axis=1)
    r = sigma(x_r + h_r)
    u = sigma(x_u + h_u)
    g = np.tanh(x_g + r * s)
    h = u * h + (1 - u) * g
    return h, r, u, g, s


def forward(params, x, h0=None):
    """Unroll the recurrence over a batch of sequences.

    Parameters
    ----------
    params : Params
    x : (T, N, D) array
        Inputs, time first.
    h0 : (N, H) array, optional
        Initial state, zero when left out.

    Returns
    -------
    Trace

    Raises
    ------
    FloatingPointError
        When the weights are so large that a pre-activation is beyond what float64 holds.

    Notes
    -----
    Page 4.3, Vanish more slowly, and still explode. Agrees with ``torch.nn.GRU`` to 1e-12 relative.

    Examples
    --------
    >>> params = Params(W_x=np.zeros((3, 1)), W_h=np.zeros((3, 1)), b_x=np.zeros(3), b_h=np.zeros(3))
    >>> forward(params, np.zeros((2, 1, 1)), h0=np.ones((1, 1))).h[:, 0, 0]
    array([1.  , 0.5 , 0.25])
    """
    sizes = fields("params", params, Params, PARAMS_AXES)
    float_array("x", x, "T N D", sizes)
    (T, N, D), H = x.shape, params.W_h.shape[1]
    h = np.zeros((T + 1, N, H))
    if h0 is not None:
        float_array("h0", h0, "N H", sizes)
        h[0] = h0
    r, u, g, s = np.empty((4, T, N, H))
    with np.errstate(over="ignore", invalid="ignore"):
        drive = (x.reshape(T * N, D) @ params.W_x.T).reshape(T, N, 3 * H)
        for t in range(T):
            h[t + 1], r[t], u[t], g[t], s[t] = step(params, drive[t], h[t])
    if not np.isfinite([h[1:], s]).all():
        t = int(np.argmin(np.isfinite([h[1:], s]).all(axis=(0, 2, 3)))) + 1
        raise FloatingPointError(f"the pre-activations overflow at step {t} of {T}: they need smaller weights")
    return Trace(x, h, r, u, g, s)


def deltas(params, trace, losses):
    """Carry ∂E/∂h from the last step to the first.

    Parameters
    ----------
    params : Params
    trace : Trace
    losses : sequence of T (N, H) arrays
        ∂E_t/∂h_t, or 0.0 where the loss does not look.

    Returns
    -------
    dz : (T, N, 3H) array
        Gradients at the pre-activations of r, u and g.
    dh : (N, H) array
        ∂E/∂h_0.
    """
    _, h, r, u, g, s = trace
    dz, dh = np.empty((*u.shape[:2], 3 * u.shape[2])), 0.0
    for t in reversed(range(len(dz))):
        dh = dh + losses[t]
        dz_u = dh * (h[t] - g[t]) * u[t] * (1 - u[t])
        dz_g = dh * (1 - u[t]) * (1 - g[t] * g[t])
        dz_r = dz_g * s[t] * r[t] * (1 - r[t])
        np.concatenate([dz_r, dz_u, dz_g], axis=1, out=dz[t])
        dh = dh * u[t] + np.concatenate([dz_r, dz_u, r[t] * dz_g], axis=1) @ params.W_h
    return dz, dh


@np.errstate(over="ignore", invalid="ignore")
def backward(params, trace, dh):
    """Gradient of the loss by back-propagation through time.

    Parameters
    ----------
    params : Params
    trace : Trace
        From `forward` with the same parameters.
    dh : (N, H) or (T, N, H) array
        ∂E/∂h_T for a loss on the last state, or ∂E_t/∂h_t at every step.

    Returns
    -------
    Grads

    Raises
    ------
    FloatingPointError
        When the gradient explodes beyond what float64 holds.

    Notes
    -----
    Time O(T N H (D + H)), memory O(T N H). Agrees with automatic differentiation to 1e-12 relative.

    Examples
    --------
    >>> params = Params(W_x=np.zeros((3, 1)), W_h=np.zeros((3, 1)), b_x=np.zeros(3), b_h=np.zeros(3))
    >>> backward(params, forward(params, np.zeros((2, 1, 1))), np.ones((1, 1))).h0
    array([[0.25]])
    """
    sizes = check_trace(params, trace, finite=False)
    dz, dh0 = deltas(params, trace, at_every_step("dh", dh, sizes))
    T, N, D = trace.x.shape
    dz_h = _behind_the_reset(dz, trace).reshape(T * N, -1)
    dz = dz.reshape(T * N, -1)
    grads = Grads(
        W_x=dz.T @ trace.x.reshape(T * N, D),
        W_h=dz_h.T @ trace.h[:-1].reshape(T * N, -1),
        b_x=dz.sum(axis=0),
        b_h=dz_h.sum(axis=0),
        x=(dz @ params.W_x).reshape(T, N, D),
        h0=dh0,
    )
    return finite(grads, params, trace, check_trace, dh=dh)


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
        Each with a leading axis of length T: entry k-1 is the contribution of step k. Summed over that axis they are
        the gradient.

    Raises
    ------
    FloatingPointError
        As for `backward`.
    """
    sizes = check_trace(params, trace, finite=False)
    dz, dh0 = deltas(params, trace, at_every_step("dh", dh, sizes))
    dz_h = _behind_the_reset(dz, trace)
    grads = Grads(
        W_x=dz.swapaxes(1, 2) @ trace.x,
        W_h=dz_h.swapaxes(1, 2) @ trace.h[:-1],
        b_x=dz.sum(axis=1),
        b_h=dz_h.sum(axis=1),
        x=at_its_own_step(dz @ params.W_x, len(dz)),
        h0=at_its_own_step(dh0, len(dz)),
    )
    return finite(grads, params, trace, check_trace, dh=dh)


def _behind_the_reset(dz, trace):
    """Gradients at h_{t-1} W_hᵀ + b_h: those at the pre-activations, but for the candidate's, which the gate scales."""
    H = trace.r.shape[2]
    return np.concatenate([dz[..., : 2 * H], trace.r * dz[..., 2 * H :]], axis=2)


def steps(params, trace, n=0):
    """One-step Jacobians along the trajectory of one sample, as those of `bptt.chains.jacobians`.

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

    Notes
    -----
    Page 4.3, Vanish more slowly, and still explode. With W for the blocks of W_h, J_t is the sum of diag(u),
    diag((h_{t-1} - g) u (1 - u)) W_u and diag((1 - u) (1 - g²)) (diag(r) W_g + diag(s r (1 - r)) W_r).

    Examples
    --------
    >>> params = Params(W_x=np.zeros((3, 1)), W_h=np.zeros((3, 1)), b_x=np.zeros(3), b_h=np.zeros(3))
    >>> steps(params, forward(params, np.zeros((1, 1, 1))))
    array([[[0.5]]])
    """
    check_trace(params, trace)
    n = count("n", n, at_least=0, at_most=trace.u.shape[1] - 1)
    h, r, u, g, s = (part[:, n, :, None] for part in trace[1:])
    W_r, W_u, W_g = np.split(params.W_h, 3)
    dg = (1 - g * g) * (r * W_g + s * r * (1 - r) * W_r)
    return u * np.eye(len(W_u)) + (h[:-1] - g) * u * (1 - u) * W_u + (1 - u) * dg


def check_trace(params, trace, finite=True):
    """Refuse parameters and a trace that do not fit together; return the sizes met.

    Parameters
    ----------
    params : Params
    trace : Trace
    finite : bool
        Whether to look through the trace for NaN and infinity.
    """
    sizes = fields("params", params, Params, PARAMS_AXES)
    return fields("trace", trace, Trace, TRACE_AXES, sizes, finite)
