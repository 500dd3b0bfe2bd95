"""What the first page counts, links and shows only with an address, on small books; and pictures in few colours."""

# ruff: noqa: F811  (a fixture has the name of what it gives)

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_bookkit_claims import notebook
from test_bookkit_sphinx import body, book, modules, text  # noqa: F401  (fixtures)

from bookkit import build
from bookkit.assets import pictures
from bookkit.collect import numbers


def page(book, content):
    (book.root / "chapters" / "first.md").write_text(f"# First\n\n{content}\n")


def test_the_numbers_of_the_course_are_counted(book):
    page(book, "```{numbers} article.toml\n```")
    shown = text(body(book(), "chapters/first.html"))
    for line in ("5 claims", "4 equations of one article judged, 1 with a counterexample", "1 places", "1 exercises"):
        assert line in shown


def test_a_box_counts_once_or_by_its_entries():
    box = ":::{admonition} Where the article differs\n:class: departure dropdown\n\n"
    assert numbers.in_text([f"{box}Text."])["departures"] == 1
    assert numbers.in_text([f"{box}**Said:** A. **True:** B.\n\n**Said:** C. **Read here:** D."])["departures"] == 2


def test_a_link_to_a_claim_leads_to_its_cell(book):
    page(book, "It is {claim}`said there <1-page/c4>`.")
    assert 'href="1-first/1-page.html#cell-c4"' in body(book(), "chapters/first.html")


@pytest.mark.parametrize(("cell", "found"), [("c99", 0), ("c2", 3)])
def test_a_link_to_no_claim_or_to_several_is_a_warning(book, cell, found):
    notebook(book.chapter / "3-page.ipynb", "# Three", "text", ["✓ another"])
    page(book, f"It is {{claim}}`said there <{cell}>`.")
    assert f"{found} cells with the id '{cell}' make a claim" in book().said


@pytest.mark.parametrize("address", ["https://github.com/owner/course", ""])
def test_the_repository_is_named_only_where_it_is_known(book, monkeypatch, address):
    monkeypatch.setenv("BOOK_REPOSITORY", address)
    page(book, "```{published}\nIt is in [the repository](REPOSITORY), with a rocket.\n```")
    shown = body(book(), "chapters/first.html")
    assert ("rocket" in shown) == bool(address)
    assert not address or f'href="{address}"' in shown


def test_a_picture_gets_a_palette_only_where_that_is_smaller(tmp_path):
    ramp = np.linspace(0, 255, 200 * 200 * 3).reshape(200, 200, 3)
    wide = tmp_path / "wide.png"
    Image.fromarray((ramp + np.random.default_rng(0).integers(0, 9, ramp.shape)).clip(0, 255).astype("uint8")).save(
        wide
    )
    before = wide.stat().st_size
    pictures.reduce(wide)
    after = wide.read_bytes()
    assert len(after) < before / 2
    pictures.reduce(wide)
    assert wide.read_bytes() == after


def test_the_root_page_has_a_title_and_a_link(tmp_path):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: chapters/index\n")
    html = tmp_path / "_build" / "html"
    (html / "chapters").mkdir(parents=True)
    (html / "chapters" / "index.html").write_text("<title>The book &#8212; The book</title>")
    build.write_root(tmp_path)
    root = (html / "index.html").read_text("utf-8")
    assert "<title>The book</title>" in root
    assert '<a href="chapters/index.html">The book</a>' in root


@pytest.mark.parametrize("address", ["https://github.com/owner/course", ""])
def test_a_site_with_an_address_has_a_map_and_canonical_addresses(book, monkeypatch, address):
    monkeypatch.setenv("BOOK_REPOSITORY", address)
    (book.root / "_static").mkdir()
    shutil.copy(Path(__file__).parents[2] / "_static" / "mark.png", book.root / "_static")
    site = book()
    page = "https://owner.github.io/course/chapters/ledger.html"
    assert (site.out / "sitemap.xml").exists() == bool(address)
    assert not address or f"<loc>{page}</loc>" in (site.out / "sitemap.xml").read_text("utf-8")
    assert (f'<link rel="canonical" href="{page}"' in site.pages["chapters/ledger.html"]) == bool(address)
