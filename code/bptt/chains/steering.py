"""Tanh networks that are driven: through states of our choice, or by noise.

A tanh network with an invertible W_x can be led through any states between -1 and 1. So a sequence of slopes that
refutes a condition is no mere possibility: there are inputs that produce it.
"""

from __future__ import annotations

import numpy as np

from bptt.arguments import count, float_array, generator, number
from bptt.cells import rnn
from bptt.growth.matrices import CANCELLING, SWITCHING


def steer(params, h):
    """Find the inputs that lead a tanh network through given states.

    Parameters
    ----------
    params : rnn.Params
        With as many inputs as units, D = H, and an invertible ``W_x``.
    h : (T+1, N, H) array
        The states, ``h[0]`` the initial one. All others between -1 and 1.

    Returns
    -------
    (T, N, H) array
        x_t = W_x⁻¹ (artanh h_t - W_h h_{t-1} - b), so that ``forward(params, x, h[0])`` passes through `h`.

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, a state is out of reach of tanh, or ``W_x`` is singular.

    Notes
    -----
    Equation (2.4.5). Close to ±1 the states are met less exactly: to about 1e-16 / (1 - |h|) in what tanh gets.

    Examples
    --------
    >>> params = rnn.Params(W_x=np.eye(2), W_h=CANCELLING, b=np.zeros(2))
    >>> h = np.full((4, 1, 2), 0.5)
    >>> bool(np.allclose(rnn.forward(params, steer(params, h), h[0]).h, h))
    True
    """
    sizes = {}
    float_array("params.W_h", params.W_h, "H H", sizes)
    float_array("params.W_x", params.W_x, "H H", sizes)
    float_array("params.b", params.b, "H", sizes)
    float_array("h", h, "T+1 N H", sizes)
    if (largest := np.abs(h[1:]).max(initial=0.0)) >= 1:
        raise ValueError(f"h contains a state of size {largest}, but tanh needs states between -1 and 1")
    if (rank := np.linalg.matrix_rank(params.W_x)) < len(params.b):
        raise ValueError(f"params.W_x has rank {rank}, but needs rank {len(params.b)}, one input for every unit")
    z = np.arctanh(h[1:]) - h[:-1] @ params.W_h.T - params.b
    return np.linalg.solve(params.W_x, z.swapaxes(1, 2)).swapaxes(1, 2)


def fading(T):
    """One unit with w = 1 whose slopes are all below 1, and whose gradient over any distance stays above one half.

    Parameters
    ----------
    T : int

    Returns
    -------
    params : rnn.Params
    trace : rnn.Trace
        With states 1/(t+1), so that the product of T slopes is (T+2) / (2T+2).

    Raises
    ------
    TypeError, ValueError
        When `T` is below 1.

    Examples
    --------
    >>> params, trace = fading(10_000)
    >>> round(float(trace.slope.prod()), 5)
    0.50005
    """
    h = 1 / np.arange(1.0, count("T", T) + 2)
    return _led(np.ones((1, 1)), h[:, None])


def cancelling(T, held=0.999):
    """Two units whose weights cancel, W² = 0: hold one of them, and the gradient through the other doubles every step.

    Parameters
    ----------
    T : int
    held : float
        State at which the second unit is held, between -1 and 1. The first one stays at 0.

    Returns
    -------
    params : rnn.Params
        ``W_h`` is `matrices.CANCELLING`.
    trace : rnn.Trace

    Raises
    ------
    TypeError, ValueError
        When `T` is below 1 or `held` is out of range.

    Examples
    --------
    >>> params, trace = cancelling(50)
    >>> trace.slope[-1, 0].round(3)
    array([1.   , 0.002])
    """
    held = number("held", held, above=-1, below=1)
    return _led(CANCELLING, np.tile([0.0, held], (count("T", T) + 1, 1)))


def switching(T, saturated=0.995):
    """Two units that saturate in turn: every Jacobian has a spectral radius below 1, and their product explodes.

    Parameters
    ----------
    T : int
    saturated : float
        State of the unit whose turn it is, between -1 and 1. The other one is at 0.

    Returns
    -------
    params : rnn.Params
        ``W_h`` is `matrices.SWITCHING`.
    trace : rnn.Trace

    Raises
    ------
    TypeError, ValueError
        When `T` is below 1 or `saturated` is out of range.

    Examples
    --------
    >>> params, trace = switching(100)
    >>> trace.h[:3, 0]
    array([[0.   , 0.995],
           [0.995, 0.   ],
           [0.   , 0.995]])
    """
    saturated = number("saturated", saturated, above=-1, below=1)
    return _led(SWITCHING, saturated * (np.arange(count("T", T) + 1)[:, None] % 2 == [1, 0]))


def _led(W_h, h):
    """Network with W_x = I and b = 0, led through the states h (T+1, H)."""
    params = rnn.Params(np.eye(len(W_h)), W_h, np.zeros(len(W_h)))
    h = h[:, None, :]
    return params, rnn.forward(params, steer(params, h), h[0])


def steps(W_h, T, rng, drive=0.0, skip=0):
    """Jacobians of a tanh network under white noise, one by one, so that a long run need not be stored.

    Parameters
    ----------
    W_h : (H, H) array
    T : int
        Number of steps.
    rng : numpy.random.Generator
        Draws the initial state from N(0, 1), and the noise.
    drive : float
        Standard deviation of the noise on each unit, at each step.
    skip : int
        Steps to let pass first, so that the start is forgotten.

    Yields
    ------
    (H, H) array
        diag(1 - h_t²) W_h for t = 1 … T, h_t = tanh(W_h h_{t-1} + drive ξ_t).

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or is out of range, at the first step.

    Examples
    --------
    >>> J = steps(np.eye(2), T=3, rng=np.random.default_rng(0), drive=0.5)
    >>> sum(1 for _ in J)
    3
    """
    float_array("W_h", W_h, "H H")
    generator("rng", rng)
    T, skip, drive = count("T", T), count("skip", skip, at_least=0), number("drive", drive, at_least=0)
    h = rng.standard_normal(len(W_h))
    for t in range(-skip, T):
        h = np.tanh(W_h @ h + drive * rng.standard_normal(len(W_h)))
        if t >= 0:
            yield (1 - h * h)[:, None] * W_h
