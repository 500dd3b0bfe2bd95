"""Minutes at the head of a page: what counts, and into which part."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes, utils

from bookkit.html import marks, minutes

CHAPTERS = Path(__file__).parents[2] / "chapters"
PAGES = [json.loads(path.read_text("utf-8"))["cells"] for path in sorted(CHAPTERS.glob("*/*.ipynb"))]


def markdown(source, *tags):
    return {"cell_type": "markdown", "metadata": {"tags": list(tags)}, "source": source}


def code(source, *tags, text=""):
    outputs = [{"text": text}] if text else []
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": outputs}


def test_a_formula_counts_as_one_whatever_its_length():
    short, long = (minutes.of_cell(markdown(f"See $${formula}$$ here.")) for formula in ("x", r"\frac{a}{b} = c + d"))
    assert short == long == pytest.approx(2 * minutes.WORD + minutes.FORMULA)


def test_code_counts_where_it_stands_open_and_a_claim_by_its_sentence():
    assert minutes.of_cell(code("a = 1\nb = 2")) == 0
    assert minutes.of_cell(code("a = 1\nb = 2", "lesson")) == pytest.approx(2 * minutes.LINE)
    told = minutes.of_cell(code("claim(...)", text="✓ Three words long — relative error < 1e-12\n"))
    assert told == pytest.approx(3 * minutes.WORD)


def test_sections_that_one_may_go_past_and_exercises_are_told_apart():
    cells = [
        markdown("# Page " + "word " * 98),
        markdown("## Proof " + "word " * 98, "proof"),
        markdown("## After " + "word " * 98),
        markdown("## Exercises"),
        markdown("```{exercise-start} ★ One (5 minutes)\n"),
        markdown("```{exercise-start} ★★ Two (20 minutes)\n" + "word " * 500),
        markdown("## Sources\n" + "word " * 500),
    ]
    found = minutes.of_page(cells)
    assert found == {"core": pytest.approx(200 * minutes.WORD), "marked": pytest.approx(100 * minutes.WORD), "exercises": 25}


def test_the_strip_of_a_page_ends_with_its_minutes(tmp_path):
    path = tmp_path / "page.ipynb"
    path.write_text(json.dumps({"cells": [markdown("word " * 1000)]}))
    document, strip = utils.new_document("page"), nodes.admonition("", classes=["abilities"])
    document += strip
    minutes.on_read(SimpleNamespace(env=SimpleNamespace(docname="page", doc2path=lambda name: path)), document)
    assert strip.children[-1].astext() == "About 20 minutes."


def test_the_hour_is_about_an_hour():
    total = 0
    for cells in PAGES:
        inside = False
        for cell in cells:
            if cell["cell_type"] == "markdown" and re.search("^## ", "".join(cell["source"]), re.MULTILINE):
                inside = "hour" in cell["metadata"].get("tags", [])
            total += minutes.of_cell(cell) if inside else 0
    assert "hour" in marks.MARKS
    assert 45 < total < 75, total
