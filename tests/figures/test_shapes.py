"""Every drawing: nothing overlaps or leaves the paper, all of it is legible on a phone, colours have their meaning."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from drawings import DRAWINGS, drawings, sheet
from matplotlib.patches import Circle, FancyBboxPatch

from bptt.figures import diagrams, diagrams_clipping, diagrams_lstm, diagrams_past, plotting, shapes

PHONE = 350  # pixels that a figure 6.4 inches wide gets on a screen 390 pixels wide

ax = pytest.fixture(sheet)


@pytest.mark.parametrize(
    "module", [diagrams, diagrams_clipping, diagrams_lstm, diagrams_past], ids=lambda module: module.__name__
)
def test_every_drawing_has_its_alternative_text(module):
    assert set(module.ALT) == set(drawings(module))
    assert all(60 < len(text) < 600 and text.endswith(".") for text in module.ALT.values())


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
class TestEveryDrawing:
    def test_it_returns_nothing_and_has_no_axes(self, ax, draw):
        assert draw(ax) is None
        assert not ax.axison
        assert ax.get_aspect() == 1

    def test_texts_stay_inside_and_apart(self, ax, draw):
        draw(ax)
        ax.figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in ax.texts]
        for text, box in zip(ax.texts, boxes, strict=True):
            assert box.x0 >= ax.bbox.x0, text
            assert box.x1 <= ax.bbox.x1, text
            assert box.y0 >= ax.bbox.y0, text
            assert box.y1 <= ax.bbox.y1, text
        for (a, box), (b, other) in combinations(zip(ax.texts, boxes, strict=True), 2):
            assert not box.overlaps(other), (a, b)

    def test_a_label_fits_its_box_or_circle(self, ax, draw):
        draw(ax)
        ax.figure.draw_without_rendering()
        frames = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, (Circle, FancyBboxPatch))]
        for text in ax.texts:
            x, y = ax.transData.transform(text.get_position())
            for frame in frames:
                if frame.contains(x, y):
                    label = text.get_window_extent()
                    assert frame.x0 <= label.x0 <= label.x1 <= frame.x1, text
                    assert frame.y0 <= label.y0 <= label.y1 <= frame.y1, text

    def test_letters_are_legible_on_a_phone(self, ax, draw):
        draw(ax)
        pixels = PHONE / (6.4 * 72)  # that one point gets
        assert min(text.get_fontsize() for text in ax.texts) * pixels >= 9


@pytest.mark.parametrize("module", [diagrams, diagrams_lstm, diagrams_past, shapes], ids=lambda module: module.__name__)
def test_colours_come_from_the_palette(module):
    assert not re.search(r"#[0-9a-fA-F]{3}", Path(module.__file__).read_text("utf-8"))


def test_a_colour_is_a_name_or_a_colour():
    assert shapes.rgb("text") == shapes.rgb(plotting.INK["text"])
    assert shapes.rgb("cell_state") == shapes.rgb(plotting.COLOURS["cell_state"])
    assert shapes.rgb((0.0, 0.5, 1.0)) == (0.0, 0.5, 1.0)


def test_tints_are_light_and_shades_run_from_dark_to_light():
    assert min(shapes.tint("hidden_state")) > 0.9
    sums = [sum(shapes.shade("hidden_state", age)) for age in (0.0, 0.5, 1.0)]
    assert sums == sorted(sums)
    assert sums[0] < sum(shapes.rgb("hidden_state")) < sums[2]


def test_a_wire_starts_and_ends_where_it_is_told_to_and_rounds_its_corner(ax):
    shapes.canvas(ax, 2, 2)
    shapes.wire(ax, [(0, 0), (1, 0), (1, 1)], arrow=False, radius=0.25)
    (line,) = ax.patches
    points = line.get_path().vertices
    np.testing.assert_allclose(points, [(0, 0), (0.75, 0), (1, 0), (1, 0.25), (1, 1)], atol=1e-12)


def test_a_wire_over_others_leaves_a_gap_below_itself_and_above_them(ax):
    shapes.canvas(ax, 2, 2)
    shapes.wire(ax, [(1, 0), (1, 2)], zorder=1)
    shapes.wire(ax, [(0, 1), (2, 1)], over=True)
    lower, gap, upper = ax.patches
    assert lower.get_zorder() < gap.get_zorder() < upper.get_zorder()
    assert gap.get_linewidth() > upper.get_linewidth()
    assert gap.get_edgecolor()[:3] == shapes.PAPER
