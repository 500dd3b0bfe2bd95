"""The power of claims: what is weak is found, and every exception names a claim that exists."""

import json

import page_run
import power
import pytest

from bptt.checks import Record


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Record("A", "condition", None, None), "condition"),
        (Record("A", "bound", 0.05, None), "slack"),
        (Record("A", "bound", 0.0, None), "slack"),
        (Record("A", "bound", 0.05, "a reason"), ""),
        (Record("A", "bound", 0.2, None), ""),
        (Record("A", "bound", None, None), ""),
        (Record("A", "rounding", 1e-4, None), ""),
    ],
)
def test_what_is_weak(record, why):
    assert power.weak(record) == why


START = "from bptt.cells import rnn\nfrom bptt.referees import torch_cells\nfrom bptt.checks import claim\n"


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ("claim('A', rnn.forward(p, x).h, rnn.forward(p, x).h)", ["A"]),
        ("a = rnn.forward(p, x).h\nb = 2 * a\nclaim('A', a[0], b[0] / 2)", ["A"]),
        ("def f(x):\n    return rnn.forward(p, x).h\nclaim('A', f(x), f(x))", ["A"]),
        ("claim('A', rnn.backward(p, t, e).b, torch_cells.rnn_backward(p, x, e).b)", []),
        ("claim('A', rnn.forward(p, x).h, 2.0)", []),
        ("claim('A', rnn.forward(p, x).h, np.tanh(z))", []),
        ("p = rnn.init(2, 3, rng)\nclaim('A', np.ones(3), p.b)", []),
    ],
)
def test_two_sides_of_one_make(source, same):
    assert list(power.same_sides([START, source])) == same


def test_the_weak_claims_of_a_page_come_worst_first(tmp_path, monkeypatch):
    monkeypatch.setattr(page_run, "ROOT", tmp_path)
    page = tmp_path / "chapters" / "a-page.ipynb"
    page.parent.mkdir()
    source = "claim('Half', 1.0, at_most=2.0)\nclaim('Wide', 1.0, at_most=50.0)\nclaim('Wider', 1.0, at_most=1e9)"
    cell = {"id": "one", "cell_type": "code", "source": "from bptt.checks import claim\n" + source}
    page.write_text(json.dumps({"cells": [cell]}), "utf-8")
    found, count = power.findings(page)
    assert count == 3
    assert [(finding.text, finding.why) for finding in found] == [("Wider", "slack"), ("Wide", "slack")]


def test_every_exception_names_a_claim_and_gives_a_reason():
    sources = "\n".join(source for page in page_run.pages() for _, source in page_run.cells(page))
    for text, reason in power.reasons().items():
        assert text in sources.replace("\\", ""), f"no claim says {text!r}"
        assert len(reason) > 10, text
