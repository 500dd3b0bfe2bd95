"""Refuse a bad argument in one sentence that names it, what it got and what it wanted."""

from __future__ import annotations

import operator
import re
from functools import cache

import numpy as np


def float_array(name, value, axes, sizes=None, finite=True):
    """Check that an array is float64, finite, of the wanted rank, and that its axes agree with those seen before.

    Parameters
    ----------
    name : str
        What the caller calls the array.
    value : numpy.ndarray
        The array to check. Lists, tensors, matrices and other types of number are refused, never converted.
    axes : str
        Names of the axes, separated by spaces: ``"T N D"``. ``"T+1"`` is one longer than ``"T"``, and ``"4H"`` four
        times ``"H"``, met before or in the same array.
    sizes : dict, optional
        The lengths met so far, ``{"D": (4, "params.W_x")}``, each with the array it was first met in.
        Axes met here for the first time are added.
    finite : bool
        Whether to look at every entry for NaN and infinity. Leave it to later where they show in the result anyway.

    Raises
    ------
    TypeError
        When `value` is no NumPy array of float64.
    ValueError
        When the shape is wrong, an axis is empty, or an entry is NaN or infinite.

    Examples
    --------
    >>> sizes = {}
    >>> float_array("params.W_x", np.ones((3, 4)), "H D", sizes)
    >>> float_array("x", np.ones((5, 3)), "T N D", sizes)
    Traceback (most recent call last):
    ValueError: x has shape (5, 3), but needs (T, N, D) with D = 4 as in params.W_x
    """
    names = axes.split()
    sizes = {} if sizes is None else sizes
    needs = f"({', '.join(names)}{',' * (len(names) == 1)})"
    if type(value) is not np.ndarray:  # a matrix multiplies where an array scales, a masked array hides entries
        raise TypeError(f"{name} is of type {type(value).__name__}, but needs a NumPy array of float64, {needs}")
    if value.dtype != np.float64:
        raise TypeError(f"{name} has dtype {value.dtype}, but needs float64")
    met = {axis: (n, name) for axis, n in zip(names, value.shape, strict=False) if axis == _parts(axis)[1]} | sizes
    known = {axis: _length(axis, met) for axis in names if _parts(axis)[1] in met}
    fits = value.ndim == len(names) and all(
        size == known.setdefault(axis, (size, name))[0] for axis, size in zip(names, value.shape, strict=True)
    )
    if not fits:
        rules = ", ".join(f"{axis} = {size} as in {source}" for axis, (size, source) in known.items() if source != name)
        raise ValueError(f"{name} has shape {value.shape}, but needs {needs}{' with ' if rules else ''}{rules}")
    for axis, size in zip(names, value.shape, strict=True):
        if size == 0:
            raise ValueError(f"{name} has shape {value.shape}, but needs {needs} with {axis} at least 1")
    if finite:
        _check_finite(name, value)
    sizes.update((axis, known[axis]) for axis in names if _parts(axis)[1] == axis)


def _check_finite(name, value):
    if not np.isfinite(value).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(value))[0])
        raise ValueError(f"{name} contains {value[where]} at index {where}, but needs finite numbers")


@cache
def _parts(axis):
    """What an axis is made of: ``"4H"`` of 4 and H, ``"T+1"`` of T and +1, ``"2"`` of itself."""
    return re.fullmatch(r"(\d*)(.+?)(\+1)?", axis).groups()


def _length(axis, met):
    """Length of an axis, and where it was met: four times that of ``"H"`` for ``"4H"``, one more for ``"T+1"``."""
    times, base, more = _parts(axis)
    size, source = met[base]
    return int(times or 1) * size + bool(more), source


def fields(name, value, kind, axes, sizes=None, finite=True):
    """Check that a value is a certain tuple of arrays, and each array as `float_array` does.

    Parameters
    ----------
    name : str
        What the caller calls the tuple.
    value : object
    kind : type
        The wanted `typing.NamedTuple`.
    axes : dict
        The axes of each array, ``{"W_h": "H H", "W_x": "H D"}``, in the order in which they are looked at.
    sizes, finite
        As for `float_array`.

    Returns
    -------
    dict
        The lengths met so far.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> class Params(NamedTuple):
    ...     W: np.ndarray
    >>> fields("params", Params(np.ones((3, 4))), Params, {"W": "H D"})
    {'H': (3, 'params.W'), 'D': (4, 'params.W')}
    """
    sizes = {} if sizes is None else sizes
    if not isinstance(value, kind):
        wanted = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}({', '.join(kind._fields)})"
        raise TypeError(f"{name} is of type {type(value).__name__}, but needs {wanted}")
    for field, of_field in axes.items():
        float_array(f"{name}.{field}", getattr(value, field), of_field, sizes, finite)
    return sizes


def choice(name, value, known):
    """Check that a value is one of those that are known.

    Examples
    --------
    >>> choice("kind", "elman", ("rnn", "lstm"))
    Traceback (most recent call last):
    ValueError: kind is 'elman', but needs one of rnn, lstm
    """
    if value not in known:
        raise ValueError(f"{name} is {value!r}, but needs one of {', '.join(known)}")


def generator(name, value):
    """Check that randomness comes in as a `numpy.random.Generator`.

    Raises
    ------
    TypeError
        When it is anything else, a seed above all.

    Examples
    --------
    >>> generator("rng", 0)
    Traceback (most recent call last):
    TypeError: rng is of type int, but needs a numpy.random.Generator, such as numpy.random.default_rng(0)
    """
    if not isinstance(value, np.random.Generator):
        raise TypeError(
            f"{name} is of type {type(value).__name__}, but needs a numpy.random.Generator, "
            "such as numpy.random.default_rng(0)"
        )


def count(name, value, at_least=1, at_most=None):
    """Check that a size, a length or an index is a whole number in range; return it as an ``int``.

    Raises
    ------
    TypeError
        When it is no whole number. A bool is none.
    ValueError
        When it is out of range.

    Examples
    --------
    >>> count("H", -3)
    Traceback (most recent call last):
    ValueError: H is -3, but needs a whole number of at least 1
    """
    needs = f"a whole number of at least {at_least}" + ("" if at_most is None else f" and at most {at_most}")
    try:
        whole = operator.index(value)
    except TypeError:
        whole = None
    if whole is None or isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}, but needs {needs}")
    if whole < at_least or (at_most is not None and whole > at_most):
        raise ValueError(f"{name} is {value}, but needs {needs}")
    return whole


def number(name, value, at_least=None, above=None, at_most=None, below=None):
    """Check that a gain, a rate or a bias is one finite real number in range; return it as a ``float``.

    Raises
    ------
    TypeError
        When it is no real number.
    ValueError
        When it is NaN, infinite or out of range.

    Examples
    --------
    >>> number("gain", -1.0, at_least=0)
    Traceback (most recent call last):
    ValueError: gain is -1.0, but needs a finite number of at least 0
    """
    bounds = [("of at least", at_least), ("above", above), ("of at most", at_most), ("below", below)]
    needs = "a finite number" + " and".join(f" {word} {bound}" for word, bound in bounds if bound is not None)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} is {value!r}, but needs {needs}")
    inside = (
        np.isfinite(value)
        and (at_least is None or value >= at_least)
        and (above is None or value > above)
        and (at_most is None or value <= at_most)
        and (below is None or value < below)
    )
    if not inside:
        raise ValueError(f"{name} is {value}, but needs {needs}")
    return float(value)
