"""The linear recurrent unit, and its gradient: each unit is a complex number that turns and shrinks.

A complex unit is a pair of real ones. The state holds all real parts and then all imaginary parts, so that its shapes
and its Jacobians are real. Forward, for t = 1 … T, with the pairs read as complex numbers::

    λ = exp(-exp(ν) + iθ)                     inside the unit circle, whatever ν is
    γ = √(1 - |λ|²)
    h_t = λ ⊙ h_{t-1} + γ ⊙ (x_t W_xᵀ)

Backward, with the row δ = ∂E/∂Re h - i ∂E/∂Im h, so that dE = Re(δ dh)::

    δ_{t-1} = δ_t ⊙ λ                         (+ the loss on h_{t-1})

Source: orvieto2023; there the logarithm of θ is learned, here θ itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, fields, float_array, generator, number
from bptt.cells.backwards import at_every_step, at_its_own_step, finite


class Params(NamedTuple):
    """Parameters: ``nu`` and ``theta`` (H,) of the factors λ; ``W_x`` (2H, D), real parts above imaginary ones."""

    nu: np.ndarray
    theta: np.ndarray
    W_x: np.ndarray


class Trace(NamedTuple):
    """``x`` (T, N, D) inputs; ``h`` (T+1, N, 2H) states, real parts before imaginary ones."""

    x: np.ndarray
    h: np.ndarray


class Grads(NamedTuple):
    """Gradients of the loss, each of the shape of what it is the gradient of."""

    nu: np.ndarray
    theta: np.ndarray
    W_x: np.ndarray
    x: np.ndarray
    h0: np.ndarray


def init(D, H, rng, low=0.0, high=1.0):
    """Draw the factors λ evenly over the area of a ring, and W_x ~ N(0, 1/(2D)).

    Parameters
    ----------
    D, H : int
        Number of inputs and of complex units.
    rng : numpy.random.Generator
    low, high : float
        Radii of the ring, 0 ≤ low < high ≤ 1.

    Returns
    -------
    Params

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size.

    Examples
    --------
    >>> bool((abs(factors(init(1, 100, np.random.default_rng(0), 0.9, 0.99))) > 0.9).all())
    True
    """
    D, H = count("D", D), count("H", H)
    generator("rng", rng)
    high = number("high", high, above=0, at_most=1)
    low = number("low", low, at_least=0, below=high)
    squared = rng.uniform(low**2, high**2, H)
    W_x = rng.standard_normal((2 * H, D)) / np.sqrt(2 * D)
    return Params(np.log(-0.5 * np.log(squared)), rng.uniform(0, 2 * np.pi, H), W_x)


def factors(params):
    """The factors λ, one for each complex unit.

    Parameters
    ----------
    params : Params

    Returns
    -------
    (H,) array of complex

    Examples
    --------
    >>> abs(factors(Params(np.array([np.log(np.log(2))]), np.zeros(1), np.zeros((2, 1))))).round(12)
    array([0.5])
    """
    check_params(params)
    return np.exp(-np.exp(params.nu) + 1j * params.theta)


def forward(params, x, h0=None):
    """Unroll the recurrence over a batch of sequences.

    Parameters
    ----------
    params : Params
    x : (T, N, D) array
    h0 : (N, 2H) array, optional
        Initial state, zero when left out.

    Returns
    -------
    Trace

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or holds what is not finite.

    Examples
    --------
    >>> params = Params(np.array([np.log(np.log(2))]), np.array([np.pi / 2]), np.zeros((2, 1)))
    >>> forward(params, np.zeros((2, 1, 1)), h0=np.array([[1.0, 0.0]])).h[:, 0].round(12) + 0.0
    array([[ 1.  ,  0.  ],
           [ 0.  ,  0.5 ],
           [-0.25,  0.  ]])
    """
    sizes = check_params(params)
    float_array("x", x, "T N D", sizes)
    start = np.zeros((x.shape[1], 2 * len(params.nu))) if h0 is None else h0
    float_array("h0", start, "N 2H", sizes)
    lam = factors(params)
    written = scale(lam) * paired(x @ params.W_x.T)
    h = np.concatenate([paired(start)[None], written])
    for t in range(1, len(h)):
        h[t] += lam * h[t - 1]
    return Trace(x, apart(h))


def backward(params, trace, dh):
    """Gradient of the loss by back-propagation through time, for a loss on the last state or on all of them.

    Parameters
    ----------
    params : Params
    trace : Trace
    dh : (N, 2H) or (T, N, 2H) array
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
    >>> params = Params(np.array([np.log(np.log(2))]), np.zeros(1), np.zeros((2, 1)))
    >>> backward(params, forward(params, np.zeros((3, 1, 1))), np.array([[1.0, 0.0]])).h0.round(12)
    array([[0.125, 0.   ]])
    """
    return Grads(*(part.sum(axis=0) for part in contributions(params, trace, dh)))


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
    lam, shrink = factors(params), np.exp(params.nu)
    gamma, written = scale(lam), paired(trace.x @ params.W_x.T)
    losses = at_every_step("dh", dh, sizes | {"H": (trace.h.shape[2], "trace.h")})
    delta, delta0 = deltas(lam, np.array([loss + np.zeros_like(trace.h[0]) for loss in losses]))
    turned = delta * lam * paired(trace.h[:-1])  # δ_t λ h_{t-1}: what a change of ln λ does
    gamma_slope = shrink * (1 - gamma**2) / gamma
    at_input = np.conj(gamma * delta)
    grads = Grads(
        nu=(gamma_slope * (delta * written).real - shrink * turned.real).sum(axis=1),
        theta=-turned.imag.sum(axis=1),
        W_x=apart(at_input).swapaxes(1, 2) @ trace.x,
        x=at_its_own_step(apart(at_input) @ params.W_x, len(delta)),
        h0=at_its_own_step(apart(np.conj(delta0)), len(delta)),
    )
    return finite(grads, params, trace, check_trace, dh=dh)


def deltas(lam, losses):
    """Rows δ_1 … δ_T, (T, N, H) complex, and the row at h_0."""
    delta = np.conj(paired(losses))
    for t in reversed(range(len(delta) - 1)):
        delta[t] += delta[t + 1] * lam
    return delta, delta[0] * lam


def steps(params, trace, n=0):
    """One-step Jacobians of one sample: the same at every step, a turn and a shrinking for each pair.

    Parameters
    ----------
    params : Params
    trace : Trace
    n : int
        Which sample of the batch.

    Returns
    -------
    (T, 2H, 2H) array
        ``J[t]`` = ∂h_{t+1}/∂h_t.

    Examples
    --------
    >>> params = Params(np.array([np.log(np.log(2))]), np.array([np.pi / 2]), np.zeros((2, 1)))
    >>> steps(params, forward(params, np.zeros((1, 1, 1))))[0].round(12) + 0.0
    array([[ 0. , -0.5],
           [ 0.5,  0. ]])
    """
    check_trace(params, trace)
    count("n", n, at_least=0, at_most=trace.x.shape[1] - 1)
    lam = factors(params)
    real, imaginary = np.diag(lam.real), np.diag(lam.imag)
    J = np.block([[real, -imaginary], [imaginary, real]])
    return np.broadcast_to(J, (len(trace.x), *J.shape)).copy()


def scale(lam):
    """The factors γ that give every unit the same size under white noise."""
    return np.sqrt(1 - np.abs(lam) ** 2)


def paired(h):
    """Read real parts and imaginary parts along the last axis as complex numbers."""
    real, imaginary = np.split(h, 2, axis=-1)
    return real + 1j * imaginary


def apart(h):
    """Write complex numbers as real parts and imaginary parts along the last axis."""
    return np.concatenate([h.real, h.imag], axis=-1)


def check_params(params):
    """Refuse parameters that do not fit together; return the sizes met."""
    return fields("params", params, Params, {"nu": "H", "theta": "H", "W_x": "2H D"})


def check_trace(params, trace, finite=True):
    """Refuse parameters and a trace that do not fit together; return the sizes met."""
    return fields("trace", trace, Trace, {"x": "T N D", "h": "T+1 N 2H"}, check_params(params), finite)
