"""Checks: `claim` states a fact, tests it, and prints the line that the ledger collects; `gradient_check` compares
a gradient with a finite difference."""

from __future__ import annotations

import numpy as np


def claim(
    text, got, expected=None, *, rtol=1e-12, atol=None, se=None, within=3,
    at_most=None, at_least=None, article=None, refutes=None,
):  # fmt: skip
    """State a fact and test it: print one line if it holds, raise if it does not.

    Parameters
    ----------
    text : str
        The fact, as a full statement. No two claims of the course have the same text.
    got : bool or array_like
        A condition, or the measured value.
    expected : array_like, optional
        What `got` should be: of the same shape, or one number for every entry.
    rtol : float
        Largest relative error, max|got - expected| / max|expected|; 0 asks for exact equality.
    atol : float, optional
        Largest absolute error, in place of `rtol`. Needed where `expected` is zero.
    se : array_like, optional
        Standard error of `got`, in place of `rtol`: every entry must lie `within` so many of them.
    at_most, at_least : float, optional
        Bounds on every entry of `got`, in place of `expected`.
    article : str, optional
        Number of the equation of the source article that this claim confirms, such as ``"1.4"``.
    refutes : str, optional
        Number of the equation that fails as stated, and of which this is a counterexample.

    Raises
    ------
    AssertionError
        When the claim is false, with the numbers. NaN is never close to anything.
    ValueError
        When the claim itself is malformed: shapes differ, or nothing is compared.

    Notes
    -----
    Prints a bound, never the raw error, so that the line is the same on every machine.

    Examples
    --------
    >>> claim("One half and one half make one", 0.5 + 0.5, 1.0, article="1.4")
    ✓ One half and one half make one — relative error < 1e-12 [article 1.4]
    >>> claim("A tenth is small", 0.1, at_most=0.2)
    ✓ A tenth is small — at most 0.2
    >>> claim("One is two", 1.0, 2.0)
    Traceback (most recent call last):
    AssertionError: One is two: relative error 0.5, but the claim needs < 1e-12
    """
    if expected is not None:
        verdict = _compare(text, got, expected, rtol, atol, se, within)
    elif at_most is not None or at_least is not None:
        verdict = _bound(text, got, at_most, at_least)
    else:
        verdict = _hold(text, got)
    tags = [f"[article {article}]" if article else "", f"[against article {refutes}]" if refutes else ""]
    print(" ".join(filter(None, [f"✓ {text}", verdict and f"— {verdict}", *tags])))


def _compare(text, got, expected, rtol, atol, se, within):
    got, expected = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    if got.size == 0 or (expected.ndim and got.shape != expected.shape):
        raise ValueError(f"{text}: got has shape {got.shape}, but expected has shape {expected.shape}")
    difference = np.abs(got - expected)
    if se is not None:
        kind, error, bound = "distance in standard errors", np.max(difference / se), within
        verdict = f"within {within:g} standard errors"
    elif atol is not None:
        kind, error, bound, verdict = "absolute error", difference.max(), atol, f"absolute error < {atol:g}"
    elif rtol == 0:
        kind, error, bound, verdict = "absolute error", difference.max(), 0.0, "exactly equal"
    elif not expected.any():
        raise ValueError(f"{text}: expected is zero, which has no relative error; pass atol or rtol=0")
    else:
        kind, error, bound = "relative error", difference.max() / np.abs(expected).max(), rtol
        verdict = f"relative error < {rtol:g}"
    if not (error < bound or error == bound == 0):
        raise AssertionError(f"{text}: {kind} {error:.3g}, but the claim needs {'0' if bound == 0 else f'< {bound:g}'}")
    return verdict


def _bound(text, got, at_most, at_least):
    low, high = np.min(got), np.max(got)
    if not ((at_most is None or high <= at_most) and (at_least is None or low >= at_least)):
        raise AssertionError(f"{text}: got {low:.6g} to {high:.6g}, but the claim needs {_range(at_most, at_least)}")
    return _range(at_most, at_least)


def _range(at_most, at_least):
    sides = [("at least", at_least), ("at most", at_most)]
    return " and ".join(f"{word} {bound:.6g}" for word, bound in sides if bound is not None)


def _hold(text, got):
    if not isinstance(got, (bool, np.bool_)):
        raise ValueError(f"{text}: got is {got!r}, but a claim without expected or bounds needs one True or False")
    if not got:
        raise AssertionError(f"{text}: the condition is false")
    return ""


def gradient_check(loss, point, gradient, rng, step=1e-5):
    """Slope of a loss along one random direction, twice: by a central difference and from a gradient.

    Parameters
    ----------
    loss : callable
        ``loss(point)`` is one number.
    point : tuple of arrays
        Where to look, such as `rnn.Params`.
    gradient : tuple of arrays
        The gradient to test, in the order of `point`; further entries are ignored.
    rng : numpy.random.Generator
        Draws the direction, of length one over all arrays together.
    step : float
        Half the distance between the two evaluations.

    Returns
    -------
    measured, predicted : float
        They agree to about step² relative for a smooth loss of order one; a wrong gradient disagrees in the first digit.

    Notes
    -----
    One direction tests every entry at once: an error in any of them shows up with probability one.
    The idea, and its economy, is that of the checker in HIPS/autograd.

    Examples
    --------
    >>> square = lambda p: float(p[0] @ p[0])
    >>> w = np.array([1.0, 2.0])
    >>> measured, predicted = gradient_check(square, (w,), (2 * w,), np.random.default_rng(0))
    >>> abs(measured - predicted) < 1e-9
    True
    """
    direction = [rng.standard_normal(part.shape) for part in point]
    length = np.sqrt(sum((part**2).sum() for part in direction))
    direction = [part / length for part in direction]
    kind = getattr(type(point), "_make", tuple)
    up = loss(kind(part + step * v for part, v in zip(point, direction, strict=True)))
    down = loss(kind(part - step * v for part, v in zip(point, direction, strict=True)))
    predicted = sum(float((g * v).sum()) for g, v in zip(gradient, direction, strict=False))
    return (up - down) / (2 * step), predicted
