"""Layer normalisation without gain and shift, and its Jacobian.

For a vector z of n entries with mean μ::

    σ = √(Σ (z_j - μ)² / n + ε)        x̂ = (z - μ) / σ

    ∂x̂/∂z = (I - 11ᵀ/n - x̂x̂ᵀ/n) / σ

Everything acts on the last axis.
"""

from __future__ import annotations

import numpy as np

from bptt.arguments import number

EPS = 1e-5
"""What PyTorch adds to the variance, unless told otherwise."""


def scale(z, eps=EPS):
    """The σ that a vector is divided by, with the last axis kept at length one.

    Examples
    --------
    >>> scale(np.array([1.0, 3.0]), eps=0.0)
    array([1.])
    """
    eps = number("eps", eps, at_least=0)
    return np.sqrt(z.var(axis=-1, keepdims=True) + eps)


def layer_norm(z, eps=EPS):
    """Take away the mean and divide by the scale.

    Parameters
    ----------
    z : (…, n) array
    eps : float
        Added to the variance.

    Returns
    -------
    (…, n) array

    Examples
    --------
    >>> layer_norm(np.array([1.0, 3.0]), eps=0.0)
    array([-1.,  1.])
    """
    return (z - z.mean(axis=-1, keepdims=True)) / scale(z, eps)


def jacobian(z, eps=EPS):
    """Jacobian of `layer_norm`.

    Parameters
    ----------
    z : (…, n) array
    eps : float

    Returns
    -------
    (…, n, n) array

    Examples
    --------
    >>> jacobian(np.array([1.0, 3.0]), eps=0.0)  # two entries become -1 and 1, whatever they were
    array([[0., 0.],
           [0., 0.]])
    """
    n, normal = z.shape[-1], layer_norm(z, eps)
    kept = np.eye(n) - 1 / n - normal[..., :, None] * normal[..., None, :] / n
    return kept / scale(z, eps)[..., None]


def backward(z, dnormal, eps=EPS):
    """Gradient at z from the one at x̂: both constant and parallel parts are taken out, and the rest divided by σ.

    Parameters
    ----------
    z, dnormal : (…, n) array
    eps : float

    Returns
    -------
    (…, n) array

    Examples
    --------
    >>> backward(np.array([0.0, 1.0, 5.0]), np.ones(3))
    array([0., 0., 0.])
    """
    normal = layer_norm(z, eps)
    along = (dnormal * normal).mean(axis=-1, keepdims=True)
    return (dnormal - dnormal.mean(axis=-1, keepdims=True) - normal * along) / scale(z, eps)
