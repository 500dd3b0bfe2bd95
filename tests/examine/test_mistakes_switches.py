"""Many passes at once do what one after another would."""

import numpy as np
import pytest
from handwritten import alternatives, cell, puzzle

from bptt.examine.mistakes_switches import Switches, columns


def test_pick_takes_another_value_in_the_rows_that_ask_for_it():
    s = Switches({"a": ("x", "y")}, np.array([[0], [1], [2]]))
    assert s.pick("a", np.zeros(2), x=1.0, y=np.array([2.0, 3.0])).tolist() == [[0, 0], [1, 1], [2, 3]]


def test_pick_is_the_right_value_itself_where_no_row_asks_for_another():
    s, right = Switches({"a": ("x",)}, np.zeros((4, 1), dtype=int)), np.ones(3)
    assert s.pick("a", right, x=0.0) is right
    assert s.pick("unheard of", right, x=0.0) is right


def test_rows_do_not_touch_each_other():
    p = puzzle(cell("LSTM"))
    sets = [()] + [(one,) for one in alternatives(cell("LSTM"))]
    together = p.gradient(p.codes(*sets), 4)
    for k in range(0, len(sets), 7):
        alone = p.gradient(p.codes(sets[k]), 4)
        assert together.theta[k] == pytest.approx(alone.theta[0], rel=1e-12, abs=1e-14)
        assert together.dz[k] == pytest.approx(alone.dz[0], rel=1e-12, abs=1e-14)


def test_the_columns_are_all_there_and_once():
    assert np.concatenate(list(columns(2, 3).values())).tolist() == list(range(8))
