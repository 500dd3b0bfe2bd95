"""Is a gradient right? Central differences, array by array, for cells that are not known."""

from __future__ import annotations

import numpy as np


def errors(energy, arrays, gradient, rng, single, entries=40):
    """Relative error of each array of a gradient, measured by central differences.

    Parameters
    ----------
    energy : callable
        ``energy(arrays)`` is the loss.
    arrays, gradient : list of array
    rng : numpy.random.Generator
        Picks the entries of large arrays.
    single : bool
        Whether the loss is computed in single precision.
    entries : int
        How many entries of an array are looked at.

    Returns
    -------
    list of float
        Largest error of an array in units of its largest entry; 0 where it is below what the differences can see.

    Notes
    -----
    A slope is measured twice, with a step and with half of it; what they differ by is taken for what can be seen.
    """
    step, unsure = (2e-2, 2e-2) if single else (1e-4, 1e-6)
    found = []
    for k, (array, claimed) in enumerate(zip(arrays, gradient, strict=True)):
        chosen = rng.permutation(array.size)[:entries]
        coarse, fine = (np.array([_slope(energy, arrays, k, n, h) for n in chosen]) for h in (step, step / 2))
        slope, claimed = (4 * fine - coarse) / 3, claimed.flat[chosen]
        size = max(np.abs(slope).max(), np.abs(claimed).max(), 1e-300)
        error = np.abs(slope - claimed).max() / size
        found.append(error if error > max(unsure, np.abs(coarse - fine).max() / size) else 0.0)
    return found


def _slope(energy, arrays, k, n, h):
    """Central difference in one entry of one array."""
    values = []
    for side in (h, -h):
        moved = [array.copy() for array in arrays]
        moved[k].flat[n] += side
        values.append(energy(moved))
    return (values[0] - values[1]) / (2 * h)
