"""Which array of the reader's holds which weight: found by trying, since only the right reading gives the same states.

All weights of a cell are one array θ (G, H, D+H+3), see `mistakes_switches`. A reading gives each of the reader's
arrays an array of indices into θ of the same shape. So the weights are ``theta.flat[index] = array``, a gradient is
read the same way, and stacking, concatenating and transposing are done to the indices.
"""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from bptt.examine import mistakes_cells
from bptt.examine.mistakes_switches import columns

PARTS = [
    ("x",), ("h",), ("x", "h"), ("h", "x"), ("b", "x", "h"), ("b", "h", "x"), ("x", "h", "b"), ("h", "x", "b"),
    ("b", "x"), ("x", "b"), ("b", "h"), ("h", "b"), ("b",), ("b_h",), ("b", "b_h"), ("p",),
]  # fmt: skip
# How a block (G, H, c) can lie in an array: the gates under one another or side by side, on an axis of their own,
# as a vector, or unit by unit with the gates of one unit together.
ARRANGEMENTS = [
    ("a row for each unit", lambda block: block.reshape(-1, block.shape[2])),
    ("a column for each unit", lambda block: block.reshape(-1, block.shape[2]).T),
    ("gates on an axis of their own", lambda block: block),
    ("gates on an axis of their own, then a column for each unit", lambda block: block.swapaxes(1, 2)),
    ("a vector", lambda block: block.reshape(-1) if block.shape[2] == 1 else None),
    ("a row for each gate", lambda block: block[:, :, 0] if block.shape[2] == 1 else None),
    ("a row for each unit, its gates together", lambda block: block.swapaxes(0, 1).reshape(-1, block.shape[2])),
    ("a column for each unit, its gates together", lambda block: block.swapaxes(0, 1).reshape(-1, block.shape[2]).T),
]


class Reading:
    """How the arrays of a reader are laid out.

    ``indices`` an array of indices into θ for each array, None where it does not reach the states; ``orders`` the gates
    as they follow one another, all ways that occur; ``words`` what is to be said about the arrays.
    """

    def __init__(self, cell, D, H, indices, orders, words):
        self.cell, self.D, self.H, self.indices, self.orders, self.words = cell, D, H, indices, orders, words

    @property
    def shape(self):
        """Shape of θ."""
        return len(self.cell.gates), self.H, self.D + self.H + 3

    def gather(self, arrays):
        """One array θ out of the reader's arrays: weights, or gradients."""
        theta = np.zeros(self.shape)
        for index, array in zip(self.indices, arrays, strict=True):
            if index is not None:
                theta.flat[index] = array
        return theta

    @property
    def known(self):
        """Which entries of θ the reader's arrays hold: (G, H, D+H+3) of bool."""
        return self.gather([0 if index is None else 1 for index in self.indices]).astype(bool)


def readings(cell, shapes, live, D, H, mixed=False):
    """All ways to read arrays of these shapes as the weights of a cell.

    Parameters
    ----------
    cell : Cell
    shapes : list of tuple
    live : list of bool
        Whether the states depend on the array.
    D, H : int
    mixed : bool
        Whether arrays of one shape may have the gates in another order than those of another shape.

    Yields
    ------
    Reading
    """
    G, groups = len(cell.gates), {}
    for k in np.flatnonzero(live):
        groups.setdefault(shapes[k], []).append(k)
    grid = np.arange(G * H * (D + H + 3)).reshape(G, H, -1)
    every = list(permutations(range(G)))
    ways = {
        (shape, order): list(_of_group(cell, shape, len(ks), grid, order, D, H))
        for shape, ks in groups.items()
        for order in every
    }
    for orders in product(every, repeat=len(groups)) if mixed else ([order] * len(groups) for order in every):
        for chosen in product(*(ways[one] for one in zip(groups, orders, strict=True))):
            if _complete(cell, [part for parts, _, _ in chosen for part in parts]):
                yield _reading(cell, D, H, groups, chosen, orders, len(shapes))


def _reading(cell, D, H, groups, chosen, orders, count):
    """One way for each group of arrays, put together."""
    indices = [None] * count
    for ks, (_, arrays, _) in zip(groups.values(), chosen, strict=True):
        for k, array in zip(ks, arrays, strict=True):
            indices[k] = array
    names = ["".join(cell.gates[k] for k in order) for order in dict.fromkeys(orders)]
    return Reading(cell, D, H, indices, names, [word for _, _, word in chosen])


def _complete(cell, parts):
    """Every weight once; a second bias only beside a first, unless the cell tells them apart."""
    once = all(parts.count(part) <= 1 for part in parts) and {"x", "h"} <= set(parts)
    biases = "b" in parts or "b_h" not in parts or cell.kind == "GRU"
    return once and biases and ("p" in parts) == cell.peephole


def _of_group(cell, shape, count, grid, order, D, H):
    """Ways to read `count` arrays of one shape: the parts they hold, their indices, and words."""
    at, G = columns(D, H), len(grid)
    blocks = {parts: np.concatenate([grid[..., at[part]] for part in parts], axis=2) for parts in PARTS}
    size = int(np.prod(shape))
    fits = {n: [parts for parts in PARTS if blocks[parts][:n].size == size] for n in range(1, G + 1)}
    for word, arrangement in ARRANGEMENTS:
        for sequence in _sequences(cell, count, fits, order):
            arrays = [arrangement(blocks[parts][list(gates)]) for parts, gates in sequence]
            if all(array is not None and array.shape == shape for array in arrays):
                held = dict.fromkeys(parts for parts, _ in sequence)
                yield [part for parts in held for part in parts], arrays, f"{', '.join(map(_said, held))}: {word}"


def _said(parts):
    """Words for the parts that an array holds."""
    names = {"x": "x", "h": "h", "b": "1", "b_h": "1", "p": "c"}
    return {("b",): "bias", ("b_h",): "second bias", ("b", "b_h"): "both biases", ("p",): "peephole"}.get(
        parts, f"W of [{', '.join(names[part] for part in parts)}]"
    )


def _sequences(cell, count, fits, order):
    """What `count` arrays of one size can hold, in their order: pairs of parts and gates."""
    G, peepholes = len(order), [k for k in order if cell.gates[k] != "g"]
    gates = lambda parts: peepholes if parts == ("p",) else list(order)
    if count <= 2:
        fitting = [parts for parts in PARTS if parts in fits[len(gates(parts))]]
        yield from ([(parts, gates(parts)) for parts in chosen] for chosen in permutations(fitting, count))
    if G == 1:
        return
    singles = {parts: [(parts, [k]) for k in gates(parts)] for parts in fits[1]}
    yield from (single for single in singles.values() if len(single) == count)
    for first, second in permutations(singles.values(), 2):
        if len(first) + len(second) == count:
            yield first + second
            if len(first) == len(second):
                yield [one for pair in zip(first, second, strict=True) for one in pair]


def recognise(shapes, live, arrays, x, h, tolerance, mixed=False):
    """Find the cell and the layout that give the reader's hidden states.

    Parameters
    ----------
    shapes, live
        As for `readings`.
    arrays : list of array
        The reader's parameters.
    x : (T, D) array
    h : (T, H) array
        What the reader's forward pass makes of them.
    tolerance : float
        Largest difference that counts as none.
    mixed : bool
        As for `readings`.

    Returns
    -------
    Reading or None
    """
    plain, at = (
        [array if alive else 0 for array, alive in zip(arrays, live, strict=True)],
        columns(x.shape[1], h.shape[1]),
    )
    for cell in mistakes_cells.CELLS:
        failed = set()
        for reading in readings(cell, shapes, live, x.shape[1], h.shape[1], mixed):
            theta = reading.gather(plain)
            first = np.delete(theta, at["h"], axis=2).tobytes()  # all that the first step depends on
            agrees = lambda T, cell=cell, theta=theta: _agrees(cell, theta, x[:T], h[:T], tolerance)
            if first not in failed and not agrees(1):
                failed.add(first)
            if first not in failed and agrees(len(x)):
                return reading
    return None


def _agrees(cell, theta, x, h, tolerance):
    """Whether a cell with these weights has the reader's states."""
    return np.abs(mistakes_cells.forward(cell, theta, x).states["h"][1:] - h).max() <= tolerance
