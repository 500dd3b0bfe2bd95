"""Marks under the headings of sections: which section gets which, and where its link leads."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes, utils

from bookkit.html import marks

CHAPTERS = Path(__file__).parents[2] / "chapters"


def markdown(source, *tags):
    return {"cell_type": "markdown", "metadata": {"tags": list(tags)} if tags else {}, "source": source}


@pytest.fixture
def marked(tmp_path):
    """Mark a page of the given cells; return the lines under each heading of the second level."""

    def mark(*cells):
        path = tmp_path / "page.ipynb"
        path.write_text(json.dumps({"cells": cells}))
        document, page = utils.new_document("page"), nodes.section("", nodes.title("", "Page"), ids=["page"])
        document += page
        for cell in cells:
            for heading in marks.HEADING.findall(cell["source"]):
                page += nodes.section("", nodes.title("", heading[3:]), ids=[heading[3:].lower()])
        env = SimpleNamespace(docname="page", doc2path=lambda name: path)
        marks.on_read(SimpleNamespace(env=env), document)
        return {part[0].astext(): [line.astext() for line in part[1:]] for part in page[1:]}, page

    return mark


def test_a_section_gets_the_marks_of_its_cell_and_no_other_does(marked):
    lines, _ = marked(
        markdown("# Page"),
        markdown("## One", "hour"),
        markdown("text"),
        markdown("## Two\n## Three", "proof"),
        markdown("## Four"),
    )
    assert lines == {
        "One": ["In the hour’s path."],
        "Two": ["For those who want the proof. Go past it"],
        "Three": [],
        "Four": [],
    }


def test_the_link_leads_to_the_next_section(marked):
    _, page = marked(markdown("## One", "practice"), markdown("## Two"))
    assert page.next_node(nodes.reference)["refuri"] == "#two"


def test_the_last_section_has_nothing_to_go_to(marked):
    lines, _ = marked(markdown("## One", "proof"))
    assert lines == {"One": ["For those who want the proof."]}


def test_other_tags_are_no_marks(marked):
    lines, _ = marked(markdown("## One", "lesson"))
    assert lines == {"One": []}


def sections_in_the_hour():
    """Page and title of every section of the course whose cell says that it is in the hour's path."""
    for path in sorted(CHAPTERS.glob("*/*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        titles = [heading[3:] for text in texts for heading in marks.HEADING.findall(text)]
        for heading, found in zip(titles, marks.tagged(cells), strict=True):
            if "hour" in found:
                yield path.relative_to(CHAPTERS).with_suffix("").as_posix(), heading


def test_the_hours_path_on_the_first_page_is_that_of_the_marks():
    cells = json.loads((CHAPTERS / "index.ipynb").read_text("utf-8"))["cells"]
    (text,) = ["".join(cell["source"]) for cell in cells if "**An hour.**" in "".join(cell["source"])]
    lines = re.findall(r"^\d+\. \[[^\]]*\]\(([^)]*)\): (.*)$", text, re.MULTILINE)
    listed = [(page, title) for page, rest in lines for title in re.findall(r'"([^"]*)"', rest)]
    assert sorted(listed) == sorted(sections_in_the_hour())
