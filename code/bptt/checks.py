"""Checks that can fail.

`claim` states a fact, tests it, and prints the line that the ledger collects; `gradient_check` compares a gradient
with a finite difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bptt.arguments import generator

ROUNDING = 1e-6  # a tolerance up to this allows for rounding, a larger one for what the statement leaves open
LISTENERS = []
"""Functions that are handed the `Record` of every claim that holds; a report on the power of claims listens here."""


class Record(NamedTuple):
    """How sharply a claim was tested.

    ``kind`` is ``"exact"``, ``"rounding"``, ``"tolerance"``, ``"statistical"``, ``"bound"`` or ``"condition"``;
    ``used`` the share of the bound that the numbers took, or None where there is no bound to use; ``negligible`` the
    reason why little of it should be used, or None.
    """

    text: str
    kind: str
    used: float | None
    negligible: str | None


def claim(
    text, got, expected=None, *, rtol=1e-12, atol=None, se=None, within=3,
    at_most=None, at_least=None, article=None, refutes=None, negligible=None,
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
    negligible : str, optional
        Why a bound of which the numbers use less than a tenth is meant so: the statement is that something is
        negligible, and not how large it is.

    Raises
    ------
    AssertionError
        When the claim is false, with the numbers. NaN is never close to anything.
    ValueError
        When the claim itself is malformed: shapes differ, or nothing is compared, or two forms are mixed.

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
    bounds = at_most is not None or at_least is not None
    if expected is not None and bounds:
        raise ValueError(f"{text}: a claim has either expected or bounds, and this one has both")
    if negligible is not None and at_most is None and at_least is None:
        raise ValueError(f"{text}: negligible is {negligible!r}, but only at_most or at_least can be meant so")
    if expected is not None:
        verdict, kind, used = _compare(text, got, expected, rtol, atol, se, within)
    else:
        verdict, kind, used = _bound(text, got, at_most, at_least) if bounds else _hold(text, got)
    tags = [f"[article {article}]" if article else "", f"[against article {refutes}]" if refutes else ""]
    print(" ".join(filter(None, [f"✓ {text}", verdict and f"— {verdict}", *tags])))
    for listener in LISTENERS:
        listener(Record(text, kind, used, negligible))


@np.errstate(invalid="ignore")  # inf - inf is NaN, and NaN is never close
def _compare(text, got, expected, rtol, atol, se, within):
    _check_numbers(text, got, expected)
    if np.shape(expected) not in [(), np.shape(got)]:
        raise ValueError(f"{text}: got has shape {np.shape(got)}, but expected has shape {np.shape(expected)}")
    if se is None and (rtol if atol is None else atol) == 0:
        return _decide(text, "number of different entries", np.sum(np.not_equal(got, expected)), 0, "exactly equal")
    difference = np.abs(np.asarray(got, dtype=float) - np.asarray(expected, dtype=float))
    if se is not None:
        if not np.min(se) > 0:
            raise ValueError(f"{text}: se is {se}, but a standard error is positive")
        verdict = f"within {within:g} standard errors"
        return _decide(text, "distance in standard errors", difference / se, within, verdict)
    if atol is not None:
        return _decide(text, "absolute error", difference, atol, f"absolute error < {atol:g}")
    size = np.abs(np.asarray(expected, dtype=float)).max()
    if size == 0:
        raise ValueError(f"{text}: expected is zero, which has no relative error; pass atol or rtol=0")
    return _decide(text, "relative error", difference / size, rtol, f"relative error < {rtol:g}")


def _decide(text, measure, errors, bound, verdict):
    error = np.max(errors)
    if not (error < bound or error == bound == 0):
        needs = "0" if bound == 0 else f"< {bound:g}"
        raise AssertionError(f"{text}: {measure} {error:.3g}, but the claim needs {needs}")
    if bound == 0:
        return verdict, "exact", None
    kind = "statistical" if "standard" in measure else "rounding" if bound <= ROUNDING else "tolerance"
    return verdict, kind, float(error / bound)


def _bound(text, got, at_most, at_least):
    _check_numbers(text, got)
    low, high = np.min(got), np.max(got)
    if not ((at_most is None or high <= at_most) and (at_least is None or low >= at_least)):
        raise AssertionError(f"{text}: got {low:.6g} to {high:.6g}, but the claim needs {_range(at_most, at_least)}")
    used = [_used(high, at_most), _used(-low, None if at_least is None else -at_least)]
    return _range(at_most, at_least), "bound", max((share for share in used if share is not None), default=None)


def _used(value, bound):
    """Share of an upper bound that a value takes: near 1 where it almost touches; None without a bound, or at 0."""
    if bound is None or bound == 0:
        return None
    if bound < 0:  # -5 under a bound of -2
        return float(bound / value)
    return float(max(value, 0.0) / bound)


def _check_numbers(text, *values):
    if any(np.size(value) == 0 for value in values):
        raise ValueError(f"{text}: there is nothing to compare, got or expected is empty")
    if any(np.iscomplexobj(value) for value in values):
        raise ValueError(f"{text}: got or expected is complex; compare absolute values, or real and imaginary parts")


def _range(at_most, at_least):
    sides = [("at least", at_least), ("at most", at_most)]
    return " and ".join(f"{word} {bound:.6g}" for word, bound in sides if bound is not None)


def _hold(text, got):
    if not isinstance(got, (bool, np.bool_)):
        raise ValueError(f"{text}: got is {got!r}, but a claim without expected or bounds needs one True or False")
    if not got:
        raise AssertionError(f"{text}: the condition is false")
    return "", "condition", None


def gradient_check(loss, point, gradient, rng, step=1e-5, each=False):
    """Slope of a loss along one random direction, twice: by a central difference and from a gradient.

    Parameters
    ----------
    loss : callable
        ``loss(point)`` is one number.
    point : tuple, list or dict of arrays
        Where to look, such as `rnn.Params`; float64.
    gradient : tuple, list or dict of arrays
        The gradient to test, by the keys of `point` or in its order; further entries are ignored.
    rng : numpy.random.Generator
        Draws the direction, of length one over all arrays together.
    step : float
        Half the distance between the two evaluations.
    each : bool
        Check every array by itself, so that the wrong one is found.

    Returns
    -------
    measured, predicted : float
        For the right gradient of a smooth loss they differ by about step², and by the rounding of the loss divided by
        `step`. With `each`, a dict of such pairs by the name of the array.

    Raises
    ------
    TypeError
        When `rng` is a seed instead of a Generator, or the numbers are not float64: in single precision a loss rounds
        to 1e-7 of itself, and a step of 1e-5 leaves two digits of the slope at best.
    ValueError
        When `gradient` lacks an array of `point`, or has one of another shape, or two calls of `loss` with the same
        point differ.
    FloatingPointError
        When there is nothing to see: both slopes are below what the rounding of the loss leaves of a difference.

    Notes
    -----
    One direction tests every entry at once, and an error shows by its share of the whole slope. That share can be
    small: a mistake in what early steps contribute cannot be seen where these contributions have vanished. So check
    with few steps, weights of order one, and `each`. `bptt.examine.mistakes` makes such probes itself.

    The idea, and its economy, is that of the checker in HIPS/autograd.

    Examples
    --------
    >>> square = lambda p: float(p[0] @ p[0])
    >>> w = np.array([1.0, 2.0])
    >>> measured, predicted = gradient_check(square, (w,), (2 * w,), np.random.default_rng(0))
    >>> abs(measured - predicted) < 1e-9
    True
    >>> gradient_check(square, (w.astype(np.float32),), (2 * w,), np.random.default_rng(0))
    Traceback (most recent call last):
    TypeError: point[0] has dtype float32, but needs float64: single precision leaves two digits of a slope at best
    """
    generator("rng", rng)
    names, parts = _named("point", point)
    gradient = _gradient_of(names, parts, point, gradient)
    for name, part in zip(names, parts, strict=True):
        _check_double(name, part)
    _check_function(loss, point)
    groups = [[k] for k in range(len(parts))] if each else [range(len(parts))]
    pairs = [_slopes(loss, point, parts, gradient, group, rng, step) for group in groups]
    return dict(zip(names, pairs, strict=True)) if each else pairs[0]


def _named(title, arrays):
    """Names and entries of a structure of arrays: keys, fields, or numbers."""
    if isinstance(arrays, Mapping):
        return list(arrays), list(arrays.values())
    fields = getattr(arrays, "_fields", [f"{title}[{k}]" for k in range(len(arrays))])
    return list(fields), list(arrays)


def _gradient_of(names, parts, point, gradient):
    """The arrays of a gradient in the order of the point, each of the right shape."""
    if isinstance(gradient, Mapping) and isinstance(point, Mapping):
        if missing := [name for name in names if name not in gradient]:
            raise ValueError(f"gradient has no {missing[0]}, but needs an array for each of {names}")
        found = [gradient[name] for name in names]
    else:
        found = _named("gradient", gradient)[1][: len(parts)]
    if (got := [np.shape(g) for g in found]) != (wanted := [np.shape(part) for part in parts]):
        raise ValueError(f"gradient has arrays of shapes {got}, but needs those of point, {wanted}: {names}")
    return found


def _check_double(name, value):
    """Refuse numbers in which a difference drowns."""
    dtype = str(getattr(value, "dtype", "float64")).removeprefix("torch.")
    if dtype != "float64":
        digits = "single precision leaves two digits of a slope at best"
        raise TypeError(f"{name} has dtype {dtype}, but needs float64: {digits}")


def _check_function(loss, point):
    """Refuse a loss that is another one when it is called again."""
    first, second = loss(point), loss(point)
    _check_double("loss(point)", first)
    if first != second:
        raise ValueError(
            f"two calls of loss with the same point give {float(first):.6g} and {float(second):.6g}, "
            "but it needs to be a function: is something drawn anew, or kept between calls?"
        )


def _slopes(loss, point, parts, gradient, group, rng, step):
    """Measured and predicted slope along one random direction in some of the arrays."""
    direction = [
        rng.standard_normal(part.shape) if k in group else np.zeros(part.shape) for k, part in enumerate(parts)
    ]
    length = np.sqrt(sum((part**2).sum() for part in direction))
    direction = [part / length for part in direction]
    up, down = (loss(_like(point, [p + s * v for p, v in zip(parts, direction, strict=True)])) for s in (step, -step))
    predicted = sum(float((g * v).sum()) for g, v in zip(gradient, direction, strict=True))
    measured, hidden = (up - down) / (2 * step), np.finfo(float).eps * max(abs(up), abs(down)) / step
    if max(abs(measured), abs(predicted)) < 10 * hidden:
        raise FloatingPointError(
            f"the slopes are {float(measured):.1e} and {predicted:.1e}, but a loss of {float(up):.3g} hides slopes "
            f"below {10 * hidden:.1e} in its rounding: take fewer steps, larger weights or another loss"
        )
    return measured, predicted


def _like(point, parts):
    """Other arrays in the structure of a point."""
    if isinstance(point, Mapping):
        return type(point)(zip(point, parts, strict=True))
    return getattr(type(point), "_make", type(point))(parts)
