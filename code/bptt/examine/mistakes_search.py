"""The smallest set of catalogued mistakes that reproduces a gradient, number by number.

Sets are tried in the order of their size, thousands in one backward pass with switches. A sequence of one step shows
slopes and partners gate by gate, and most sets are gone after it; sequences of two, three and four steps decide about
the rest.
"""

from __future__ import annotations

import time

import numpy as np

from bptt.examine import mistakes_cells
from bptt.examine.mistakes_catalogue import slots
from bptt.examine.mistakes_switches import Switches, columns, few

# What a sequence of one step shows: for each gate, the slots that act on its delta and on no delta before it.
ONE_STEP = {
    "RNN": {"z": ("scale", "W_x", "slope")},
    "LSTM": {
        "o": ("scale", "W_x", "source_o", "slope_o", "partner_o"),
        "i": ("slope_c", "read_out", "source_c", "through_p_o", "slope_i", "partner_i"),
        "g": ("slope_g", "partner_g"),
    },
    "GRU": {"u": ("scale", "W_x", "slope_u", "partner_u"), "g": ("slope_g", "partner_g")},
}
ROWS = 20_000  # backward passes times units, at once


class Puzzle:
    """A gradient to explain.

    Parameters
    ----------
    cell : Cell
    theta : (G, H, D+H+3) array
    probes : dict
        T to ``(x, loss, target)``: a sequence (T, D), the loss on its states (T, H), and the gradient (G, H, D+H+3).
    known : (G, H, D+H+3) array of bool
        Which entries of θ the gradient is given for.
    tolerance : float
        Largest difference that counts as none, in units of the largest entry of the target.
    places : dict, optional
        The slots, each with the names of its alternatives; all that make a difference when left out.
    """

    def __init__(self, cell, theta, probes, known, tolerance, places=None):
        self.cell, self.theta, self.probes, self.known, self.tolerance = cell, theta, probes, known, tolerance
        self.tapes = {T: mistakes_cells.forward(cell, theta, x) for T, (x, _, _) in probes.items()}
        self.D, self.H = theta.shape[2] - theta.shape[1] - 3, theta.shape[1]
        self.sample = few(self.D, self.H)
        self.slots = places or slots(cell.kind)
        self.slots = places or self._seen()

    def codes(self, *sets):
        """Sets of ``(slot, name)`` as rows of switches."""
        rows = np.zeros((len(sets), len(self.slots)), dtype=np.int8)
        for row, found in zip(rows, sets, strict=True):
            for slot, name in found:
                row[list(self.slots).index(slot)] = 1 + self.slots[slot].index(name)
        return rows

    def sets(self, codes):
        """Rows of switches as sets of ``(slot, name)``."""
        places = list(self.slots.items())
        return [tuple((places[s][0], places[s][1][k - 1]) for s, k in enumerate(row) if k) for row in codes]

    def gradient(self, codes, T, sample=None):
        """Gradients with these mistakes, as `Gradient`: all entries, or a sample of them."""
        _, loss, _ = self.probes[T]
        return mistakes_cells.backward(self.cell, self.theta, self.tapes[T], loss, Switches(self.slots, codes, sample))

    def fits(self, codes, T, where=None):
        """Which rows give the target at length T, where it is known: (B,) bool."""
        where = self.sample.of(self.known if where is None else where & self.known, self.D)
        target = self.probes[T][2]
        bound = self.tolerance * (np.abs(target[self.known]).max() + 1e-30)
        target, rows = self.sample.of(target, self.D), max(64, ROWS // self.H)
        chunks = [codes[k : k + rows] for k in range(0, len(codes), rows)]
        found = (self.gradient(chunk, T, self.sample).theta for chunk in chunks)
        off = [np.abs(theta[:, where] - target[where]).max(axis=1, initial=0.0) for theta in found]
        return np.concatenate([*off, np.zeros(0)]) <= bound

    def _seen(self):
        """The alternatives that make a difference to this cell, and not the same as one before them."""
        singles = [(), *((slot, name) for slot, names in self.slots.items() for name in names)]
        rows = self.codes(*[[single] if single else [] for single in singles])
        numbers = self.gradient(rows, max(self.probes), self.sample).theta[:, self.sample.of(self.known, self.D)]
        far = np.abs(numbers[:, None] - numbers[None]).max(axis=2) > 1e-7 * np.abs(numbers[0]).max()
        kept = [single for k, single in enumerate(singles) if k and far[k, :k].all()]
        return {slot: names for slot in self.slots if (names := tuple(name for s, name in kept if s == slot))}


def pose(cell, mistakes=(), H=3, D=2, seed=0):
    """Make a puzzle with known answer: the gradient of a random cell with these mistakes in it.

    Parameters
    ----------
    cell : Cell
    mistakes : iterable of (slot, name)
    H, D : int
    seed : int

    Returns
    -------
    Puzzle

    Examples
    --------
    >>> lstm = next(cell for cell in mistakes_cells.CELLS if cell.kind == "LSTM")
    >>> name(pose(lstm, [("partner_i", "i"), ("carry_c", "no_f")]))
    ([(('partner_i', 'i'), ('carry_c', 'no_f'))], 2)
    """
    rng = np.random.default_rng(seed)
    known = np.ones((len(cell.gates), H, D + H + 3), dtype=bool)
    known[..., D + 1 + H] = cell.kind == "GRU"
    known[..., -1] = [[cell.peephole and gate != "g"] for gate in cell.gates]
    theta = np.where(known, rng.standard_normal(known.shape), 0.0)
    x, dh = rng.standard_normal((4, D)), rng.standard_normal((4, H))
    blank = {T: (x[:T], dh[:T], theta) for T in range(1, 5)}
    one = Puzzle(cell, theta, blank, known, 1e-9)
    probes = {T: (*blank[T][:2], one.gradient(one.codes(mistakes), T).theta[0]) for T in blank}
    return Puzzle(cell, theta, probes, known, 1e-9)


def name(puzzle, largest=9, seconds=20.0):
    """Find the smallest sets of catalogued mistakes that explain a gradient.

    Parameters
    ----------
    puzzle : Puzzle
    largest : int
        Size of the largest set to try.
    seconds : float
        When to give up.

    Returns
    -------
    sets : list of tuple
        Each a set of ``(slot, name)``. The empty set says that the gradient is right; no set, that none was found.
    size : int
        All sets below this size have been tried.
    """
    end = time.perf_counter() + seconds
    early = {slot for slots in ONE_STEP[puzzle.cell.kind].values() for slot in slots}
    late = [slot for slot in puzzle.slots if slot not in early]
    for size in range(largest + 1):
        rows = _after_one_step(puzzle, size)
        rows = _extend(puzzle, rows, late, size, exactly=True)
        for T in sorted(puzzle.probes):
            rows = _sieve(puzzle, rows, T, end)
            if rows is None:
                return [], size
        if len(rows):
            return puzzle.sets(rows), size
    return [], largest + 1


def _after_one_step(puzzle, size):
    """Sets of up to `size` mistakes that one step can show, and that agree with what it shows."""
    rows, waiting = puzzle.codes(()), ()
    at = columns(puzzle.D, puzzle.H)["x"]
    for gate, names in ONE_STEP[puzzle.cell.kind].items():
        waiting += names
        if gate in puzzle.cell.gates:
            where = np.zeros_like(puzzle.known)
            where[puzzle.cell.gates.index(gate), :, at] = True
            rows, waiting = _extend(puzzle, rows, waiting, size), ()
            rows = rows[puzzle.fits(rows, 1, where)]
    return rows


def _extend(puzzle, rows, names, size, exactly=False):
    """Add at most one alternative of each slot that is still right, up to `size` mistakes in all."""
    for name in names:
        if name in puzzle.slots:
            s = list(puzzle.slots).index(name)
            free = rows[(rows[:, s] == 0) & ((rows > 0).sum(axis=1) < size)]
            more = np.repeat(free[None], len(puzzle.slots[name]), axis=0)
            more[:, :, s] = np.arange(1, 1 + len(more))[:, None]
            rows = np.concatenate([rows, more.reshape(-1, rows.shape[1])])
    return rows[(rows > 0).sum(axis=1) == size] if exactly else rows


def _sieve(puzzle, rows, T, end):
    """The rows that agree at length T; None when time is up."""
    kept = []
    for k in range(0, len(rows), ROWS):
        if time.perf_counter() > end:
            return None
        chunk = rows[k : k + ROWS]
        kept.append(chunk[puzzle.fits(chunk, T)])
    return np.concatenate([*kept, rows[:0]])
