"""A report points to pages that exist, under the numbers and titles that they have."""

import re
from pathlib import Path

import nbformat
import pytest
import yaml

from bptt.examine import signposts

CHAPTERS = Path(__file__).parents[2] / "chapters"
PAGES = [page for page in vars(signposts).values() if isinstance(page, signposts.Page)]


def numbers():
    """Path of a numbered page -> its number, from the table of contents."""
    part = yaml.safe_load((CHAPTERS.parent / "_toc.yml").read_text(encoding="utf-8"))["parts"][0]
    return {
        section["file"].removeprefix("chapters/"): f"{chapter}.{page}"
        for chapter, entry in enumerate(part["chapters"], 1)
        for page, section in enumerate(entry.get("sections", ()), 1)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_number_and_title_are_those_of_the_page(page):
    nb = nbformat.read(CHAPTERS / f"{page.path}.ipynb", as_version=4)
    assert nb.cells[0].source.splitlines()[0] == f"# {page.title}"
    assert numbers()[page.path] == page.number


def test_symptoms_are_headings_of_their_page():
    text = (CHAPTERS / "your-own/symptoms.md").read_text(encoding="utf-8")
    anchors = set(re.findall(r"^\(([\w-]+)\)=\n## ", text, re.MULTILINE))
    code = "".join(path.read_text(encoding="utf-8") for path in Path(signposts.__file__).parent.glob("*.py"))
    used = set(re.findall(r'symptom\("([\w-]+)"\)', code))
    assert used
    assert used <= anchors


def test_a_page_in_words_and_as_a_link():
    assert str(signposts.CLIP) == "page 4.4"
    assert signposts.CLIP.link() == '<a href="../4-lstm-bptt/4-clipping.html">4.4 Clipping</a>'
    assert str(signposts.symptom("padding")) == "page “Symptoms”"
    assert signposts.symptom("padding").link("/") == '<a href="/your-own/symptoms.html#padding">Symptoms</a>'
