"""The GRU in PyTorch's variant, with its one-step Jacobians: a gated network without a cell, to set beside the LSTM.

For t = 1 … T, with one sample per row::

    r_t = σ(x_t W_xrᵀ + b_xr + h_{t-1} W_hrᵀ + b_hr)              reset gate
    u_t = σ(x_t W_xuᵀ + b_xu + h_{t-1} W_huᵀ + b_hu)              update gate
    g_t = tanh(x_t W_xgᵀ + b_xg + r_t ⊙ (h_{t-1} W_hgᵀ + b_hg))   candidate

    h_t = u_t ⊙ h_{t-1} + (1 - u_t) ⊙ g_t

The reset gate acts after the product with W_hg, not before it as in the paper of Cho et al. (2014): so both biases of
the candidate count. The blocks are stacked in the order r, u, g, which PyTorch calls r, z, n.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, float_array, generator, number
from bptt.cells.activations import SIGMOID

sigma = SIGMOID.value


class Params(NamedTuple):
    """Parameters θ, stacked in the order r, u, g: ``W_x`` (3H, D), ``W_h`` (3H, H), ``b_x`` and ``b_h`` (3H,)."""

    W_x: np.ndarray
    W_h: np.ndarray
    b_x: np.ndarray
    b_h: np.ndarray


class Trace(NamedTuple):
    """What `forward` leaves for `steps`.

    ``x`` (T, N, D) inputs; ``h`` (T+1, N, H) states; the gates ``r``, ``u`` and the candidate ``g`` (T, N, H); ``s``
    (T, N, H) what the reset gate acts on, h_{t-1} W_hgᵀ + b_hg.
    """

    x: np.ndarray
    h: np.ndarray
    r: np.ndarray
    u: np.ndarray
    g: np.ndarray
    s: np.ndarray


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

    Raises
    ------
    TypeError
        When `rng` is a seed instead of a Generator, or a size is no whole number.
    ValueError
        When a size is below 1 or the gain is negative.

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


def step(params, x, h):
    """One step of the recurrence: ``x`` (N, D), ``h`` (N, H); return h, r, u, g, s, each (N, H)."""
    x_r, x_u, x_g = np.split(x @ params.W_x.T + params.b_x, 3, axis=1)
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
    TypeError, ValueError
        When an argument has the wrong type, rank or size, is empty, or is not finite.
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
    sizes = _sizes(params)
    float_array("x", x, "T N D", sizes)
    T, N, H = *x.shape[:2], params.W_h.shape[1]
    h = np.zeros((T + 1, N, H))
    if h0 is not None:
        float_array("h0", h0, "N H", sizes)
        h[0] = h0
    r, u, g, s = np.empty((4, T, N, H))
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(T):
            h[t + 1], r[t], u[t], g[t], s[t] = step(params, x[t], h[t])
    if not np.isfinite([h[1:], s]).all():
        t = int(np.argmin(np.isfinite([h[1:], s]).all(axis=(0, 2, 3)))) + 1
        raise FloatingPointError(f"the pre-activations overflow at step {t} of {T}: they need smaller weights")
    return Trace(x, h, r, u, g, s)


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

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or there is no sample `n`.

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
    _check_trace(params, trace)
    n = count("n", n, at_least=0, at_most=trace.u.shape[1] - 1)
    h, r, u, g, s = (part[:, n, :, None] for part in trace[1:])
    W_r, W_u, W_g = np.split(params.W_h, 3)
    dg = (1 - g * g) * (r * W_g + s * r * (1 - r) * W_r)
    return u * np.eye(len(W_u)) + (h[:-1] - g) * u * (1 - u) * W_u + (1 - u) * dg


def _sizes(params):
    """Check the parameters; return the sizes they fix, H, 3H and D."""
    sizes = {}
    if not isinstance(params, Params):
        raise TypeError(f"params is of type {type(params).__name__}, but needs gru.Params(W_x, W_h, b_x, b_h)")
    float_array("params.W_h", params.W_h, "3H H", sizes)
    rows, H = params.W_h.shape
    if rows != 3 * H:
        raise ValueError(f"params.W_h has shape {(rows, H)}, but needs (3H, H): the blocks of r, u and g")
    for name, axes in (("W_x", "3H D"), ("b_x", "3H"), ("b_h", "3H")):
        float_array(f"params.{name}", getattr(params, name), axes, sizes)
    return sizes


def _check_trace(params, trace):
    """Refuse parameters and a trace that do not fit together."""
    sizes = _sizes(params)
    if not isinstance(trace, Trace):
        raise TypeError(f"trace is of type {type(trace).__name__}, but needs the gru.Trace that forward returns")
    axes = {"x": "T N D", "h": "T+1 N H"}
    for name, part in zip(trace._fields, trace, strict=True):
        float_array(f"trace.{name}", part, axes.get(name, "T N H"), sizes)
