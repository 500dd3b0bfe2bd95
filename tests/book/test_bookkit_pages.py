"""bookkit.pages: what counts as a page, and which are missing from a site."""

import pytest

from bookkit import pages

TOC = """\
format: jb-book
root: chapters/index
parts:
  - caption: The course
    chapters:
      - file: chapters/1/index
        sections:
          - file: chapters/1/1-first
          - file: chapters/1/2-second
      - file: chapters/end
"""
NAMES = ["chapters/index", "chapters/1/index", "chapters/1/1-first", "chapters/1/2-second", "chapters/end"]


@pytest.fixture
def book(tmp_path):
    (tmp_path / "_toc.yml").write_text(TOC)
    for name in NAMES:
        suffix = ".ipynb" if name.startswith("chapters/1/") and "index" not in name else ".md"
        source, page = tmp_path / f"{name}{suffix}", tmp_path / f"_build/html/{name}.html"
        for path in (source, page):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("content")
    (tmp_path / "_build/html/index.html").write_text("content")
    return tmp_path


def test_names_are_in_reading_order(book):
    assert sorted(pages.names(book)) == sorted(NAMES)
    assert pages.names(book) == NAMES


def test_sources_are_notebooks_or_markdown(book):
    assert [path.name for path in pages.sources(book)] == [
        "index.md", "index.md", "1-first.ipynb", "2-second.ipynb", "end.md",
    ]  # fmt: skip


def test_a_listed_page_without_a_file_is_named(book):
    (book / "chapters/end.md").unlink()
    with pytest.raises(FileNotFoundError, match=r"_toc.yml lists chapters/end, but"):
        pages.sources(book)


def test_a_whole_site_lacks_nothing(book, monkeypatch):
    assert pages.missing(book, book / "_build/html") == []
    monkeypatch.chdir(book)
    pages.main()


@pytest.mark.parametrize("name", ["index.html", "chapters/index.html", "chapters/1/2-second.html"])
def test_a_page_that_is_not_there_or_empty_is_missing(book, name, monkeypatch):
    (book / "_build/html" / name).write_text("")
    assert pages.missing(book, book / "_build/html") == [name]
    (book / "_build/html" / name).unlink()
    assert pages.missing(book, book / "_build/html") == [name]
    monkeypatch.chdir(book)
    with pytest.raises(SystemExit, match=name):
        pages.main()
