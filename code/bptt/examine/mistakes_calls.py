"""The reader's own functions, called with arrays of ours: any structure, NumPy or torch, any order of axes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

# How a sequence is laid out: T steps, N samples, D inputs. Columns (D, 1) at each step are TDN with one sample.
FORMS = ("TND", "TD", "NTD", "TDN", "DT", "DNT", "tokens")


class Parameters:
    """The arrays in a tuple, list, dict or NamedTuple, or in several within each other, and the way back.

    Parameters
    ----------
    example : tuple, list, dict, NamedTuple or array
        NumPy arrays or tensors; entries that are no arrays are passed on as they are.
    """

    def __init__(self, example):
        self.nodes, self.entries = unfolded(example)
        found = {path: leaf for path, leaf in self.entries.items() if np.ndim(leaf) and hasattr(leaf, "shape")}
        self.paths, self.leaves = list(found), list(found.values())
        if not self.leaves:
            raise TypeError(f"params is {type(example).__name__}, but needs arrays or tensors in a tuple, list or dict")
        self.names = [said(path) for path in self.paths]
        self.shapes = [tuple(leaf.shape) for leaf in self.leaves]

    def build(self, arrays, dtype=None):
        """The structure again, with other numbers in it: float64 or the dtype it came with."""
        fresh = zip(self.paths, arrays, self.leaves, strict=True)
        made = {**self.entries, **{path: like(array, leaf, dtype) for path, array, leaf in fresh}}
        for path, node in reversed(self.nodes.items()):
            values = [made[(*path, key)] for key in keys_of(node)]
            if isinstance(node, Mapping):
                made[path] = type(node)(zip(node, values, strict=True))
            else:
                made[path] = getattr(type(node), "_make", type(node))(values)
        return made[()]

    def read(self, gradients):
        """What a backward pass returned, array by array in our order, as float64 in the shapes of the parameters."""
        given = unfolded(gradients)[1]
        named = [next((given[way] for way in spelled(path) if way in given), None) for path in self.paths]
        found = list(given.values())[: len(self.paths)] if any(one is None for one in named) else named
        if len(found) < len(self.paths) or any(one is None for one in found):
            got = [said(path) for path in given]
            raise ValueError(f"backward returns {got}, but needs a gradient for each of {self.names}")
        arrays = [numbers(one) for one in found]
        for name, array, shape in zip(self.names, arrays, self.shapes, strict=True):
            if array.size != np.prod(shape):
                raise ValueError(f"backward returns an array of shape {array.shape} for {name}, but needs {shape}")
        return [array.reshape(shape) for array, shape in zip(arrays, self.shapes, strict=True)]


def unfolded(value):
    """All containers and all other entries of a structure, by their path of keys, in the order they stand in."""
    nodes, entries, waiting = {}, {}, [((), value)]
    while waiting:
        path, one = waiting.pop()
        if isinstance(one, (Mapping, tuple, list)):
            nodes[path] = one
            children = one.values() if isinstance(one, Mapping) else one
            waiting += reversed([((*path, key), child) for key, child in zip(keys_of(one), children, strict=True)])
        else:
            entries[path] = one
    return nodes, entries


def keys_of(node):
    """Keys of a dict, fields of a NamedTuple, or numbers."""
    return list(node) if isinstance(node, Mapping) else list(getattr(node, "_fields", range(len(node))))


def spelled(path):
    """The path itself, and the ways in which gradients are usually named after their parameters."""
    *above, key = path or ("params",)
    ways = [key, f"d{key}", f"d_{key}", f"grad_{key}", f"{key}_grad", f"d{key}".lower()]
    return [path, *((*above, way) for way in ways)]


def said(path):
    """A path as one would say it: ``W_f``, ``params[0]``, ``f.W``."""
    if not path or any(isinstance(key, int) for key in path):
        return "params" + "".join(f"[{key!r}]" for key in path)
    return ".".join(map(str, path))


def numbers(value):
    """A NumPy array of float64 from an array, a tensor or a list of them."""
    plain = lambda one: one.detach().cpu().double().numpy() if hasattr(one, "detach") else one
    whole = [plain(one) for one in value] if isinstance(value, (list, tuple)) else plain(value)
    return np.array(whole, dtype=np.float64)


def like(array, leaf, dtype=None):
    """Numbers of ours as the reader has them: a tensor for a tensor; float64, or the dtype of `leaf` for "own"."""
    if hasattr(leaf, "new_tensor"):
        kind = leaf.dtype if dtype == "own" else leaf.double().dtype
        return leaf.new_tensor(array, dtype=kind, requires_grad=leaf.requires_grad)
    return np.array(array, dtype=leaf.dtype if dtype == "own" else np.float64)


def arrange(x, form):
    """A sequence (T, N, D) as the reader's function wants it.

    Examples
    --------
    >>> arrange(np.zeros((4, 1, 2)), "TD").shape, arrange(np.zeros((4, 3, 2)), "DNT").shape
    ((4, 2), (2, 3, 4))
    """
    if form == "tokens":
        return x[:, 0].argmax(axis=1)
    axes = "TND" if "N" in form else "TD"
    return (x if "N" in form else x[:, 0]).transpose([axes.index(letter) for letter in form])


class Hand:
    """A forward and a backward pass, in one way of calling them.

    Parameters
    ----------
    forward, backward : callable
        ``forward(params, x)`` returns all hidden states, ``backward(params, x, dh)`` the gradients.
    parameters : Parameters
    form : str
        One of `FORMS`.
    dtype : str
        "float64", or "own" for the dtype that the parameters came with.
    batch : int
        How many samples the functions insist on; those after ours are zero and have no loss.

    Attributes
    ----------
    out : str
        The form of what forward returns, found at the first call.
    first : int
        1 where backward wants a ∂E/∂h for the initial state as well.
    scale : float
        Factor of every ∂E/∂h, taken out of the gradient again: small where backward clips.
    """

    def __init__(self, forward, backward, parameters, form, dtype="float64", batch=1):
        self.forward, self.backward, self.parameters = forward, backward, parameters
        self.form, self.dtype, self.batch = form, dtype, batch
        self.out, self.first, self.scale = None, 0, 1.0

    def inputs(self, x):
        """A sequence (T, N, D) in the reader's own form."""
        x = arrange(self._filled(x), self.form)
        return x if self.form == "tokens" else like(x, self.parameters.leaves[0], self.dtype)

    def upstream(self, dh):
        """∂E/∂h (T, N, H) in the form of what the forward pass returns."""
        dh = self._filled(dh)
        if self.first:
            dh = np.concatenate([np.zeros((1, *dh.shape[1:])), dh])
        return like(arrange(dh, self.out.replace("H", "D")), self.parameters.leaves[0], self.dtype)

    def states(self, arrays, x):
        """All hidden states, (T, N, H)."""
        raw = quiet(self.forward, self.parameters.build(arrays, self.dtype), self.inputs(x))
        h = gathered(raw, len(x))
        self.out = self.out or shape_of(h, len(x), max(x.shape[1], self.batch))
        return turned(h, self.out)[-len(x) :, : x.shape[1]]

    def gradient(self, arrays, x, dh):
        """Gradients of the parameters for a given ∂E/∂h, (T, N, H): a list of arrays."""
        params, dh = self.parameters.build(arrays, self.dtype), self.upstream(dh * self.scale)
        read = self.parameters.read(quiet(self.backward, params, self.inputs(x), dh))
        return [array / self.scale for array in read]

    def _filled(self, samples):
        """Samples (T, N, ·) with as many of zeros as the functions insist on."""
        return np.pad(samples, [(0, 0), (0, max(0, self.batch - samples.shape[1])), (0, 0)])


def quiet(function, *arguments):
    """Call a function of the reader's without a word from NumPy."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*arguments)


def gathered(raw, T):
    """All hidden states as one array, out of what a forward pass returns: an array, a list, a dict by step, a tuple."""
    if isinstance(raw, Mapping):
        raw = [raw[t] for t in range(T)]
    if isinstance(raw, (tuple, list)):
        alike = len({np.shape(one) for one in raw if hasattr(one, "shape")}) == 1
        if len(raw) not in (T, T + 1) or not alike:
            return gathered_first(raw[0], T)
    return numbers(raw)


def gathered_first(raw, T):
    """The first thing of several that a forward pass returns."""
    return numbers([raw[t] for t in range(T)] if isinstance(raw, Mapping) else raw)


def shape_of(h, T, N):
    """Which axes the states have: the first of the known forms that their shape admits."""
    for form in ("TNH", "TH", "NTH", "THN", "HT", "HNT"):
        sizes = dict(zip(form, h.shape, strict=False))
        fits = len(form) == h.ndim and sizes["T"] in (T, T + 1) and sizes.get("N", N) == N
        if fits and (N == 1 or "N" in form):
            return form
    raise ValueError(f"forward returns an array of shape {h.shape}, but needs all hidden states of {T} steps")


def turned(h, form):
    """States as (T, N, H)."""
    h = h.transpose([form.index(letter) for letter in "TNH" if letter in form])
    return h if "N" in form else h[:, None]
