"""Deltas are read off a gradient where its sums allow it."""

import numpy as np
import pytest
from handwritten import cell, puzzle

from bptt.examine.mistakes_layouts import Reading
from bptt.examine.mistakes_where import deltas, table


def reading(p, D, H=3):
    index = np.flatnonzero(p.known)
    return Reading(p.cell, D, H, [index], p.cell.gates, [])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("D", [1, 2, 4])
def test_the_deltas_come_back(kind, D):
    p = puzzle(cell(kind), D=D)
    found = deltas(reading(p, D), p.tapes[3], p.probes[3][2], 3)
    if D == 1 and kind == "GRU":
        assert found is None  # x and a one have seen too little to tell three steps apart
    else:
        assert found == pytest.approx(p.gradient(p.codes(()), 3).dz[0], rel=1e-8, abs=1e-10)


def test_no_deltas_give_sums_that_forget_a_step():
    p = puzzle(cell("LSTM"), [("W_h", "h_t")], D=1)
    assert deltas(reading(p, 1), p.tapes[3], p.probes[3][2], 3) is None


def test_the_table_has_the_last_step_first():
    right = np.ones((2, 1, 3))
    yours = right.copy()
    yours[0] = 3.0
    assert table(yours, right, 1e-9).tolist() == [[0.0], [2.0]]


def test_where_nothing_can_be_wrong_stands_nan():
    right = np.ones((2, 1, 3))
    right[0] = 0.0
    assert np.isnan(table(right, right, 1e-9)[1, 0])
    assert table(right + 1, right, 1e-9)[1, 0] == 1.0
