"""The drawings of clipping show what clipping does."""

import numpy as np
import pytest
from drawings import boxes, points, sheet, wires

from bptt.figures import diagrams_clipping

ax = pytest.fixture(sheet)


def test_by_norm_keeps_the_direction_and_by_value_does_not(ax):
    diagrams_clipping.two_ways(ax)
    ways = [np.subtract(points(wire)[1], points(wire)[0]) for wire in wires(ax)]
    angles = [np.arctan2(y, x) for x, y in ways]
    assert angles[0] == pytest.approx(angles[1])
    assert abs(angles[2] - angles[3]) > 0.1


def test_the_clip_stands_between_backward_and_step(ax):
    diagrams_clipping.order(ax)
    assert sorted(boxes(ax), key=lambda name: boxes(ax)[name].get_x()) == ["backward", "clip", "step"]
