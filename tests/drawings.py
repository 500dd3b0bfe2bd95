"""How a test reads a drawing: its texts, its boxes by their label, its wires and what they touch."""

from __future__ import annotations

import inspect

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from bptt.figures import diagrams, diagrams_clipping, diagrams_lstm, diagrams_past, plotting


def sheet():
    """Give a test one ``ax`` of the size of a page, in the style of the course; for ``pytest.fixture``."""
    with mpl.rc_context(plotting.STYLE):
        fig, ax = plt.subplots(figsize=(6.4, 4.2))
        yield ax
        plt.close(fig)


def drawings(module):
    """Public functions that a module defines."""
    return {
        name: f
        for name, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__ and not name.startswith("_")
    }


DRAWINGS = {
    f"{module.__name__}.{name}": draw
    for module in (diagrams, diagrams_clipping, diagrams_lstm, diagrams_past)
    for name, draw in drawings(module).items()
}


def labels(ax):
    return [text.get_text() for text in ax.texts]


def places(ax):
    return {text.get_text(): text.get_position() for text in ax.texts}


def centre(box):
    return box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2


def boxes(ax):
    """The boxes of a drawing, by the label in them."""
    found = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    return {t.get_text(): box for box in found for t in ax.texts if np.allclose(t.get_position(), centre(box))}


def wires(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def points(wire):
    """Corners of a wire and of its arrow head, without the dummy that closes the head."""
    path = wire.get_path()
    return path.vertices[path.codes != Path.CLOSEPOLY]


def passes(wire, box):
    """Whether a wire runs into a box."""
    corners = Path(points(wire)).interpolated(20).vertices
    return (np.abs(corners - centre(box)) < [box.get_width() / 2, box.get_height() / 2]).all(axis=1).any()


def enters(wire, box):
    """Whether a wire comes from below and ends at the lower side of a box."""
    x, y = max(points(wire), key=lambda vertex: vertex[1])
    return abs(x - centre(box)[0]) < box.get_width() / 2 and abs(y - box.get_y()) < 0.05
