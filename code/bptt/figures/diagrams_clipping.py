"""Drawings of clipping: what it does to a gradient, and where it stands in a training step. One unit is one inch."""

from __future__ import annotations

from matplotlib.patches import Circle, Rectangle

from bptt.figures.plotting import ACCENT
from bptt.figures.shapes import SMALL, box, canvas, rgb, text, wire

ALT = {
    "two_ways": (
        "Two pictures of one long grey arrow, the gradient g. Left: a circle of radius c, and the clipped arrow on the "
        "gradient, up to the circle. Right: a square from minus c to c; the clipped arrow ends in its corner, and "
        "points in another direction than the gradient."
    ),
    "order": (
        "Three boxes in a row, joined by arrows: backward, clip, step. Over the arrow into clip stands g, over the "
        "arrow out of it the clipped g."
    ),
}


def two_ways(ax):
    """Draw a gradient that is clipped by its norm, and one that is clipped entry by entry.

    What to see: by norm the gradient keeps its direction; by value it is turned.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 2.8 inches suit it.
    """
    canvas(ax, 6.4, 2.8)
    c, long = 0.75, (1.05, 1.65)
    norm = (long[0] ** 2 + long[1] ** 2) ** 0.5
    cut = {
        "by norm": (1.2, tuple(c * part / norm for part in long), Circle((1.2, 0.85), c)),
        "by value": (4.5, tuple(min(part, c) for part in long), Rectangle((4.5 - c, 0.85 - c), 2 * c, 2 * c)),
    }
    for name, (x, clipped, limit) in cut.items():
        limit.set(ec=rgb(ACCENT), fc="none", ls=":", lw=1.4)
        ax.add_patch(limit)
        wire(ax, [(x, 0.85), (x + long[0], 0.85 + long[1])], "vanilla_rnn")
        wire(ax, [(x, 0.85), (x + clipped[0], 0.85 + clipped[1])], ACCENT, width=3)
        text(ax, x + long[0] + 0.15, 0.75 + long[1], r"$\mathbf{g}$", "vanilla_rnn")
        text(ax, x + c + 0.12, 0.25, name, ACCENT, SMALL, ha="left")
        text(ax, x - c - 0.15, 0.85, r"$c$", ACCENT)


def order(ax):
    """Draw where clipping stands in a training step.

    What to see: the step takes the gradient that the clip leaves.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 1.1 inches suit it.
    """
    canvas(ax, 6.4, 1.1)
    for x, name, colour in [(0.8, "backward", "text"), (3.1, "clip", ACCENT), (5.5, "step", "text")]:
        box(ax, x, 0.5, name, 1.2, 0.5, colour)
    for start, end, what in [(1.4, 2.48, r"$\mathbf{g}$"), (3.7, 4.88, r"$\mathbf{g}_{\mathrm{clipped}}$")]:
        wire(ax, [(start, 0.5), (end, 0.5)])
        text(ax, (start + end) / 2, 0.78, what)
