"""The catalogue is complete, its pages exist, and the switches know every row."""

from pathlib import Path

import numpy as np
import pytest
from handwritten import puzzle

from bptt.examine import mistakes_cells
from bptt.examine.mistakes_catalogue import catalogue, slots

CHAPTERS = Path(__file__).parents[2] / "chapters"
of_each = pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])


@of_each
def test_every_row_says_all(kind):
    for row in catalogue(kind).values():
        assert (CHAPTERS / f"{row.page}.ipynb").exists()
        assert row.says
        assert row.right != row.wrong
        assert all("/" in report and "#" in report for report in row.seen)


@of_each
def test_no_two_rows_say_the_same(kind):
    said = [row.says for row in catalogue(kind).values()]
    repeated = {text for text in said if said.count(text) > 1}
    assert repeated <= {text for text in repeated if "takes the place of the loss" in text}


@of_each
def test_the_switches_know_every_row(kind):
    """Each mistake makes a difference to at least one variant of the cell, but where the catalogue says the same twice."""
    variants = [puzzle(cell) for cell in mistakes_cells.CELLS if cell.kind == kind]
    seen = {(slot, name) for p in variants for slot, names in p.slots.items() for name in names}
    assert catalogue(kind).keys() - seen == set()


@of_each
def test_the_backward_passes_pick_nothing_that_is_not_in_the_catalogue(kind, monkeypatch):
    from bptt.examine.mistakes_switches import Switches

    picked, pick = set(), Switches.pick

    def spy(self, slot, right, **others):
        picked.update((slot, name) for name in others)
        return pick(self, slot, right, **others)

    monkeypatch.setattr(Switches, "pick", spy)
    for cell in mistakes_cells.CELLS:
        if cell.kind == kind:
            puzzle(cell)
    unknown = {one for one in picked if one not in catalogue(kind)}
    # Left out on purpose: with h_0 = 0 they do nothing, or they are two other mistakes together, number by number.
    assert unknown <= {("W_h", "first"), ("W_h", "not_first"), ("slope_g", "root")}


def test_slots_keep_the_order_of_the_catalogue():
    assert list(slots("LSTM"))[:4] == ["scale", "W_h", "W_x", "b"]
    assert np.all([len(names) for names in slots("GRU").values()])
