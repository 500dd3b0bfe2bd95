"""One unit: how much noise a bit survives, by simulation, and the cliff, by torch and by its wall."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze
from scipy.special import expit

from bptt.growth import one_unit

# Weight, slope, margin: the latches of page 2.3.
LATCHES = [(1.05, 0.906, 0.007), (1.25, 0.619, 0.078), (2.0, 0.166, 0.533), (3.0, 0.031, 1.303)]


@pytest.mark.parametrize(("w", "slope", "margin"), LATCHES)
def test_slope_and_margin_of_a_bit(w, slope, margin):
    latch = one_unit.latch(w)
    agree(np.round([latch.slope, latch.margin], 3), [slope, margin])
    agree(np.tanh(w * latch.state), latch.state)


@pytest.mark.parametrize(("w", "slope", "margin"), LATCHES)
def test_a_bit_survives_just_below_the_margin_and_not_just_above(w, slope, margin):
    for share, survives in ((0.99, True), (1.01, False)):
        h, u = one_unit.latch(w).state, -share * one_unit.latch(w).margin
        for _ in range(20_000):
            h = np.tanh(w * h + u)
        assert (h > 0) == survives


def test_robust_memory_and_a_large_gradient_exclude_each_other():
    latches = [one_unit.latch(w) for w in np.linspace(1.01, 5, 50)]
    assert (np.diff([latch.margin for latch in latches]) > 0).all()
    assert (np.diff([latch.slope for latch in latches]) < 0).all()
    assert max(latch.slope for latch in latches) < 1


@given(st.floats(-6, 6), st.floats(-4, 4), st.integers(1, 20))
def test_the_gradient_of_the_cliff_agrees_with_torch(w, b, T):
    W, B = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (w, b))
    x = torch.tensor(0.5, dtype=torch.float64)
    for _ in range(T):
        x = W * torch.sigmoid(x) + B
    loss = (torch.sigmoid(x) - 0.7) ** 2
    dw, db = torch.autograd.grad(loss, (W, B))
    got = one_unit.cliff(w, b, T)
    np.testing.assert_allclose(got, [loss.item(), dw.item(), db.item()], rtol=1e-9, atol=1e-14)


def test_a_grid_is_its_points():
    w, b = np.linspace(4, 6, 5)[:, None], np.linspace(-3, -2, 7)
    grid = one_unit.cliff(w, b)
    assert grid.loss.shape == (5, 7)
    agree(np.array(one_unit.cliff(w[3, 0], b[2])), np.array([part[3, 2] for part in grid]))


@pytest.mark.parametrize("w", [4.6, 5.05, 5.5, 6.0])
def test_the_cliff_stands_on_the_wall(w):
    b = np.linspace(-3.4, -2.0, 140_001)
    steepest = b[np.argmax(np.abs(one_unit.cliff(w, b).db))]
    # A distance from the wall grows by w σ′(½) a step, and shows once it has become about 1. Hence its thickness.
    thickness = (w * expit(0.5) * expit(-0.5)) ** -50
    assert abs(steepest - one_unit.wall(w)) < thickness + 1e-5
    if w == 5.05:
        assert abs(one_unit.wall(w) + 2.6434) < 1e-4
        assert abs(steepest + 2.6435) < 1e-4


def test_the_wall_parts_those_who_fall_from_those_who_rise():
    wall = one_unit.wall(5.05)
    agree(np.round(wall, 4), -2.6434)
    agree(5.05 * expit(0.5) + wall, 0.5)
    ends = []
    for b in (wall - 1e-3, wall + 1e-3):
        x = 0.5
        for _ in range(200):
            x = 5.05 * expit(x) + b
        ends.append(x)
    assert ends[0] < -1 < 1 < ends[1]


def test_a_walk_across_the_plane_meets_few_steep_places():
    """On a grid of 401 × 401: the median is small, a hundredth of a per cent to a per cent is steep."""
    w, b = np.meshgrid(np.linspace(4, 6, 401), np.linspace(-3, -2, 401))
    cliff = one_unit.cliff(w, b)
    steepness = np.hypot(cliff.dw, cliff.db)
    assert steepness.max() > 1e3 * np.median(steepness)
    assert 1e-4 < (steepness > 1).mean() < 1e-2


def test_between_the_folds_there_are_three_fixed_points():
    low, high = one_unit.folds(5.0)
    agree(np.round([low, high], 4), [-2.6556, -2.3444])
    agree(one_unit.folds(4.0), (-2.0, -2.0))
    x = np.linspace(-10, 10, 200_001)
    for b, number in ((low - 1e-3, 1), (low + 1e-3, 3), (high - 1e-3, 3), (high + 1e-3, 1)):
        assert np.count_nonzero(np.diff(np.sign(5 * expit(x) + b - x))) == number


REFUSED = [
    (lambda: one_unit.latch(1.0), ValueError, "w is 1.0, but needs a finite number above 1"),
    (lambda: one_unit.folds(3.9), ValueError, "w is 3.9, but needs a finite number of at least 4"),
    (lambda: one_unit.cliff(5.0, np.nan), ValueError, "b contains NaN or infinity, but needs finite numbers"),
    (lambda: one_unit.cliff(np.inf, 0.0), ValueError, "w contains NaN or infinity, but needs finite numbers"),
    (lambda: one_unit.cliff(5.0, 0.0, T=0), ValueError, "T is 0, but needs a whole number of at least 1"),
    (lambda: one_unit.wall(5.0, "0"), TypeError, "start is '0', but needs a finite number"),
]


@pytest.mark.parametrize(("call", "kind", "sentence"), REFUSED, ids=[sentence for _, _, sentence in REFUSED])
def test_the_rest_is_refused_in_one_sentence(call, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        call()


def test_nothing_writes_into_its_arguments():
    w, b = np.full((2, 1), 5.0), np.full(3, -2.5)
    copies = freeze(w, b)
    one_unit.cliff(w, b)
    assert (copies[0] == w).all()
    assert (copies[1] == b).all()
