"""Pages without a kernel: they run where they stand, their claims are heard, and a child changes nothing here."""

import json
import os
import time

import page_run
import pytest

from bptt import checks

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork a process")

@pytest.fixture
def page(tmp_path, monkeypatch):
    """Write a page of code cells below ``chapters``, and return its path."""
    monkeypatch.setattr(page_run, "ROOT", tmp_path)

    def write(*sources):
        path = tmp_path / "chapters" / "a-page.ipynb"
        path.parent.mkdir(exist_ok=True)
        cells = [{"id": f"cell-{k}", "cell_type": "code", "source": source} for k, source in enumerate(sources)]
        path.write_text(json.dumps({"cells": cells}), "utf-8")
        return path

    return write


CLAIM = "from bptt.checks import claim\n"


def test_claims_are_heard_with_their_cells(page):
    heard = []
    page_run.run(page(CLAIM, "claim('One is one', 1, 1)", "claim('It is so', True)"), lambda *one: heard.append(one))
    assert [(cell, record.text, record.kind) for cell, record in heard] == [
        ("cell-1", "One is one", "rounding"),
        ("cell-2", "It is so", "condition"),
    ]
    assert checks.LISTENERS == []


def test_a_claim_that_fails_stops_the_page(page):
    with pytest.raises(AssertionError, match="One is two"):
        page_run.run(page(CLAIM + "claim('One is two', 1, 2)"), print)
    assert checks.LISTENERS == []


def test_a_page_runs_in_its_own_folder_and_prints_nothing(page, capsys):
    path = page("from pathlib import Path\nPath('mark').touch()\nprint('out')")
    page_run.run(path, print)
    assert (path.parent / "mark").exists()
    assert capsys.readouterr().out == ""


@needs_fork
def test_a_child_answers_and_changes_nothing_here():
    kept = []
    assert page_run.in_child(lambda: kept.append(1) or "done") == "done"
    assert kept == []


@needs_fork
def test_an_error_in_a_child_is_not_taken_for_an_answer():
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero"):
        page_run.in_child(lambda: 1 / 0)


@needs_fork
def test_a_child_that_takes_too_long_is_ended():
    begin = time.monotonic()
    assert page_run.in_child(time.sleep, 60, seconds=0.2) is None
    assert time.monotonic() - begin < 30


def test_every_page_of_the_course_is_found():
    names = [page_run.short(path) for path in page_run.pages()]
    assert "1-bptt/1-unrolled-rnn" in names
    assert names == sorted(names)
