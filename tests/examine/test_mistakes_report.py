"""A report reads well in a terminal and in a notebook, and fails a test of one's own."""

import numpy as np
import pytest

from bptt.examine.mistakes_catalogue import catalogue
from bptt.examine.mistakes_function import Finding
from bptt.examine.mistakes_report import Report

FINE = Finding(True, "two calls agree")
WRONG = Report(
    findings=[FINE],
    cell="LSTM",
    errors={"W": 0.5, "b": 0.0},
    where=np.array([[0.25, 0.0], [1.5, np.nan]]),
    gates="if",
    sets=[[catalogue("LSTM")["partner_i", "i"]]],
    sentence="this one mistake gives your numbers to 1e-09:",
)


def test_in_a_terminal():
    lines = str(WRONG).splitlines()
    assert lines[0] == "a function  yes: two calls agree"
    assert lines[2] == "right?      no: W (0.5); right: b, to 1e-9"
    assert [line.split() for line in lines[4:7]] == [["i", "f"], ["step", "2", "0.25", "·"], ["step", "1", "1.5", "–"]]
    assert lines[-2] == "  1  ∂c/∂i is the candidate g, and here it is i  [page 4.1]"
    assert all(len(line) <= 118 for line in lines)


def test_in_a_notebook():
    page = WRONG._repr_html_()
    assert page.startswith("<table>")
    assert "<li>∂c/∂i is the candidate g, and here it is i (page 4.1)<br>" in page


def test_it_is_escaped():
    assert "<b>" not in Report(findings=[Finding(False, "<b>")])._repr_html_()


def test_it_fails_a_test_of_ones_own():
    Report(findings=[FINE], errors={"W": 0.0}).raise_if_wrong()
    with pytest.raises(AssertionError, match="the backward pass is wrong\na function"):
        WRONG.raise_if_wrong()
    with pytest.raises(AssertionError):
        Report(findings=[Finding(False, "it draws at random")]).raise_if_wrong()


def test_a_mistake_is_explained():
    text = WRONG.explain(1)
    assert "it should be  dz_i = dc ⊙ g ⊙ i(1-i)" in text
    assert "yours is      dz_i = dc ⊙ i ⊙ i(1-i)" in text
    assert "wvabrinskas/Neuron#181" in text
    with pytest.raises(IndexError, match="^k is 2, but the report names 1 mistakes"):
        WRONG.explain(2)
