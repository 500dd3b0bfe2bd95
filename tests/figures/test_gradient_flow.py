"""The figure of a diagnosis: lines and bands are medians and quantiles, and zeros have no place on it."""

from types import SimpleNamespace

import numpy as np
import pytest

from bptt.figures import gradient_flow
from bptt.figures.plotting import COLOURS


def part(flow, gates=None, name="rnn"):
    return SimpleNamespace(name=name, flow=flow, gates=gates or {})


def test_lines_are_medians_and_bands_are_quantiles():
    h = np.random.default_rng(0).uniform(1, 2, (9, 50))
    fig = gradient_flow.draw([part({"h": h, "c": 2 * h}, {"f": np.linspace(0.2, 0.4, 9)})])
    above, below = fig.axes
    for line, values, colour in zip(above.lines, (h, 2 * h), ("hidden_state", "cell_state"), strict=True):
        np.testing.assert_allclose(line.get_ydata(), np.median(values, axis=1))
        assert line.get_xdata().tolist() == list(range(1, 10))
        assert line.get_color() == COLOURS[colour]
    band = above.collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose(
        [band.min(), band.max()], [np.quantile(h, 0.1, axis=1).min(), np.quantile(h, 0.9, axis=1).max()]
    )
    np.testing.assert_allclose(below.lines[0].get_ydata(), np.linspace(0.2, 0.4, 9))


def test_zeros_and_missing_steps_are_left_out():
    h = np.array([[0.0, 0.0], [np.nan, 1.0], [2.0, 4.0]])
    (ax,) = gradient_flow.draw([part({"h": h, "c": np.zeros((3, 2))})]).axes
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [2, 3]
    assert line.get_ydata().tolist() == [1, 3]


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_flow_that_has_no_place_on_the_axis_leaves_it_empty(value):
    (ax,) = gradient_flow.draw([part({"h": np.full((3, 2), value)})]).axes
    assert not ax.lines


def test_layers_stand_two_beside_each_other():
    parts = [part({"h": np.ones((3, 1))}, {"u": np.ones(3)} if k else {}, name) for k, name in enumerate("abc")]
    fig = gradient_flow.draw(parts)
    assert [ax.get_title() for ax in fig.axes] == ["a", "b", "", "", "c", ""]
    a, b, a_gates, b_gates, c, c_gates = (ax.get_position() for ax in fig.axes)
    assert a.x0 == a_gates.x0 == c.x0 < b.x0 == b_gates.x0
    assert a.y0 == b.y0 > a_gates.y0 == b_gates.y0 > c.y0 > c_gates.y0
    assert fig.axes[2].texts[0].get_text() == "no gates"
    assert [ax.get_xlabel() for ax in fig.axes] == ["", "", "step $t$", "step $t$", "", "step $t$"]


def test_a_kind_of_line_is_named_once():
    parts = [part({"h": np.ones((3, 1))}), part({"h": np.ones((3, 1))}), part({"c": np.ones((3, 1))})]
    fig = gradient_flow.draw(parts)
    assert [ax.get_legend() is not None for ax in fig.axes] == [True, False, True]


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="parts is empty, but needs at least one layer"):
        gradient_flow.draw([])
