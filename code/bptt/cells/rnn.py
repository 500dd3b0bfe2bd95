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

from bptt.arguments import count, fields, float_array, generator, number
from bptt.cells.activations import TANH, Activation
from bptt.cells.backwards import at_every_step, at_its_own_step, finite


class Params(NamedTuple):
    """Parameters θ: ``W_x`` (H, D), ``W_h`` (H, H), ``b`` (H,). Every step uses the same ones."""

    W_x: np.ndarray
    W_h: np.ndarray
    b: np.ndarray


PARAMS_AXES = {"W_x": "H D", "W_h": "H H", "b": "H"}


class Trace(NamedTuple):
    """What the forward pass leaves for the backward pass.

    ``x`` (T, N, D) inputs; ``h`` (T+1, N, H) states, ``h[0]`` the initial one; ``slope`` (T, N, H) with
    ``slope[t-1]`` = a'(z_t), the diagonal of D_t.
    """

    x: np.ndarray
    h: np.ndarray
    slope: np.ndarray


TRACE_AXES = {"x": "T N D", "h": "T+1 N H", "slope": "T N H"}


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


def step(params, x_part, h, activation=TANH):
    """One step of the recurrence; equation (1.1.1).

    Parameters
    ----------
    params : Params
    x_part : (N, H) array
        What the input adds to the pre-activations, ``x @ params.W_x.T``.
    h : (N, H) array
        The state before the step.
    activation : Activation

    Returns
    -------
    h, slope : (N, H) array
    """
    z = h @ params.W_h.T + x_part + params.b
    h = activation.value(z)
    slope = activation.slope(z, h)
    return h, slope


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
    sizes = fields("params", params, Params, PARAMS_AXES)
    float_array("x", x, "T N D", sizes)
    if h0 is not None:
        float_array("h0", h0, "N H", sizes)
    if not isinstance(activation, Activation):
        raise TypeError(f"activation is {activation!r}, but needs an Activation, such as bptt.cells.activations.TANH")
    (T, N, D), H = x.shape, len(params.b)
    params = params._replace(W_h=np.asfortranarray(params.W_h))  # W_hᵀ in the order in which the loop reads it
    h = np.empty((T + 1, N, H))
    h[0] = 0.0 if h0 is None else h0
    with np.errstate(over="ignore", invalid="ignore"):
        drive = (x.reshape(T * N, D) @ params.W_x.T).reshape(T, N, H)
        slope = drive  # the same memory: once a step has read its drive, it leaves its slope there
        for t in range(T):
            h[t + 1], slope[t] = step(params, drive[t], h[t], activation)
    if not np.isfinite(h).all():
        t = int(np.argmin(np.isfinite(h).all(axis=(1, 2))))
        raise FloatingPointError(f"the state h overflows at step {t} of {T}: it needs a smaller gain or fewer steps")
    return Trace(x, h, slope)


def deltas(params, trace, losses):
    """Carry ∂E/∂h from the last step to the first; equations (1.3.1) and (1.3.6).

    Parameters
    ----------
    params : Params
    trace : Trace
    losses : sequence of T (N, H) arrays
        ∂E_t/∂h_t, or 0.0 where the loss does not look.

    Returns
    -------
    dz : (T, N, H) array
        ∂E/∂z_t, the gradients at the pre-activations.
    dh : (N, H) array
        ∂E/∂h_0.
    """
    dz, dh = np.empty(trace.slope.shape), 0.0
    for t in reversed(range(len(dz))):
        dh = dh + losses[t]
        dz[t] = dh * trace.slope[t]
        dh = dz[t] @ params.W_h
    return dz, dh


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
    FloatingPointError
        When the gradient grows beyond what float64 holds.

    Notes
    -----
    Equations (1.3.1), (1.3.2) and (1.3.6). Time O(T N H²), memory O(T N H). Agrees with automatic differentiation to
    1e-12 relative. Where a unit saturates its slope is exactly 0 in float64, and so is what passes through it.

    Examples
    --------
    >>> params = Params(W_x=np.array([[1.0]]), W_h=np.array([[0.5]]), b=np.zeros(1))
    >>> trace = forward(params, np.zeros((4, 1, 1)))
    >>> backward(params, trace, np.ones((1, 1))).x[:, 0, 0]
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    sizes = check_trace(params, trace, finite=False)
    dz, dh0 = deltas(params, trace, at_every_step("dh", dh, sizes))
    T, N, H = dz.shape
    flat = dz.reshape(T * N, H)
    grads = Grads(
        W_x=flat.T @ trace.x.reshape(T * N, -1),
        W_h=flat.T @ trace.h[:-1].reshape(T * N, H),
        b=flat.sum(axis=0),
        x=(flat @ params.W_x).reshape(trace.x.shape),
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
        Each with a leading axis of length T: entry k-1 is the contribution of step k, the gradient with respect to
        the copy θ_k of the parameters that only step k uses. Summed over that axis they are the gradient.

    Notes
    -----
    Equation (1.2.2). Memory O(T H² + T² N D): meant for looking, not for training. Each x_k enters at step k alone
    and h_0 at step 1 alone, so their other contributions are exactly zero.
    """
    sizes = check_trace(params, trace, finite=False)
    dz, dh0 = deltas(params, trace, at_every_step("dh", dh, sizes))
    grads = Grads(
        W_x=dz.swapaxes(1, 2) @ trace.x,
        W_h=dz.swapaxes(1, 2) @ trace.h[:-1],
        b=dz.sum(axis=1),
        x=at_its_own_step(dz @ params.W_x, len(dz)),
        h0=at_its_own_step(dh0, len(dz)),
    )
    return finite(grads, params, trace, check_trace, dh=dh)


def steps(params, trace, n=0):
    """One-step Jacobians along the trajectory of one sample.

    Parameters
    ----------
    params : Params
    trace : Trace
    n : int
        Which sample of the batch.

    Returns
    -------
    (T, H, H) array
        ``J[t]`` = ∂h_{t+1}/∂h_t = diag(a'(z_{t+1})) W_h.

    Notes
    -----
    Equation (2.1.3).

    Examples
    --------
    >>> params = Params(W_x=np.eye(2), W_h=np.array([[0.0, 1.0], [2.0, 0.0]]), b=np.zeros(2))
    >>> steps(params, forward(params, np.zeros((1, 1, 2))))
    array([[[0., 1.],
            [2., 0.]]])
    """
    check_trace(params, trace)
    n = count("n", n, at_least=0, at_most=trace.slope.shape[1] - 1)
    return trace.slope[:, n, :, None] * params.W_h


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
