"""Powers of one matrix: what they do before they do what the eigenvalues say.

Powers of W are the products of Jacobians of a linear network, or of one that rests. In the end they follow ρ(W)ⁿ.
Until then they may grow first, and the less W commutes with its transpose the more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from bptt.arguments import count, float_array
from bptt.growth.binary_scale import Scaled


class Transient(NamedTuple):
    """The largest power: ``growth`` = max ‖Wⁿ‖₂ over n ≥ 0, and ``step``, the first n that reaches it."""

    growth: float
    step: int


def gelfand(W, n):
    """Rate per step of the n-th power, ‖Wⁿ‖₂^(1/n), which tends to the spectral radius.

    Parameters
    ----------
    W : (m, m) array
    n : int
        At least 1.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        When `W` is not square or not finite float64, or `n` is below 1.

    Notes
    -----
    Gelfand's formula. By repeated squaring, 2 log₂ n products; powers of two are split off exactly, so
    that Wⁿ may be far beyond the range of float64. Tested to n = 10⁶.

    Examples
    --------
    >>> W = np.array([[0.9, 10.0], [0.0, 0.9]])
    >>> [round(gelfand(W, n), 3) for n in (1, 10, 100, 1000, 10_000)]
    [10.08, 1.442, 0.965, 0.908, 0.901]
    """
    float_array("W", W, "m m")
    rest = n = count("n", n)
    power, square = Scaled.of(np.eye(len(W))), Scaled.of(W)
    while rest:
        if rest % 2:
            power = power @ square
        square, rest = square @ square, rest // 2
    return float(np.exp(power.log_norm() / n))


def transient(W, most_steps=100_000):
    """How large the powers of W become before they vanish.

    Parameters
    ----------
    W : (m, m) array
        With ρ(W) < 1.
    most_steps : int
        Give up after so many powers.

    Returns
    -------
    Transient

    Raises
    ------
    TypeError, ValueError
        When `W` is not square or not finite float64, or when none of the powers falls below 1.

    Notes
    -----
    Powers are formed up to the first n with ‖Wⁿ‖ < 1. Any later one is a product of that and of an earlier one, and
    so no larger than the largest seen.

    Examples
    --------
    >>> growth, step = transient(np.array([[0.9, 10.0], [0.0, 0.9]]))
    >>> round(growth, 1), step
    (38.7, 9)
    """
    float_array("W", W, "m m")
    most_steps = count("most_steps", most_steps)
    if (radius := np.abs(np.linalg.eigvals(W)).max()) >= 1:
        raise ValueError(f"W has the spectral radius {radius:.3g}, but its powers vanish only if that is below 1")
    best, power = Transient(1.0, 0), np.eye(len(W))
    for n in range(1, most_steps + 1):
        power = power @ W
        norm = float(np.linalg.norm(power, 2))
        best = max(best, Transient(norm, n), key=lambda seen: seen.growth)
        if norm < 1:
            return best
    raise ValueError(f"W has no power with a norm below 1 among the first {most_steps}, but needs one")


def kreiss(W):
    """Lower bound of the Kreiss constant K: the powers of W reach at least K, and at most e m K.

    Parameters
    ----------
    W : (m, m) array

    Returns
    -------
    float
        The largest (|z| - 1) ‖(zI - W)⁻¹‖₂ that was found outside the unit circle; at least 1, which it tends to far
        out.

    Raises
    ------
    TypeError, ValueError
        When `W` is not square, or not finite float64.

    Notes
    -----
    K ≤ max ‖Wⁿ‖ ≤ e m K (kreiss1962, trefethen2005). Searched on a grid of 60 radii, with |z| - 1 from
    1e-4 to 1e4, and 64 angles, and improved from the best point; so what is returned is always a valid lower bound,
    also of max ‖Wⁿ‖. For ρ(W) > 1 the constant is infinite.

    Examples
    --------
    >>> round(kreiss(np.array([[0.9, 10.0], [0.0, 0.9]])), 1)
    25.0
    """
    float_array("W", W, "m m")
    distances, angles = np.geomspace(1e-4, 1e4, 60), np.linspace(0, np.pi, 64)  # W is real: half a circle will do
    grid = np.stack(np.meshgrid(np.log(distances), angles), axis=-1).reshape(-1, 2)
    best = grid[np.argmax(_resolvent(grid, W))]
    box = [np.log([1e-6, 1e4]), (0.0, np.pi)]
    found = minimize(lambda point: -_resolvent(point[None], W)[0], best, method="Nelder-Mead", bounds=box)
    return max(1.0, float(-found.fun))


def _resolvent(points, W):
    """(|z| - 1) ‖(zI - W)⁻¹‖₂ at points (ln(|z| - 1), angle)."""
    distance = np.exp(points[:, 0])
    z = (1 + distance) * np.exp(1j * points[:, 1])
    smallest = np.linalg.norm(z[:, None, None] * np.eye(len(W)) - W, -2, axis=(1, 2))
    return distance / np.maximum(smallest, np.finfo(float).tiny)
