"""The cell and its layout are found from the states alone."""

import itertools

import numpy as np
import pytest
from handwritten import cell

from bptt.examine import mistakes_cells
from bptt.examine.mistakes_layouts import ARRANGEMENTS, PARTS, readings, recognise
from bptt.examine.mistakes_switches import columns

D, H = 2, 3


def laid_out(kind, parts, arrangement, order, seed=0):
    """Random weights of a cell as one array for each of some parts, and the states they give."""
    rng, at = np.random.default_rng(seed), columns(D, H)
    theta = np.zeros((len(kind.gates), H, D + H + 3))
    arrays = []
    for part in parts:
        where = np.concatenate([at[name] for name in part])
        gates = [k for k in order if part != ("p",) or kind.gates[k] != "g"]
        block = rng.standard_normal((len(gates), H, len(where)))
        theta[np.ix_(gates, range(H), where)] = block
        arrays.append(arrangement(block))
    x = rng.standard_normal((5, D))
    return arrays, theta, x, mistakes_cells.forward(kind, theta, x).states["h"][1:]


def found(kind, parts, arrangement=ARRANGEMENTS[0][1], order=None):
    order = order or range(len(kind.gates))
    arrays, theta, x, h = laid_out(kind, parts, arrangement, order)
    reading = recognise([a.shape for a in arrays], [True] * len(arrays), arrays, x, h, 1e-10)
    assert reading is not None
    assert reading.gather(arrays) == pytest.approx(theta)
    return reading


@pytest.mark.parametrize("kind", mistakes_cells.CELLS, ids=mistakes_cells.describe)
def test_every_cell_is_recognised(kind):
    parts = [("x",), ("h",), ("b",)] + [("p",)] * kind.peephole
    assert found(kind, parts).cell == kind


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_every_order_of_the_gates(order):
    assert found(cell("LSTM"), [("h", "x"), ("b",)], order=order).orders == ["".join("ifgo"[k] for k in order)]


@pytest.mark.parametrize("parts", [part for part in PARTS if {"x", "h"} <= set(part)])
def test_every_way_to_set_them_side_by_side(parts):
    found(cell("LSTM"), [parts])


@pytest.mark.parametrize(("words", "arrangement"), ARRANGEMENTS[:4] + ARRANGEMENTS[6:])
def test_every_arrangement(words, arrangement):
    reading = found(cell("LSTM"), [("x", "h"), ("b",)], arrangement)
    assert words in reading.words[0]


@pytest.mark.parametrize("kind", [cell("GRU", reset="after"), cell("GRU", reset="before"), cell("LSTM"), cell("RNN")])
def test_two_biases(kind):
    found(kind, [("x",), ("h",), ("b",), ("b_h",)])


def test_without_a_bias():
    found(cell("LSTM"), [("x",), ("h",)])


def test_another_cell_is_not_recognised():
    arrays, _, x, h = laid_out(cell("LSTM"), [("x",), ("h",), ("b",)], ARRANGEMENTS[0][1], range(4))
    assert recognise([a.shape for a in arrays], [True] * 3, arrays, x, h + 1e-3, 1e-4) is None


def test_a_reading_knows_which_entries_it_holds():
    (first, *_) = readings(cell("RNN"), [(H, D), (H, H)], [True, True], D, H)
    assert first.known.sum() == H * (D + H)
    assert not first.known[..., D].any()


def test_every_group_of_arrays_may_have_an_order_of_its_own():
    kind, rng = cell("LSTM"), np.random.default_rng(0)
    theta = np.zeros((4, H, D + H + 3))
    theta[..., : D + 1 + H] = rng.standard_normal((4, H, D + 1 + H))
    x = rng.standard_normal((5, D))
    h = mistakes_cells.forward(kind, theta, x).states["h"][1:]
    arrays = [theta[k, :, :D] for k in (1, 0, 3, 2)] + [theta[k, :, D + 1 : D + 1 + H] for k in range(4)]
    arrays += [theta[k, :, D] for k in (3, 2, 1, 0)]
    shapes = [array.shape for array in arrays]
    assert recognise(shapes, [True] * 12, arrays, x, h, 1e-10) is None
    reading = recognise(shapes, [True] * 12, arrays, x, h, 1e-10, mixed=True)
    assert reading.gather(arrays) == pytest.approx(theta)
    assert reading.orders == ["fiog", "ifgo", "ogfi"]


def test_both_biases_in_one_array():
    reading = found(cell("GRU"), [("x",), ("h",), ("b", "b_h")], ARRANGEMENTS[1][1])
    assert any("both biases" in word for word in reading.words)
