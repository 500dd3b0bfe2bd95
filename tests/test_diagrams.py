"""Drawings: what they say is what the course says, nothing overlaps, and all of it is legible on a phone."""

import inspect
import re
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from bptt import diagrams, plotting

PHONE = 350  # pixels that a figure 6.4 inches wide gets on a screen 390 pixels wide
DRAWINGS = [name for name, f in inspect.getmembers(diagrams, inspect.isfunction) if name in diagrams.ALT]


@pytest.fixture
def ax():
    with mpl.rc_context(plotting.STYLE):
        fig, ax = plt.subplots(figsize=(6.4, 4.2))
        yield ax
        plt.close(fig)


def labels(ax):
    return [text.get_text() for text in ax.texts]


def test_every_drawing_has_its_alternative_text():
    public = {
        name
        for name, f in inspect.getmembers(diagrams, inspect.isfunction)
        if f.__module__ == diagrams.__name__ and not name.startswith("_")
    }
    assert set(diagrams.ALT) == public
    assert all(60 < len(text) < 600 and text.endswith(".") for text in diagrams.ALT.values())


@pytest.mark.parametrize("name", DRAWINGS)
class TestEveryDrawing:
    def test_it_returns_nothing_and_has_no_axes(self, ax, name):
        assert getattr(diagrams, name)(ax) is None
        assert not ax.axison
        assert ax.get_aspect() == 1

    def test_texts_stay_inside_and_apart(self, ax, name):
        getattr(diagrams, name)(ax)
        ax.figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in ax.texts]
        for text, box in zip(ax.texts, boxes, strict=True):
            assert box.x0 >= ax.bbox.x0, text
            assert box.x1 <= ax.bbox.x1, text
            assert box.y0 >= ax.bbox.y0, text
            assert box.y1 <= ax.bbox.y1, text
        for (a, box), (b, other) in combinations(zip(ax.texts, boxes, strict=True), 2):
            assert not box.overlaps(other), (a, b)

    def test_letters_are_legible_on_a_phone(self, ax, name):
        getattr(diagrams, name)(ax)
        pixels = PHONE / (6.4 * 72)  # that one point gets
        assert min(text.get_fontsize() for text in ax.texts) * pixels >= 9


def test_colours_come_from_the_palette():
    source = Path(diagrams.__file__).read_text("utf-8")
    assert not re.search(r"#[0-9a-fA-F]{3}", source)


def passes(wire, box):
    """Whether a wire runs into a box."""
    corners = wire.get_path().interpolated(20).vertices
    x, y, width, height = box.get_x(), box.get_y(), box.get_width(), box.get_height()
    inside = (np.abs(corners - [x + width / 2, y + height / 2]) < [width / 2, height / 2]).all(axis=1)
    return inside.any()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_path_of_a_step_passes_the_jacobians_after_it(ax, n):
    diagrams.temporal_contributions(ax, n)
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    named = {}
    for box in boxes:
        x, y = box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2
        named.update({t.get_text(): box for t in ax.texts if np.allclose(t.get_position(), (x, y))})
    wide = [p for p in ax.patches if isinstance(p, FancyArrowPatch) and p.get_linewidth() > 2]
    assert len(wide) == n
    for k, path in enumerate(wide, start=1):
        met = {label for label, box in named.items() if passes(path, box) and "theta" not in label}
        assert met == {rf"$\boldsymbol{{\delta}}_{n}$"} | {f"$J_{t}$" for t in range(k + 1, n + 1)}
        (product,) = [label for label in labels(ax) if rf"{{h}}_{k}}}{{\partial\theta}}" in label]
        assert product.count("J_") == n - k


def test_the_rnn_uses_one_theta_and_the_last_state(ax):
    diagrams.many_to_one(ax)
    assert labels(ax).count(r"$\theta$") == 1
    assert {rf"$\mathbf{{x}}_{t}$" for t in "12n"} <= set(labels(ax))


def test_errors_name_the_argument(ax):
    with pytest.raises(ValueError, match=r"^n is 5, but needs a whole number of at least 1 and at most 4$"):
        diagrams.temporal_contributions(ax, n=5)
    with pytest.raises(TypeError, match=r"^n is 2\.0, but needs a whole number"):
        diagrams.temporal_contributions(ax, n=2.0)
