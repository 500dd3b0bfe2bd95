"""The vanilla recurrent network and its gradient, by back-propagation through time.

Forward, for t = 1 … T, with one sample per row::

    z_t = h_{t-1} W_hᵀ + x_t W_xᵀ + b,      h_t = a(z_t)

Backward, from the last step to the first::

    dz_t = dh_t ⊙ a'(z_t),                  dh_{t-1} = dz_t W_h  (+ the loss on h_{t-1})

Shapes: T steps, N samples, D inputs, H hidden units; time first, batch second, all float64.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, float_array, generator, number
from bptt.cells.activations import TANH, Activation


class Params(NamedTuple):
    """Parameters θ: ``W_x`` (H, D), ``W_h`` (H, H), ``b`` (H,). Every step uses the same ones."""

    W_x: np.ndarray
    W_h: np.ndarray
    b: np.ndarray


class Trace(NamedTuple):
    """What the forward pass leaves for the backward pass.

    ``x`` (T, N, D) inputs; ``h`` (T+1, N, H) states, ``h[0]`` the initial one; ``slope`` (T, N, H) with
    ``slope[t-1]`` = a'(z_t), the diagonal of D_t.
    """

    x: np.ndarray
    h: np.ndarray
    slope: np.ndarray


class Grads(NamedTuple):
    """Gradients of the loss, each of the shape of what it is the gradient of."""

    W_x: np.ndarray
    W_h: np.ndarray
    b: np.ndarray
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
        Scale of the recurrent weights: the spectral radius of W_h tends to `gain` as H grows.

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
    (3, 3)
    """
    D, H, gain = count("D", D), count("H", H), number("gain", gain, at_least=0)
    generator("rng", rng)
    W_h = gain * rng.standard_normal((H, H)) / np.sqrt(H)
    W_x = rng.standard_normal((H, D)) / np.sqrt(D)
    return Params(W_x, W_h, np.zeros(H))


def forward(params, x, h0=None, activation=TANH):
    """Unroll the recurrence over a batch of sequences.

    Parameters
    ----------
    params : Params
    x : (T, N, D) array
        Inputs, time first.
    h0 : (N, H) array, optional
        Initial state, zero when left out.
    activation : Activation
        One of those in `bptt.cells.activations`.

    Returns
    -------
    Trace

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type, rank or size, is empty, or is not finite.
    FloatingPointError
        When the state grows beyond what float64 holds.

    Notes
    -----
    Equation (1.1.1). All input projections are one matrix product. Agrees with ``torch.nn.RNN`` to 1e-12 relative.

    Examples
    --------
    >>> params = Params(W_x=np.array([[1.0]]), W_h=np.array([[0.5]]), b=np.zeros(1))
    >>> forward(params, np.ones((3, 1, 1))).h[:, 0, 0].round(3)
    array([0.   , 0.762, 0.881, 0.894])
    """
    sizes = _sizes(params)
    float_array("x", x, "T N D", sizes)
    if h0 is not None:
        float_array("h0", h0, "N H", sizes)
    if not isinstance(activation, Activation):
        raise TypeError(f"activation is {activation!r}, but needs an Activation, such as bptt.cells.activations.TANH")
    (T, N, D), H = x.shape, len(params.b)
    W_hT = np.ascontiguousarray(params.W_h.T)  # in the order in which the loop reads it: a fifth faster
    h = np.empty((T + 1, N, H))
    h[0] = 0.0 if h0 is None else h0
    with np.errstate(over="ignore", invalid="ignore"):
        drive = (x.reshape(T * N, D) @ params.W_x.T).reshape(T, N, H)
        slope = drive  # the same memory: once a step has read its drive, it leaves its slope there
        for t in range(T):
            z = h[t] @ W_hT + drive[t] + params.b
            h[t + 1] = activation.value(z)
            slope[t] = activation.slope(z, h[t + 1])
    if not np.isfinite(h).all():
        step = int(np.argmin(np.isfinite(h).all(axis=(1, 2))))
        raise FloatingPointError(f"the state h overflows at step {step} of {T}: it needs a smaller gain or fewer steps")
    return Trace(x, h, slope)


@np.errstate(over="ignore", invalid="ignore")
def backward(params, trace, dh):
    """Gradient of the loss by back-propagation through time: one vector carried from the last step to the first.

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
    TypeError, ValueError
        When an argument has the wrong type, rank or size, or is not finite.
    FloatingPointError
        When the gradient grows beyond what float64 holds.

    Notes
    -----
    Equations (1.3.1) to (1.3.5). Time O(T N H²), memory O(T N H). Agrees with automatic differentiation to 1e-12
    relative. Where a unit saturates its slope is exactly 0 in float64, and so is what passes through it.

    Examples
    --------
    >>> params = Params(W_x=np.array([[1.0]]), W_h=np.array([[0.5]]), b=np.zeros(1))
    >>> trace = forward(params, np.zeros((4, 1, 1)))
    >>> backward(params, trace, np.ones((1, 1))).x[:, 0, 0]
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    dz, dh0 = _deltas(params, trace, dh)
    T, N, H = dz.shape
    flat = dz.reshape(T * N, H)
    grads = Grads(
        W_x=flat.T @ trace.x.reshape(T * N, -1),
        W_h=flat.T @ trace.h[:-1].reshape(T * N, H),
        b=flat.sum(axis=0),
        x=(flat @ params.W_x).reshape(trace.x.shape),
        h0=dh0,
    )
    _check_finite(grads, params, trace, dh)
    return grads


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
        Each with a leading axis of length T: entry k-1 is the contribution of step k, the gradient with respect to
        the copy θ_k of the parameters that only step k uses. Summed over that axis they are the gradient.

    Raises
    ------
    TypeError, ValueError, FloatingPointError
        As for `backward`.

    Notes
    -----
    Equation (1.2.2). Memory O(T H² + T² N D): meant for looking, not for training. Each x_k enters at step k alone
    and h_0 at step 1 alone, so their other contributions are exactly zero.
    """
    dz, dh0 = _deltas(params, trace, dh)
    T = len(dz)
    x, h0 = np.zeros((T, *trace.x.shape)), np.zeros((T, *dh0.shape))
    x[np.arange(T), np.arange(T)] = dz @ params.W_x
    h0[0] = dh0
    grads = Grads(
        W_x=dz.swapaxes(1, 2) @ trace.x,
        W_h=dz.swapaxes(1, 2) @ trace.h[:-1],
        b=dz.sum(axis=1),
        x=x,
        h0=h0,
    )
    _check_finite(grads, params, trace, dh)
    return grads


def _deltas(params, trace, dh):
    """Carry ∂E/∂h backwards; return dz (T, N, H), the gradients at the pre-activations, and ∂E/∂h_0 (N, H)."""
    sizes = check_trace(params, trace, finite=False)
    float_array("dh", dh, "T N H" if np.ndim(dh) == 3 else "N H", sizes, finite=False)
    losses = dh if dh.ndim == 3 else None
    dh = np.zeros_like(dh[0]) if dh.ndim == 3 else dh
    dz = np.empty(trace.slope.shape)
    for t in reversed(range(len(dz))):
        dh = dh if losses is None else dh + losses[t]
        dz[t] = dh * trace.slope[t]
        dh = dz[t] @ params.W_h
    return dz, dh


def _check_finite(grads, params, trace, dh):
    """Refuse a gradient that is not finite, and say why.

    A NaN in the trace or in the losses shows in the sums over all steps. To look for it there costs next to nothing;
    to look through the whole trace each time would cost a tenth of the backward pass.
    """
    if all(np.isfinite(part).all() for part in (grads.W_x, grads.W_h, grads.b, grads.h0, trace.h[-1])):
        return
    float_array("dh", dh, "T N H" if dh.ndim == 3 else "N H")
    check_trace(params, trace)
    raise FloatingPointError(
        f"the gradient overflows on its way back through {len(trace.x)} steps: it needs fewer steps"
    )


def _sizes(params):
    """Check the parameters; return the sizes they fix, H and D."""
    sizes = {}
    if not isinstance(params, Params):
        raise TypeError(f"params is of type {type(params).__name__}, but needs rnn.Params(W_x, W_h, b)")
    float_array("params.W_x", params.W_x, "H D", sizes)
    float_array("params.W_h", params.W_h, "H H", sizes)
    float_array("params.b", params.b, "H", sizes)
    return sizes


def check_trace(params, trace, finite=True):
    """Refuse parameters and a trace that do not fit together; return the sizes met.

    Parameters
    ----------
    params : Params
    trace : Trace
    finite : bool
        Whether to look through the trace for NaN and infinity.

    Raises
    ------
    TypeError, ValueError
        When one of them has the wrong type, rank or size, or is not finite.
    """
    sizes = _sizes(params)
    if not isinstance(trace, Trace):
        raise TypeError(f"trace is of type {type(trace).__name__}, but needs the rnn.Trace that forward returns")
    float_array("trace.x", trace.x, "T N D", sizes, finite)
    float_array("trace.h", trace.h, "T+1 N H", sizes, finite)
    float_array("trace.slope", trace.slope, "T N H", sizes, finite)
    return sizes
