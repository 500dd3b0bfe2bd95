"""Recurrent weights worth knowing: random ones with given properties, and the smallest counterexamples.

The constants are read-only: each is the smallest matrix that refutes something which is often said.
"""

from __future__ import annotations

import numpy as np

from bptt.arguments import count, generator, number


def gaussian(H, rng, gain=1.0):
    """Independent entries N(0, gain²/H): ρ tends to `gain` as H grows, and σ_max to twice that.

    Parameters
    ----------
    H : int
    rng : numpy.random.Generator
    gain : float

    Returns
    -------
    (H, H) array

    Raises
    ------
    TypeError, ValueError
        When `H` is below 1, `rng` is no Generator, or `gain` is negative.

    Examples
    --------
    >>> W = gaussian(400, np.random.default_rng(0))
    >>> round(float(np.linalg.norm(W, 2)), 1)
    2.0
    """
    H, gain = count("H", H), number("gain", gain, at_least=0)
    generator("rng", rng)
    return gain * rng.standard_normal((H, H)) / np.sqrt(H)


def uniform(H, rng):
    """Entries uniform between ±1/√H, as PyTorch draws them for its recurrent layers: ρ tends to 1/√3, σ_max to 2/√3.

    Parameters
    ----------
    H : int
    rng : numpy.random.Generator

    Returns
    -------
    (H, H) array

    Raises
    ------
    TypeError, ValueError
        When `H` is below 1, or `rng` is no Generator.

    Examples
    --------
    >>> float(np.abs(uniform(400, np.random.default_rng(0))).max()) < 0.05
    True
    """
    H = count("H", H)
    generator("rng", rng)
    return rng.uniform(-1, 1, (H, H)) / np.sqrt(H)


def orthogonal(H, rng, gain=1.0):
    """Draw a rotation or reflection, all of them equally likely, times `gain`: every singular value is `gain`.

    Parameters
    ----------
    H : int
    rng : numpy.random.Generator
    gain : float

    Returns
    -------
    (H, H) array

    Raises
    ------
    TypeError, ValueError
        When `H` is below 1, `rng` is no Generator, or `gain` is negative.

    Notes
    -----
    The Q of a Gaussian matrix, with the signs that make the diagonal of R positive (mezzadri2007).

    Examples
    --------
    >>> Q = orthogonal(3, np.random.default_rng(0))
    >>> np.allclose(Q @ Q.T, np.eye(3))
    True
    """
    Q, R = np.linalg.qr(gaussian(H, rng))
    return number("gain", gain, at_least=0) * Q * np.sign(np.diagonal(R))


def delay_line(H):
    """Each unit hands its state to the next and the last one drops it: a memory of H - 1 steps without eigenvalues.

    Parameters
    ----------
    H : int

    Returns
    -------
    (H, H) array
        Ones below the diagonal. ρ = 0, yet ‖Wⁿ‖ = 1 for n < H, and then 0.

    Raises
    ------
    TypeError, ValueError
        When `H` is below 1.

    Examples
    --------
    >>> delay_line(3)
    array([[0., 0., 0.],
           [1., 0., 0.],
           [0., 1., 0.]])
    """
    return np.eye(count("H", H), k=-1)


def _constant(*rows):
    W = np.array(rows, dtype=float)
    W.flags.writeable = False
    return W


#: Norm 10 at every step, and yet the product of two is zero.
DEAD_END = _constant([0, 10], [0, 0])

#: Both eigenvalues are 0.9, and the ninth power stretches a vector by 38.7.
TRANSIENT = _constant([0.9, 10], [0, 0.9])

#: Norm and spectral radius are both 2, but the matrix is not normal: equality is no proof of normality.
RADIAL = _constant([2, 0, 0], [0, 0, 1], [0, 0, 0])

#: W² = 0. Take one of the two units away, and what is left doubles at every step.
CANCELLING = _constant([2, 2], [-2, -2])

#: Stable for every constant diagonal D between 0 and 1. Listen to its units in turn, and it grows by 3/2 in two steps.
SWITCHING = _constant([0.9, 1.5], [-1, -0.9])

#: Both eigenvalues are 1, and the n-th power has a norm of about n.
SHEAR = _constant([1, 1], [0, 1])
