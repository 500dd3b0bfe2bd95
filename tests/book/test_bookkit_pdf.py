"""The book in print: links lead inside, answers are open, and the contents know their pages."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from bookkit import browser, pdf

NAMES = {"chapters/index", "chapters/1-first/1-page", "chapters/1-first/2-page"}
PAGE = """<html><head><link rel="stylesheet" href="../_static/book.css"></head><body>
<p class="logo__title">A Book</p><article><section id="top"><h1>{title}<a class="headerlink" href="#top">#</a></h1>
<button>copy</button>{text}</section></article></body></html>"""


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("#eq-one", "#page--chapters--1-first--1-page--eq-one"),
        ("2-page.html", "#page--chapters--1-first--2-page"),
        ("../index.html#map", "#page--chapters--index--map"),
        ("https://example.org/x.html#y", "https://example.org/x.html#y"),
        ("../../genindex.html", "genindex.html"),
        ("../../_images/a.png", "_images/a.png"),
    ],
)
def test_links_between_pages_lead_inside_the_document(link, expected):
    assert pdf.inside(link, "chapters/1-first/1-page", NAMES) == expected


@pytest.fixture
def book(tmp_path):
    """A site of two pages; the second begins on the fourth sheet, after the cover, the contents and the first."""
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: a\nchapters: [{file: b}]\n")
    html = tmp_path / "_build/html"
    html.mkdir(parents=True)
    shutil.copytree(Path(__file__).parents[2] / "_static", html / "_static")
    (html / "index.html").write_text("to a")
    fold = "<details><summary>Answer</summary><p>It is seven.</p></details>"
    (html / "a.html").write_text(
        PAGE.format(
            title="First", text='<img src="_static/mark.svg"><p id="here">See <a href="b.html#there">b</a>.</p>'
        )
    )
    (html / "b.html").write_text(PAGE.format(title="Second &amp; last", text=f'<p id="there">Here.</p>{fold}'))
    return tmp_path


@pytest.fixture
def chromium():
    """Without a browser nothing can be printed; in the jobs that have one that is a failure."""
    try:
        return browser.find()
    except FileNotFoundError as error:
        must = os.environ.get("CI") and sys.platform == "linux"
        (pytest.fail if must else pytest.skip)(str(error))


def test_the_book_is_printed_with_page_numbers_in_its_contents(book, chromium):
    reader = PdfReader(pdf.print_book(book))
    cover, contents, first, second = (page.extract_text() for page in reader.pages)
    assert "A Book" in cover
    assert "First 3" in contents
    assert "Second & last 4" in contents
    assert "See b" in first
    assert "It is seven." in second
    assert "copy" not in first
    assert "page--b--there" in {name.lstrip("/") for name in reader.named_destinations}
    left = [*book.glob("_build/*.*"), *book.glob("_build/html/*.html")]
    assert sorted(path.name for path in left) == ["a.html", "b.html", "book.pdf", "index.html", "summaries.pdf"]


def test_a_summary_is_what_stands_between_its_words_and_the_questions_without_figures():
    rubric, text = '<p class="rubric">{}</p>', "<h1>2 Two</h1><p>Before.</p>"
    text += rubric.format("In one page") + "<p>All.</p><figure>f</figure><p>Of it.</p>" + rubric.format("Three questions")
    parts = pdf.summary(BeautifulSoup(f"<article>{text}<p>Why?</p></article>", "html.parser").article)
    assert [part.get_text() for part in parts] == ["2 Two", "All.", "Of it."]


def test_without_a_site_there_is_no_pdf(book):
    (book / "_build/html/b.html").unlink()
    with pytest.raises(RuntimeError, match=r"^The site lacks b\.html: make book builds it\.$"):
        pdf.print_book(book)


def test_without_a_browser_nothing_is_left_behind(book, monkeypatch):
    monkeypatch.setenv("CHROMIUM", "chromium-of-nowhere")
    with pytest.raises(FileNotFoundError, match="no Chromium at chromium-of-nowhere, which CHROMIUM names"):
        pdf.print_book(book)
    assert not list(book.rglob("*to-print*"))


def test_a_page_that_got_lost_is_named(book, chromium):
    pdf.print_book(book)
    with pytest.raises(RuntimeError, match=r"^c got lost on the way to the paper\.$"):
        pdf.page_numbers(book / "_build/book.pdf", ["a", "c"])


def test_the_command_says_where_the_book_is_or_why_there_is_none(book, chromium, monkeypatch, capsys):
    monkeypatch.chdir(book)
    pdf.main()
    assert "The book in print, 4 pages: " in capsys.readouterr().out
    (book / "_build/html/a.html").unlink()
    with pytest.raises(SystemExit, match="^There is no PDF: The site lacks a.html"):
        pdf.main()


def test_a_chromium_may_have_any_name_and_is_looked_for_on_the_path(tmp_path, monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(browser, "PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no Chromium on the PATH"):
        browser.find()
    program = tmp_path / "my browser.exe"
    program.touch(mode=0o755)
    monkeypatch.setenv("CHROMIUM", str(program))
    assert browser.find() == str(program)
