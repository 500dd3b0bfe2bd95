"""Activations: the value a(z), the slope a'(z) and the bound on the slope, γ.

``TANH``, ``SIGMOID``, ``RELU``, ``IDENTITY``, ``GELU`` and ``SILU`` are ready to pass to `bptt.cells.rnn.forward`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, ndtr


class Activation(NamedTuple):
    """An activation as back-propagation needs it.

    Attributes
    ----------
    name : str
    value : callable
        ``value(z)`` is a(z), element by element.
    slope : callable
        ``slope(z, a)`` is a'(z), element by element, given z and the value a = a(z) that the forward pass already has:
        tanh, sigmoid and ReLU read their slope off the value and never look at z.
    gamma : float
        γ, the largest |a'(z)| over all real z.

    Examples
    --------
    >>> a = TANH.value(np.array([0.0, 1.0]))
    >>> TANH.slope(None, a).round(3)
    array([1.  , 0.42])
    """

    name: str
    value: Callable
    slope: Callable
    gamma: float


def sigmoid(z):
    """σ(z) = 1/(1 + e^{-z}): as exact as scipy's in half the time; where e^{-z} overflows, below -709.8, it is 0."""
    with np.errstate(over="ignore"):
        e = np.exp(-z)
        e += 1
        return 1 / e


def normal_density(z):
    """Density of the standard normal distribution."""
    with np.errstate(over="ignore"):  # z² may overflow; the density is 0 there all the same
        return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def gelu_slope(z, a):
    """Slope of GELU, Φ(z) + z φ(z)."""
    return ndtr(z) + z * normal_density(z)


def silu_slope(z, a):
    """Slope of SiLU, σ(z) (1 + z (1 - σ(z)))."""
    return expit(z) * (1 + z * expit(-z))


# The slope of GELU is steepest where its derivative (2 - z²) φ(z) is zero; that of SiLU where z tanh(z/2) = 2.
GELU_STEEPEST = np.sqrt(2.0)
SILU_STEEPEST = brentq(lambda z: z * np.tanh(z / 2) - 2, 1.0, 4.0, xtol=1e-14)

TANH = Activation("tanh", np.tanh, lambda z, a: 1 - a * a, 1.0)
SIGMOID = Activation("sigmoid", sigmoid, lambda z, a: a * (1 - a), 0.25)
RELU = Activation("relu", lambda z: np.maximum(z, 0.0), lambda z, a: (a > 0).astype(float), 1.0)
IDENTITY = Activation("identity", np.positive, lambda z, a: np.ones_like(a), 1.0)
GELU = Activation("gelu", lambda z: z * ndtr(z), gelu_slope, float(gelu_slope(GELU_STEEPEST, None)))
SILU = Activation("silu", lambda z: z * expit(z), silu_slope, float(silu_slope(SILU_STEEPEST, None)))

ALL = (TANH, SIGMOID, RELU, IDENTITY, GELU, SILU)
