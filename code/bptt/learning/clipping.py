"""Gradient clipping with the semantics of `torch.nn.utils`, on tuples of NumPy arrays; nothing is changed in place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import number
from bptt.growth.binary_scale import exponents


class Clipped(NamedTuple):
    """Gradients after clipping, of the type they came in, and their global norm before it."""

    grads: tuple
    norm: float


def global_norm(grads, norm_type=2.0):
    """Norm of all gradients together, as if they were one long vector.

    Parameters
    ----------
    grads : tuple of arrays
        Such as `lstm.Grads`. NaN and infinity are allowed.
    norm_type : float
        The p of the p-norm; ``numpy.inf`` gives the largest entry.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        When there is no gradient, one is no array of float64, or the norm is no p-norm.

    Examples
    --------
    >>> global_norm((np.array([3.0, 0.0]), np.array([4.0])))
    5.0
    """
    _check(grads)
    p = norm_type if norm_type == np.inf else number("norm_type", norm_type, above=0)
    entries = np.concatenate([part.ravel() for part in grads])
    e = exponents(entries)
    with np.errstate(over="ignore"):
        return float(np.ldexp(np.linalg.norm(np.ldexp(entries, -e), p), e))


def by_norm(grads, max_norm, norm_type=2.0):
    """Shorten the gradient to at most `max_norm`, and keep its direction.

    Parameters
    ----------
    grads : tuple of arrays
    max_norm : float
    norm_type : float
        As for `global_norm`.

    Returns
    -------
    Clipped

    Raises
    ------
    TypeError, ValueError
        As for `global_norm`, or when `max_norm` is no number of at least 0.

    Notes
    -----
    Page 4.4, Clipping. Every gradient is multiplied by min(1, max_norm/(norm + 1e-6)), as by
    ``torch.nn.utils.clip_grad_norm_``: after an infinite entry the factor is 0, so that this entry becomes NaN and
    the others 0; after a NaN everything is NaN. Where squares over- or underflow the norm is still right: that of
    [1e200, 1e200] is 1.4e200, while torch finds infinity there and sets the gradient to 0. A small gradient is left as
    it is: clipping does nothing for vanishing.

    Examples
    --------
    >>> (first, second), norm = by_norm((np.array([3.0, 0.0]), np.array([4.0])), max_norm=1.0)
    >>> first, second, norm
    (array([0.59999988, 0.        ]), array([0.79999984]), 5.0)
    """
    norm = global_norm(grads, norm_type)
    factor = np.minimum(1.0, number("max_norm", max_norm, at_least=0) / (norm + 1e-6))
    with np.errstate(invalid="ignore"):
        return Clipped(_like(grads, (part * factor for part in grads)), norm)


def by_value(grads, bound):
    """Cut every entry to between -bound and bound, as ``torch.nn.utils.clip_grad_value_``; the direction may change.

    Parameters
    ----------
    grads : tuple of arrays
    bound : float

    Returns
    -------
    tuple of arrays
        Of the type that came in. An infinite entry becomes ±bound, NaN stays NaN.

    Raises
    ------
    TypeError, ValueError
        When a gradient is no array of float64, or `bound` is no number of at least 0.

    Examples
    --------
    >>> by_value((np.array([3.0, 0.5]),), 1.0)
    (array([1. , 0.5]),)
    """
    _check(grads)
    bound = number("bound", bound, at_least=0)
    return _like(grads, (np.clip(part, -bound, bound) for part in grads))


def _check(grads):
    if not isinstance(grads, tuple) or not grads:
        kind = f"{type(grads).__name__}{' and empty' * isinstance(grads, tuple)}"
        raise TypeError(f"grads is of type {kind}, but needs a tuple of at least one array, such as lstm.Grads")
    for k, part in enumerate(grads):
        if not isinstance(part, np.ndarray):
            raise TypeError(f"grads[{k}] is of type {type(part).__name__}, but needs a NumPy array of float64")
        if part.dtype != np.float64:
            raise TypeError(f"grads[{k}] has dtype {part.dtype}, but needs float64")


def _like(grads, parts):
    """Tuple of the parts, of the type of `grads`."""
    return getattr(type(grads), "_make", tuple)(parts)
