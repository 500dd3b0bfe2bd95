"""Where a gradient first departs from the right one: which step, which gate."""

from __future__ import annotations

import numpy as np

from bptt.examine.mistakes_switches import columns


def deltas(reading, tape, gradient, T):
    """The deltas of each step, read off a gradient, where its sums over the steps allow it.

    dW is Σ_t dz_t ⊗ (what step t saw). If the steps saw different enough things, the dz_t can be solved for.

    Parameters
    ----------
    reading : Reading
    tape : Tape
    gradient : (G, H, D+H+3) array
        Read off the reader's arrays.
    T : int

    Returns
    -------
    (T, G, H) array, or None where no deltas give these sums.
    """
    at = columns(reading.D, reading.H)
    ones, h = np.ones((T, 1)), tape.states["h"][:T]
    candidates = [("x",), ("x", "b")] + ([("x", "b", "h")] if reading.cell.kind != "GRU" else [])
    saw = {"x": tape.x[:T], "b": ones, "h": h}
    for parts in candidates:
        where = np.concatenate([at[part] for part in parts])
        A = np.concatenate([saw[part] for part in parts], axis=1)
        if reading.known[..., where].all() and np.linalg.matrix_rank(A) == T:
            G, H, _ = gradient.shape
            wanted = gradient[..., where].reshape(G * H, -1).T
            dz, *_ = np.linalg.lstsq(A.T, wanted, rcond=None)
            if np.abs(A.T @ dz - wanted).max() <= 1e-6 * (np.abs(wanted).max() + 1e-300):
                return dz.reshape(T, G, H)
    return None


def table(yours, right, tolerance):
    """Relative error of each step and gate, the last step first.

    Parameters
    ----------
    yours, right : (T, G, H) array
    tolerance : float

    Returns
    -------
    (T, G) array
        0 where they agree, NaN where there is nothing to be wrong about.
    """
    size = np.abs(right).max(axis=(0, 2))
    off = np.abs(yours - right).max(axis=2) / np.where(size > 0, size, 1.0)
    nothing = (np.abs(right).max(axis=2) == 0) & (off <= tolerance)
    return np.where(nothing, np.nan, np.where(off <= tolerance, 0.0, off))[::-1]
