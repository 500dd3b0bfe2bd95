"""How every figure looks: one style, one palette, a few shapes that recur. Functions take arrays and an ``ax``."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib_inline.backend_inline import set_matplotlib_formats

_palette = tomllib.loads(files("bptt.figures").joinpath("palette.toml").read_text(encoding="utf-8"))

COLOURS = _palette["colours"]
"""Colour of each part of a network: ``input_gate``, ``forget_gate``, …, ``vanilla_rnn``."""

INK = _palette["ink"]
"""Colours of text and of grid lines."""

ACCENT = _palette["site"]["accent_light"]
"""Colour of what a reader has set, as on the site; none of a part of a network."""

STYLE = {
    "figure.figsize": (6.4, 3.4),
    "figure.constrained_layout.use": True,
    "font.size": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK["text"],
    "axes.labelcolor": INK["text"],
    "axes.titlesize": "medium",
    "figure.labelsize": mpl.rcParamsDefault["axes.labelsize"],
    "axes.prop_cycle": mpl.cycler(color=list(COLOURS.values())),
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": INK["grid"],
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.handlelength": 2.8,
    "text.color": INK["text"],
    "xtick.color": INK["text"],
    "ytick.color": INK["text"],
    "mathtext.fontset": "dejavusans",
}


def use_style():
    """Give every figure of the page the style of the course, at twice the resolution of the screen."""
    plt.rcParams.update(STYLE)
    set_matplotlib_formats("retina")


def decay(ax, distance, log_size, label, colour="vanilla_rnn", **line):
    """Draw a size against distance in time, with the size given as its natural logarithm.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    distance : (K,) array
        Steps.
    log_size : (K,) array
        Natural logarithm of the size; the axis shows powers of ten, beyond what float64 holds.
    label : str
    colour : str
        Name of a colour of the palette, or any other colour.
    **line
        Passed on to ``ax.plot``.
    """
    ax.plot(distance, np.asarray(log_size) / np.log(10), color=COLOURS.get(colour, colour), label=label, **line)
    ax.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:g}}}$")
