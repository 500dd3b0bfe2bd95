"""The drawings of the past count what the pages count."""

import pytest
from drawings import boxes, labels, sheet
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyBboxPatch

from bptt.figures import diagrams_past, plotting

ax = pytest.fixture(sheet)


def test_the_verb_comes_last_and_its_noun_second(ax):
    diagrams_past.sentence(ax)
    assert labels(ax)[1] == "keys"
    assert labels(ax)[9] == "?"


@pytest.mark.parametrize("n", [2, 4])
def test_a_contribution_is_counted_once_for_each_step_from_its_own_on(ax, n):
    diagrams_past.staircase(ax, n)
    stacks = [round(box.get_x(), 3) for box in ax.patches if isinstance(box, FancyBboxPatch)]
    assert [stacks.count(x) for x in sorted(set(stacks))] == list(range(n, 0, -1))
    assert boxes(ax)
    assert {"once", "twice"} <= set(labels(ax))


def test_a_row_stays_a_row_and_costs_less_at_every_factor(ax):
    diagrams_past.row_or_matrices(ax)
    heights = [box.get_height() for box in ax.patches if isinstance(box, FancyBboxPatch)]
    assert max(heights[:4]) < min(heights[4:]) / 4
    assert [labels(ax).count(cost) for cost in ("$m^2$", "$m^3$", r"$\cdot\,J_4$")] == [3, 3, 2]


def test_each_plan_keeps_what_the_page_says(ax):
    diagrams_past.memory_plans(ax)
    dots = [patch for patch in ax.patches if isinstance(patch, Circle)]
    full = to_rgb(plotting.COLOURS["hidden_state"])
    kept = [[dot.get_facecolor()[:3] == full for dot in dots[k : k + 17]] for k in (0, 17, 34)]
    assert [[t for t, is_kept in enumerate(plan) if is_kept] for plan in kept] == [list(range(12)), [0, 4, 8], [10, 11]]
