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
        "Two": ["Optional: for those who want the proof. Skip it"],
        "Three": [],
        "Four": [],
    }


def test_the_link_leads_to_the_next_section(marked):
    _, page = marked(markdown("## One", "practice"), markdown("## Two"))
    assert page.next_node(nodes.reference)["refuri"] == "#two"


def test_the_last_section_has_nothing_to_go_to(marked):
    lines, _ = marked(markdown("## One", "proof"))
    assert lines == {"One": ["Optional: for those who want the proof."]}


def test_other_tags_are_no_marks(marked):
    lines, _ = marked(markdown("## One", "lesson"))
    assert lines == {"One": []}


def test_a_section_in_the_hours_path_leads_to_the_next_one_on_whatever_page():
    env = SimpleNamespace(bookkit_hour={"b": [("last", "Last")], "a": [("one", "One"), ("two", "Two")]}, docname="a")
    document = utils.new_document("page")
    for name in ("One", "Two"):
        document += nodes.section("", nodes.title("", name), marks.mark("hour", None))
    document.settings.env = env
    follow = marks.Follow(document)
    builder = SimpleNamespace(get_relative_uri=lambda here, there: f"{there}.html")
    env.app = SimpleNamespace(builder=builder)
    env._app = env.app
    follow.run()
    lines = [line.astext() for line in document.findall(nodes.paragraph)]
    assert lines == ["In the hour’s path. Next: Two", "In the hour’s path. Next: Last"]
    assert [link["refuri"] for link in document.findall(nodes.reference)] == ["a.html#two", "b.html#last"]


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
    part = text.split("**An hour.**")[1].split("**A weekend.**")[0]
    listed = re.findall(r"\[([^\]]*)\]\(([^)#]*)\.ipynb#[a-z0-9-]*\)", part)
    assert [(page, title) for title, page in listed] == list(sections_in_the_hour())
