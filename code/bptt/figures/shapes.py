"""The few shapes that every drawing of a network is made of. One unit is one inch of a figure 6.4 inches wide.

A colour is the name of one in the palette, or red, green and blue.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, PathPatch
from matplotlib.path import Path

from bptt.figures.plotting import COLOURS, INK

SIZE = 14  # points: about 11 pixels where the drawing is 350 pixels wide, as on a phone
SMALL = 12
PAPER = (1.0, 1.0, 1.0)


def canvas(ax, width, height):
    """Turn an ``ax`` into a sheet of paper, `width` by `height` inches, without axes."""
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.set_axis_off()


def node(ax, x, y, label, colour="text", radius=0.28):
    """Draw a state: a circle in its colour, lightly filled."""
    ax.add_patch(Circle((x, y), radius, ec=rgb(colour), fc=tint(colour), lw=1.6, zorder=3))
    text(ax, x, y, label)


def box(ax, x, y, label, width, height, colour="text"):
    """Draw a layer, a gate or a parameter: a box with round corners."""
    style = "round,pad=0,rounding_size=0.08"
    corner = x - width / 2, y - height / 2
    ax.add_patch(FancyBboxPatch(corner, width, height, style, ec=rgb(colour), fc=tint(colour), lw=1.6, zorder=3))
    text(ax, x, y, label)


def times(ax, x, y):
    """Draw the element-wise product ⊙: a circle with a dot."""
    ax.add_patch(Circle((x, y), 0.15, ec=rgb("text"), fc=PAPER, lw=1.6, zorder=3))
    ax.add_patch(Circle((x, y), 0.035, color=rgb("text"), zorder=4))


def plus(ax, x, y):
    """Draw the sum: a circle with a cross."""
    ax.add_patch(Circle((x, y), 0.15, ec=rgb("text"), fc=PAPER, lw=1.6, zorder=3))
    ax.plot([x - 0.08, x + 0.08], [y, y], [x, x], [y - 0.08, y + 0.08], color=rgb("text"), lw=1.6, zorder=4)


def text(ax, x, y, label, colour="text", size=SIZE, ha="center"):
    """Write a label, its formula set in the face of the pages."""
    ax.text(x, y, label, color=rgb(colour), size=size, ha=ha, va="center_baseline", zorder=4, math_fontfamily="cm")


def wire(ax, points, colour="text", arrow=True, width=1.4, zorder=2, radius=0.14, over=False):
    """Draw a line through the points, with round corners and an arrow head at its end.

    With `over` it leaves a gap in the lines of a lower `zorder` that it crosses.
    """
    path = _rounded(np.asarray(points, dtype=float), radius)
    if over:
        ax.add_patch(PathPatch(path, fc="none", ec=PAPER, lw=width + 5, zorder=zorder - 0.5, capstyle="butt"))
    style = "-|>,head_length=5,head_width=2.6" if arrow else "-"
    line = FancyArrowPatch(path=path, arrowstyle=style, color=rgb(colour), lw=width, zorder=zorder, capstyle="butt")
    ax.add_patch(line)


def _rounded(points, radius):
    """Replace each corner of a polyline by a quadratic curve that starts and ends `radius` away from it."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, away = ((corner - p) / np.linalg.norm(corner - p) for p in (before, after))
        vertices += [corner - radius * into, corner, corner - radius * away]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])


def rgb(colour):
    """Red, green and blue of a name of the palette, or of a colour given as such."""
    return to_rgb({**INK, **COLOURS}.get(colour, colour))


def tint(colour, strength=0.08):
    """A light shade of a colour, to fill with."""
    return tuple(1 - strength * (1 - part) for part in rgb(colour))


def shade(colour, age):
    """Grade a colour by age: dark where `age` is 0, light where it is 1."""
    dark, light = 0.4 * np.array(rgb(colour)), np.array(tint(colour, 0.8))
    return tuple((1 - age) * dark + age * light)
