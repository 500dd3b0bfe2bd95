"""Mean field: what becomes of a random tanh network when it has many units.

Then each pre-activation is Gaussian, and all of them share one variance q, which one number equation determines::

    q = g² E[tanh²(√q z)] + s²,      λ_1 = ½ ln( g² E[tanh′²(√q z)] ),      z ~ N(0, 1)

for W_h with entries N(0, g²/H), or g times a random orthogonal matrix, and a white drive N(0, s²) on each unit.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from bptt.arguments import number

NODES = np.linspace(-12.0, 12.0, 2401)
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()


def normal_mean(f, variance=1.0, mean=0.0):
    """Mean of f(z) over z ~ N(mean, variance).

    Parameters
    ----------
    f : callable
        Takes an array of z and returns one of the same shape.
    variance, mean : float

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        When `variance` is negative, or one of the two is not finite.

    Notes
    -----
    The trapezoidal rule with 2401 nodes up to twelve standard deviations: to 1e-14 for tanh, its slope and their
    squares up to a variance of 400. For such smooth functions it converges geometrically (trefethen2014); here it is
    far better than Gauss-Hermite.

    Examples
    --------
    >>> round(normal_mean(lambda z: 1 - np.tanh(z) ** 2), 3)
    0.606
    """
    variance, mean = number("variance", variance, at_least=0), number("mean", mean)
    return float(WEIGHTS @ f(mean + np.sqrt(variance) * NODES))


def variance(gain, drive=0.0):
    """Variance q of the pre-activations: the fixed point of q = g² E[tanh²(√q z)] + s².

    Parameters
    ----------
    gain : float
        g, the scale of the recurrent weights.
    drive : float
        s, the standard deviation of the white drive of each unit.

    Returns
    -------
    float
        To 1e-12. Zero for a network without drive and with a gain of at most 1: it falls silent.

    Raises
    ------
    TypeError, ValueError
        When `gain` or `drive` is negative or not finite.

    Notes
    -----
    Equation (2.6.3): sompolinsky1988 in continuous time, molgedey1992 in discrete time and with a drive. Divided by
    q, the right-hand side falls as q grows, so there is no second positive fixed point.

    Examples
    --------
    >>> round(variance(1.5), 4), variance(0.9)
    (0.7934, 0.0)
    """
    gain, drive = number("gain", gain, at_least=0), number("drive", drive, at_least=0)
    if drive == 0 and gain <= 1:
        return 0.0
    # tanh² x ≥ x² - ⅔ x⁴ gives E[tanh²(√q z)] ≥ q - 2q², hence the lower end of the bracket.
    lowest = max(drive**2, (1 - 1 / gain**2) / 2 if gain > 1 else 0.0)
    excess = lambda q: gain**2 * normal_mean(lambda z: np.tanh(z) ** 2, q) + drive**2 - q
    return brentq(excess, 0.999 * lowest, 1.001 * (gain**2 + drive**2), xtol=1e-14, rtol=1e-14)


def exponent(gain, drive=0.0):
    """Largest Lyapunov exponent of a tanh network with many units.

    Parameters
    ----------
    gain, drive
        As for `variance`.

    Returns
    -------
    float
        λ_1 = ½ ln(g² E[tanh′²(√q z)]), in nats per step; -inf at a gain of 0.

    Raises
    ------
    TypeError, ValueError
        When `gain` or `drive` is negative or not finite.

    Notes
    -----
    Equation (2.6.4); molgedey1992. The limit of H → ∞. Without drive and below the critical gain, a network of H units
    has ln ρ(W_h) instead, which is larger by about 1/√H.

    Examples
    --------
    >>> [round(exponent(g), 3) for g in (0.5, 1.5, 2.0, 3.0)]
    [-0.693, 0.065, 0.155, 0.31]
    """
    q = variance(gain, drive)
    with np.errstate(divide="ignore"):
        return float(np.log(gain**2 * normal_mean(lambda z: (1 - np.tanh(z) ** 2) ** 2, q)) / 2)


def critical_gain(drive=0.0):
    """Gain at the edge of chaos, where λ_1 = 0.

    Parameters
    ----------
    drive : float
        As for `variance`, at most 10.

    Returns
    -------
    float
        To 1e-12; 1 without drive.

    Raises
    ------
    TypeError, ValueError
        When `drive` is negative, above 10, or not finite.

    Notes
    -----
    Equation (2.6.5); molgedey1992. The drive saturates units, and it takes a larger gain to make up for it.

    Examples
    --------
    >>> [round(critical_gain(s), 3) for s in (0.0, 0.5, 1.0)]
    [1.0, 1.55, 1.856]
    """
    drive = number("drive", drive, at_least=0, at_most=10)
    return 1.0 if drive == 0 else brentq(exponent, 1.0, 20.0, (drive,), xtol=1e-13)
