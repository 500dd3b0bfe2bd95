"""Networks of one unit, where robust memory and the cliff of the loss can be worked out by hand.

A unit that feeds itself with a weight above one has two stable states, and so a memory of one bit. The slope there is
below one: what makes the memory robust makes its gradient vanish. Between the two states runs a wall.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from bptt.arguments import count, number


class Latch(NamedTuple):
    """A memory of one bit.

    ``state`` h* is kept without input, and so is -h*. ``slope`` is dh_t/dh_{t-1} there. ``margin`` is the largest
    input, held for ever, against which the bit survives.
    """

    state: float
    slope: float
    margin: float


class Cliff(NamedTuple):
    """Loss of the one-unit network and its derivatives with respect to ``w`` and ``b``, each of their shape."""

    loss: np.ndarray
    dw: np.ndarray
    db: np.ndarray


def latch(w):
    """How robust a bit is in h_t = tanh(w h_{t-1} + u_t), and what that costs.

    Parameters
    ----------
    w : float
        Above 1: below, there is one stable state only and nothing to remember.

    Returns
    -------
    Latch

    Raises
    ------
    TypeError, ValueError
        When `w` is not above 1.

    Notes
    -----
    Equation (2.3.1). Positive state and inputs -margin hold each other in balance where the slope is 1, at
    h = √(1 - 1/w); hence margin = w √(1 - 1/w) - artanh √(1 - 1/w). The trade-off is that of bengio1994.

    Examples
    --------
    >>> [round(part, 3) for part in latch(2.0)]
    [0.958, 0.166, 0.533]
    """
    w = number("w", w, above=1)
    fold = np.sqrt(1 - 1 / w)
    state = brentq(lambda h: np.tanh(w * h) - h, fold, 1.0, xtol=1e-15)
    return Latch(state, w * (1 - state**2), float(w * fold - np.arctanh(fold)))


def cliff(w, b, T=50, start=0.5, target=0.7):
    """Loss E = (σ(x_T) - target)² of the one-unit network x_t = w σ(x_{t-1}) + b, and its gradient.

    Parameters
    ----------
    w, b : float or array
        Weight and bias, on a grid if they are arrays: shapes are broadcast.
    T : int
        Number of steps.
    start : float
        x_0.
    target : float

    Returns
    -------
    Cliff

    Raises
    ------
    TypeError, ValueError
        When `w` or `b` is not finite, or `T` is below 1.

    Notes
    -----
    The example of pascanu2013, their figure 6. The derivatives of x_t are carried forwards beside it.

    Examples
    --------
    >>> bool(cliff(5.05, -2.65).loss > 10 * cliff(5.05, -2.60).loss)
    True
    """
    T, start, target = count("T", T), number("start", start), number("target", target)
    w, b = np.broadcast_arrays(_finite("w", w), _finite("b", b))
    x, dw, db = np.full(w.shape, start), np.zeros(w.shape), np.zeros(w.shape)
    for _ in range(T):
        s = expit(x)
        slope = w * s * (1 - s)
        x, dw, db = w * s + b, s + slope * dw, 1 + slope * db
    s = expit(x)
    d = 2 * (s - target) * s * (1 - s)
    return Cliff((s - target) ** 2, d * dw, d * db)


def _finite(name, value):
    value = np.asarray(value, dtype=float)
    if not np.isfinite(value).all():
        raise ValueError(f"{name} contains NaN or infinity, but needs finite numbers")
    return value


def wall(w, start=0.5):
    """Bias at which the network starts exactly on its unstable fixed point: to the left x falls, to the right it rises.

    Parameters
    ----------
    w : float or array
        Where the wall is meant, w is above 4 and the fixed point `start` is the middle one of three.
    start : float
        x_0.

    Returns
    -------
    float or array
        b = x_0 - w σ(x_0).

    Raises
    ------
    TypeError, ValueError
        When `w` or `start` is not finite.

    Notes
    -----
    Equation (2.3.4).

    Examples
    --------
    >>> round(float(wall(5.05)), 4)
    -2.6434
    """
    return number("start", start) - _finite("w", w) * expit(start)


def folds(w):
    """Biases between which x_t = w σ(x_{t-1}) + b has three fixed points.

    Parameters
    ----------
    w : float
        At least 4. At the cusp, w = 4, both are -2.

    Returns
    -------
    low, high : float

    Raises
    ------
    TypeError, ValueError
        When `w` is below 4: there is one fixed point only, whatever the bias.

    Notes
    -----
    Equation (2.3.3). Two fixed points meet where w σ′(x) = 1. Such meetings are what doya1993 found on the way of
    learning.

    Examples
    --------
    >>> [round(b, 4) for b in folds(5.0)]
    [-2.6556, -2.3444]
    """
    w = number("w", w, at_least=4)
    s = (1 + np.array([1, -1]) * np.sqrt(1 - 4 / w)) / 2
    low, high = logit(s) - w * s
    return float(low), float(high)
