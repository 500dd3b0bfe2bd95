"""Drawings of the past: a word to carry along, what is counted twice, a row or matrices, states kept or dropped."""

from __future__ import annotations

from bptt.figures.shapes import PAPER, SMALL, box, canvas, node, rgb, shade, text, wire

ALT = {
    "sentence": (
        "The words The, keys, that, the, man, left, on, the, table in a row, and a question mark. A purple arc runs "
        "from the second word, keys, over all the words between to the question mark."
    ),
    "staircase": (
        "Stacks of boxes for the contributions of the steps 1 to 4. Over step 1 stand four boxes, over step 2 three, "
        "over step 3 two and over step 4 one. The lowest box of each stack, in purple, belongs to its own step; the "
        "grey ones above are counted as well. Below stands how often: 4 times, 3 times, twice and once."
    ),
    "row_or_matrices": (
        "Two ways to multiply four square Jacobians. Above, a flat row times the first square is a flat row again, and "
        "so on to the end: m squared multiplications a factor. Below, a square times a square is a square again: "
        "m cubed multiplications a factor."
    ),
    "memory_plans": (
        "Three rows of dots, one for each state from 0 to 16, while the row of the gradient stands at step 11. Keep "
        "all: the dots up to 11 are full. Checkpoints: the dots 0, 4 and 8 are full, those from 9 to 11 were "
        "computed again. Window: only the dots 10 and 11 are full, and a bar cuts off all that came before."
    ),
}

WORDS = ["The", "keys", "that", "the", "man", "left", "on", "the", "table", "?"]


def sentence(ax):
    """Draw a sentence whose verb depends on its second word.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 1.6 inches suit it.
    """
    canvas(ax, 6.4, 1.6)
    widths = [0.16 + 0.105 * len(word) for word in WORDS]
    gap, left, places = (6.2 - sum(widths)) / (len(WORDS) - 1), 0.1, []
    for word, width in zip(WORDS, widths, strict=True):
        places.append(left + width / 2)
        text(ax, places[-1], 0.35, word, "hidden_state" if word in ("keys", "?") else "text")
        left += width + gap
    start, end = places[1], places[-1]
    wire(ax, [(start, 0.6), (start, 1.05), (end, 1.05), (end, 0.6)], "hidden_state", width=2.2, radius=0.3)
    text(ax, (start + end) / 2, 1.32, "to be carried along", "hidden_state", SMALL)


def staircase(ax, n=4):
    """Draw how often total derivatives count the contribution of each step.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 3 inches suit n = 4.
    n : int
        Number of steps.
    """
    canvas(ax, 6.4, 1.0 + 0.5 * n)
    for step in range(1, n + 1):
        x, times = 1.0 + 1.2 * (step - 1), n - step + 1
        text(ax, x, 0.62, f"step {step}", size=SMALL)
        text(ax, x, 0.25, {1: "once", 2: "twice"}.get(times, f"{times} times"), size=SMALL)
        for extra in range(times):
            tone = "vanilla_rnn" if extra else "hidden_state"
            box(ax, x, 1.05 + 0.5 * extra, rf"$k={step + extra}$", 0.8, 0.4, tone)
    text(ax, 5.25, 1.05, "its own", "hidden_state", SMALL, ha="left")
    text(ax, 5.25, 1.55, "too many", "vanilla_rnn", SMALL, ha="left")


def row_or_matrices(ax):
    """Draw what a chain of Jacobians costs when a row walks through it, and when its matrices are multiplied.

    What to see: a row times a square matrix stays a row, and so the work of a factor stays small.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 2.7 inches suit it.
    """
    canvas(ax, 6.4, 2.6)
    _walk(ax, 2.1, 0.16, "a row", "hidden_state", "$m^2$")
    _walk(ax, 0.75, 0.8, "a matrix", "vanilla_rnn", "$m^3$")


def _walk(ax, y, height, name, tone, cost):
    """Draw what is carried past three Jacobians, with the multiplications of each below its arrow."""
    text(ax, 0.1, y, name, tone, SMALL, ha="left")
    for place in range(4):
        x = 1.75 + 1.38 * place
        box(ax, x, y, "", 0.8, height, tone)
        if place < 3:
            wire(ax, [(x + 0.4, y), (x + 0.97, y)], tone)
            text(ax, x + 0.69, y + 0.25, rf"$\cdot\,J_{4 - place}$")
            text(ax, x + 0.69, y - 0.25, cost, tone)


def memory_plans(ax, n=16, now=11, every=4, window=6):
    """Draw which states are in memory while the row stands at one step, for three ways to keep the past.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 2.7 inches suit it.
    n, now : int
        Number of steps, and the one at which the row stands.
    every, window : int
        Distance of checkpoints, and the steps that a truncated pass looks back.
    """
    canvas(ax, 6.4, 2.7)
    piece = range(every * (now // every), now + 1)
    plans = {
        "keep all": (range(now + 1), ()),
        "checkpoints": (range(0, now, every), piece),
        "window": (range(n - window, now + 1), ()),
    }
    for y, (name, (kept, again)) in zip((2.1, 1.4, 0.7), plans.items(), strict=True):
        text(ax, 0.1, y, name, size=SMALL, ha="left")
        for t in range(n + 1):
            _state(ax, _place(t), y, t in kept, t in again)
    wire(ax, [(_place(now), 2.55), (_place(now), 2.25)], "text")
    text(ax, _place(now) + 0.12, 2.5, "the row is here", size=SMALL, ha="left")
    cut = (_place(n - window - 1) + _place(n - window)) / 2
    wire(ax, [(cut, 0.45), (cut, 0.95)], "forget_gate", arrow=False, width=2.2)
    text(ax, cut, 0.2, "cut", "forget_gate", SMALL)


def _place(t):
    return 1.45 + 0.295 * t


def _state(ax, x, y, kept, again):
    """Draw a state: full when it is kept, light when it was computed again, else empty."""
    node(ax, x, y, "", "hidden_state" if kept or again else "grid", radius=0.1)
    fill = rgb("hidden_state") if kept else shade("hidden_state", 1.0) if again else PAPER
    ax.patches[-1].set_facecolor(fill)
