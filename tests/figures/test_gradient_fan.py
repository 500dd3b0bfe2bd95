"""The fan: each line has its gradient's size, and its colour says so too."""

import numpy as np
import pytest
from drawings import sheet

from bptt.figures import gradient_fan, shapes

ax = pytest.fixture(sheet)


def lines(ax, log_size, **options):
    """Draw a fan; return the ends of its pieces (K, T, 2, 2) and their colours (K, T, 3)."""
    gradient_fan.draw(ax, log_size, **options)
    ax.figure.draw_without_rendering()
    (collection,) = ax.collections
    K, T = log_size.shape[0], log_size.shape[1] - 1
    pieces = np.array([path.vertices for path in collection.get_paths()]).reshape(K, T, 2, 2)
    return pieces, collection.get_colors()[:, :3].reshape(K, T, 3)


def test_each_line_joins_the_sizes_of_one_network(ax):
    log_size = np.random.default_rng(0).standard_normal((3, 6))
    pieces, _ = lines(ax, log_size)
    np.testing.assert_array_equal(pieces[:, :, :, 0], np.tile([(t, t + 1) for t in range(5)], (3, 1, 1)))
    np.testing.assert_allclose(pieces[:, :, 0, 1], log_size[:, :-1] / np.log(10))
    np.testing.assert_allclose(pieces[:, :, 1, 1], log_size[:, 1:] / np.log(10))


def test_a_line_pales_as_it_vanishes_and_darkens_as_it_explodes(ax):
    rate = np.array([-1.0, 0.0, 1.0])
    _, colours = lines(ax, rate[:, None] * np.arange(100, -1, -1), decades=40)
    light = colours.sum(axis=2)
    assert light[0, 0] > 2.5
    assert light[2, 0] < 0.7
    np.testing.assert_allclose(colours[1], np.tile(shapes.rgb("hidden_state"), (100, 1)), atol=0.01)
    assert (np.diff(light[0]) <= 0).all()
    assert (np.diff(light[2]) >= 0).all()


def test_the_axis_shows_powers_of_ten_on_both_sides_of_one(ax):
    lines(ax, np.zeros((1, 11)), decades=30)
    assert ax.get_ylim() == (-30, 30)
    assert "$10^{-30}$" in [label.get_text() for label in ax.get_yticklabels()]


def test_errors_name_the_argument(ax):
    with pytest.raises(ValueError, match=r"^log_size has shape \(5,\), but needs \(K, T\+1\)"):
        gradient_fan.draw(ax, np.zeros(5))
    with pytest.raises(ValueError, match=r"^log_size contains -inf at index \(0, 1\), but needs finite numbers$"):
        gradient_fan.draw(ax, np.array([[0.0, -np.inf]]))
    with pytest.raises(ValueError, match=r"^decades is 0, but needs a whole number of at least 1$"):
        gradient_fan.draw(ax, np.zeros((1, 2)), decades=0)
