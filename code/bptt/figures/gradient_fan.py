"""The picture on the first page: gradients on their way back through time, as a fan of lines that fade or burn."""

from __future__ import annotations

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize

from bptt.arguments import count, float_array
from bptt.figures.shapes import rgb, tint


def draw(ax, log_size, decades=40, colour="hidden_state"):
    """Draw the size of the gradient at each step, one line for each network.

    What to see: all lines start at 1 at the last step. A line pales as its gradient vanishes, until it is gone, and
    darkens as it explodes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    log_size : (K, T+1) array
        Natural logarithm of the size at the steps 0 … T, of K networks, such as `jacobians.log_norms` gives.
    decades : int
        Powers of ten above and below 1 that the axis shows.
    colour : str
        Name of a colour of the palette, which a line has where its size is 1.

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or is not finite.
    """
    float_array("log_size", log_size, "K T+1")
    decades = count("decades", decades)
    powers = log_size / np.log(10)
    steps = np.broadcast_to(np.arange(powers.shape[1]), powers.shape)
    points = np.stack([steps, powers], axis=-1)
    pieces = np.stack([points[:, :-1], points[:, 1:]], axis=2).reshape(-1, 2, 2)
    scale = {"array": pieces[:, :, 1].mean(axis=1), "cmap": _ramp(colour), "norm": Normalize(-decades, decades)}
    ax.add_collection(LineCollection(pieces, lw=0.9, capstyle="round", **scale))
    ax.set(xlim=(0, 1.01 * steps[0, -1]), ylim=(-decades, decades))
    ax.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:g}}}$")
    ax.grid(visible=False)


def _ramp(colour):
    """Colours from almost that of the paper, through the colour itself, to almost that of the ink."""
    dark = tuple(0.2 * part for part in rgb(colour))
    return LinearSegmentedColormap.from_list("size", [tint(colour, 0.1), rgb(colour), dark])
