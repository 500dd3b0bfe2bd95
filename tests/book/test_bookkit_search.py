"""The index of the search: what of a page goes into it, and what it is told beside."""

# ruff: noqa: F811  (a fixture has the name of what it gives)

import json

from test_bookkit_sphinx import book, modules  # noqa: F401  (fixtures)


def index(site):
    text = (site.out / "_static" / "search" / "sections.js").read_text("utf-8")
    return json.loads(text.removeprefix("const BOOK = ").rstrip(";\n"))


def test_sections_are_found_with_their_words_and_without_formulas(book):
    page = "# Page\n\nFirst $x$ words.\n\n## Below\n\nMore `code` and\n\n```python\nhidden\n```\n"
    (book.root / "chapters" / "page.md").write_text(page)
    found = [one for one in index(book())["sections"] if one[0] == "chapters/page"]
    assert found == [
        ["chapters/page", "Page", "page", "Page", "First words."],
        ["chapters/page", "Page", "below", "Below", "More code and"],
    ]


def test_what_the_search_knows_beside_is_handed_on_and_must_lead_somewhere(book):
    (book.root / "chapters" / "search.toml").write_text('[words]\na = ["b"]\n[first]\nx = "chapters/none"\n')
    site = book()
    assert index(site)["words"] == {"a": ["b"]}
    assert "The search leads to chapters/none, which is no page" in site.said
