"""The figures of the notebook show the miniatures, and take what the explorables take."""

import inspect

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from explorables import SETTINGS, defaults, presets

from bptt.figures import explore, explore_fan, explore_numerics, plotting
from bptt.growth import matrices

DRAW = {
    "fan": explore.fan,
    "two-unit": explore.two_unit,
    "cliff": explore.cliff,
    "gate": explore.gate,
    "paths": explore.paths,
}


@pytest.fixture(autouse=True)
def style():
    with mpl.rc_context(plotting.STYLE):
        yield
        plt.close("all")


def arguments(name, setting):
    """A setting of the page as arguments: there a matrix is a list of four."""
    said = ("guess", "run")  # a reader says these; nothing is drawn otherwise for it
    pairs = ((key, v) for key, v in setting.items() if key not in said)
    return {key: np.reshape(v, (2, 2)).tolist() if isinstance(v, list) else v for key, v in pairs}


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_figure_has_the_arguments_and_defaults_of_its_explorable(name):
    signature = inspect.signature(DRAW[name]).parameters
    taken = {key: np.array(p.default).tolist() if key == "W" else p.default for key, p in signature.items()}
    assert taken == arguments(name, defaults(name))


@pytest.mark.parametrize("name", SETTINGS)
def test_every_preset_can_be_drawn(name):
    for setting in presets(name):
        DRAW[name](**arguments(name, setting))
        plt.gcf().draw_without_rendering()


def test_the_fan_lights_the_line_of_its_gain():
    explore.fan(gain=1.6)
    lit = plt.gca().get_lines()[0].get_ydata()
    np.testing.assert_allclose(lit, explore_fan.log_sizes(1.597) / np.log(10))
    assert plt.gca().texts[0].get_text() == "gain 1.597"


def test_the_ellipse_and_the_curve_are_those_of_the_product():
    explore.two_unit(matrices.TRANSIENT, step=9)
    plane, sizes = plt.gcf().axes
    found = explore_numerics.ellipses(matrices.TRANSIENT)
    drawn = plane.patches[0].get_xy()
    assert np.linalg.norm(drawn, axis=1).max() == pytest.approx(38.7, abs=0.05)
    np.testing.assert_allclose(lines(sizes)["the product"].get_ydata(), found.log_norms / np.log(10))
    bound = lines(sizes)[r"$(\gamma\,\sigma_{max})^m$"].get_ydata()
    assert (bound >= lines(sizes)["the product"].get_ydata() - 1e-12).all()


def test_the_walks_are_drawn_as_they_went():
    explore.cliff(steps=20, max_norm=0.5)
    plane, fall = plt.gcf().axes
    held = explore_numerics.walk(5.05, -2.62, max_norm=0.5, steps=20)
    np.testing.assert_array_equal(plane.get_lines()[1].get_xydata(), np.transpose([held.w, held.b]))
    np.testing.assert_array_equal(lines(fall)["clipped"].get_ydata(), held.loss)


def test_the_retention_passes_through_its_half_life():
    explore.gate(forget_bias=3.0, companion=True)
    kept, filled = plt.gcf().axes
    curve, dot = kept.get_lines()[:2]
    assert np.interp(dot.get_xdata()[0], *curve.get_xydata().T) == pytest.approx(0.5, abs=1e-3)
    assert filled.get_lines()[0].get_ydata()[-1] == pytest.approx(1)


def test_a_chrono_layer_adds_nine_cells():
    explore.gate(forget_bias=4.6, chrono=True)
    many = len(plt.gcf().axes[0].get_lines())
    explore.gate(forget_bias=4.6)
    assert many - len(plt.gcf().axes[0].get_lines()) == 9


def test_the_routes_are_drawn_by_distance():
    explore.paths(gain=6.0)
    found, drawn = explore_numerics.paths(gain=6.0), lines(plt.gca())
    np.testing.assert_allclose(drawn["all routes: the gradient"].get_ydata(), found.whole / np.log(10))
    np.testing.assert_allclose(drawn["diag(f) alone"].get_ydata(), found.forget / np.log(10))


@pytest.mark.parametrize(("draw", "argument"), [(explore.two_unit, "step"), (explore.paths, "distance")])
def test_a_mark_beyond_the_end_is_refused(draw, argument):
    with pytest.raises(ValueError, match=f"^{argument} is 61, but needs"):
        draw(**{argument: 61})
