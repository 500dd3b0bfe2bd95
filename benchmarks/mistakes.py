"""How many mistakes in a backward pass are named, and how fast.

Every mistake by itself, 200 pairs and 100 triples drawn at random, at three sizes. Alone means that the set is the one
answer; hidden, that fewer of its mistakes give the same numbers, so that the others make no difference beside them.
Bars: no single mistake and no pair is missed, nor more than 5 % of the triples; 2 s for one or two, 20 s for three.
"""

from __future__ import annotations

import itertools
import time
from statistics import median

import numpy as np

from bptt.examine.mistakes_cells import CELLS, describe
from bptt.examine.mistakes_search import name, pose

SIZES = [dict(H=2, D=1), dict(H=3, D=2), dict(H=5, D=4)]
MOST = {1: 10**6, 2: 200, 3: 100}
MISSED = {1: 0.0, 2: 0.0, 3: 0.05}
SECONDS = {1: 2.0, 2: 2.0, 3: 20.0}
RACED = ["RNN with tanh", "LSTM, h = o tanh c", *(describe(cell) for cell in CELLS if cell.kind == "GRU")]


def table(show=print):
    """Show a line for each cell, size and number of mistakes; return what missed its bar."""
    missed = []
    show("| cell | H, D | mistakes | sets | alone | hidden | missed | median | worst |")
    show("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for cell, size, n in itertools.product(CELLS, SIZES, MOST):
        if describe(cell) in RACED:
            counts, seconds = race(cell, size, n)
            found = " | ".join(f"{counts[word]}" for word in ("alone", "hidden", "missed"))
            label = f"{describe(cell)} | {size['H']}, {size['D']} | {n}"
            show(f"| {label} | {len(seconds)} | {found} | {median(seconds):.2f} s | {max(seconds):.2f} s |")
            if counts["missed"] > MISSED[n] * len(seconds) or max(seconds) > SECONDS[n]:
                missed.append(f"{label}: {counts['missed']} missed, {max(seconds):.1f} s at worst")
    return missed


def race(cell, size, n):
    """Name sets of n mistakes; return how often each outcome came, and the seconds of each."""
    counts, seconds = dict.fromkeys(("alone", "hidden", "missed"), 0), []
    for k, mistakes in enumerate(together(cell, n)):
        puzzle, start = pose(cell, mistakes, seed=k % 3, **size), time.perf_counter()
        found = [set(one) for one in name(puzzle)[0]]
        seconds.append(time.perf_counter() - start)
        hidden = any(one < set(mistakes) for one in found)
        counts["alone" if found == [set(mistakes)] else "hidden" if hidden else "missed"] += 1
    return counts, seconds


def together(cell, n):
    """Sets of n mistakes in n slots: all of them, or as many as are raced, drawn at random."""
    every = [(slot, name) for slot, names in pose(cell).slots.items() for name in names]
    sets = [s for s in itertools.combinations(every, n) if len({slot for slot, _ in s}) == n]
    chosen = np.random.default_rng(0).permutation(len(sets))[: MOST[n]]
    return [sets[k] for k in chosen]


if __name__ == "__main__":
    raise SystemExit(len(table()))
