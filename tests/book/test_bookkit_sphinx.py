"""The Sphinx side of bookkit, on small books: what the pages say, and what a second build notices."""

import os
import re
import shutil
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from sphinx.testing.util import SphinxTestApp
from test_bookkit_claims import notebook

from bookkit.assets import npm

CONF = """\
extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "sphinx_exercise", "sphinx_proof", "bookkit"]
html_theme, html_math_renderer, exercise_style = "basic", "katex", "solution_follow_exercise"
myst_enable_extensions = ["colon_fence", "dollarmath"]
nb_execution_mode, numpydoc_show_class_members = "off", False
numfig = math_numfig = True
exclude_patterns = ["_build"]
"""
INDEX = """\
# Book

```{toctree}
:glob:
:numbered:
chapters/*/*
chapters/*
```
"""
LEDGER = "# Ledger\n\n```{ledger}\n```\n\n```{article-equations} article.toml\n```\n"
ARTICLE = '"1.1" = "First."\n"1.2" = "Second."\n"1.3" = "Third."\n"2.1" = "Of a chapter not yet written."\n'
PAGE_1 = [
    "# Page one",
    "$$\na\n$$ (eq-a)\n",
    ["noise", "✓ a is a — exactly equal [article 1.1]", "✓ a is not b [against article 1.2]"],
    ":::{prf:theorem} Title\n:label: thm-b\nb\n:::",
    ["✓ b holds — relative error < 1e-12"],
    ":::{exercise-start} Title\n:label: ex-c\n:::\nQuestion.\n\n:::{exercise-end}\n:::",
    ":::{hint}\n:class: dropdown\nLook up.\n:::\n\n:::{solution-start} ex-c\n:class: dropdown\n:::",
    ["✓ c holds"],
    ":::{solution-end}\n:::",
]
PAGE_2 = [
    "# Page two",
    "$$\nc\n$$ (eq-c)\n",
    ["✓ c equals c"],
    ":::{admonition} Where this course departs from the article\n:class: departure\n"
    "See {eq}`eq-a`, {doc}`1-page` and\n\n$$ d $$ (eq-d)\n:::",
]


@pytest.fixture(scope="session")
def modules(pytestconfig):
    try:
        return npm.fetch(pytestconfig.rootpath)
    except RuntimeError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


@pytest.fixture
def book(tmp_path, modules, monkeypatch):
    """Return a function that builds the book in `book.root`, and returns its pages and warnings."""
    monkeypatch.setattr(npm, "fetch", lambda source: modules)
    root = tmp_path / "book"
    chapter = root / "chapters" / "1-first"
    notebook(chapter / "1-page.ipynb", *PAGE_1)
    notebook(chapter / "2-page.ipynb", *PAGE_2)
    (chapter / "index.md").write_text("# First chapter\n")
    files = {
        "conf.py": CONF,
        "index.md": INDEX,
        "palette.toml": '[site]\npaper_light = "#ffffff"\npaper_dark = "#121212"\naccent_light = "#000080"\n',
        "chapters/ledger.md": LEDGER,
        "chapters/article.toml": ARTICLE,
    }
    for name, text in files.items():
        (root / name).write_text(text)

    def build(**settings):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Sphinx's extensions have their own
            app = SphinxTestApp(srcdir=root, confoverrides={"palette": "palette.toml", **settings})
            read = []
            app.connect("env-before-read-docs", lambda app, env, names: read.extend(names))
            try:
                app.build()
                said = re.sub(r"\x1b\[[\d;]*m", "", app.warning.getvalue())
            finally:
                app.cleanup()
        pages = {
            path.relative_to(app.outdir).as_posix(): path.read_text("utf-8") for path in app.outdir.rglob("*.html")
        }
        return SimpleNamespace(out=app.outdir, pages=pages, said=said, read=read)

    build.root, build.chapter, build.modules = root, chapter, modules
    return build


def body(site, name):
    return re.search(r'<div class="body".*?<div class="clearer">', site.pages[name], re.DOTALL)[0]


def text(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).strip()


def test_the_ledger_lists_every_claim_with_its_cell_and_its_statement(book):
    site = book()
    assert site.said == ""
    ledger = body(site, "chapters/ledger.html")
    assert "5 claims on 2 pages, for 4 numbered statements and exercises." in ledger
    assert "Tested exactly: 1, to rounding: 1, to a stated tolerance: 0" in text(ledger)
    assert "1. First chapter" in text(ledger)
    for entry, cell, statement in [
        ("a is a — exactly equal article 1.1 exact", "1-page.html#cell-c2", "1-page.html#equation-eq-a"),
        ("a is not b against article 1.2", "1-page.html#cell-c2", "1-page.html#equation-eq-a"),
        ("b holds — relative error &lt; 10−12", "1-page.html#cell-c4", "1-page.html#thm-b"),
        ("c holds", "1-page.html#cell-c7", "1-page.html#ex-c"),
        ("c equals c", "2-page.html#cell-c2", "2-page.html#equation-eq-c"),
    ]:
        item = next(it for it in re.findall(r"<li>.*?</li>", ledger, re.DOTALL) if entry in text(it))
        assert re.findall('href="([^"]+)"', item) == [f"1-first/{cell}", f"1-first/{statement}"]
        page, anchor = cell.split("#")
        assert f'id="{anchor}"' in site.pages[f"chapters/1-first/{page}"]


def test_claims_are_shown_as_check_lines_and_the_rest_as_it_was(book):
    cell = re.search(r'id="cell-c2".*?</ul>', book().pages["chapters/1-first/1-page.html"], re.DOTALL)[0]
    assert "<pre><span></span>noise" in cell
    assert '<ul class="claims' in cell
    assert text(cell).endswith("✓ a is a — exactly equal article 1.1 ✓ a is not b against article 1.2")


def test_a_claim_made_twice_is_a_warning(book):
    notebook(book.chapter / "2-page.ipynb", "# Page two", ["✓ b holds"])
    assert "2-page.ipynb: WARNING: The book makes this claim twice: 'b holds'" in book().said


def test_the_articles_equations_stand_beside_their_claims(book):
    rows = re.findall(r"<tr.*?</tr>", body(book(), "chapters/ledger.html"), re.DOTALL)
    assert [text(row) for row in rows] == [
        "No. What it says What the course finds",
        "1.1 First. holds, 1.1: a is a",
        "1.2 Second. counterexample, 1.1: a is not b",
        "1.3 Third. no claim yet",
    ]


def test_a_claim_on_an_equation_that_the_article_lacks_is_a_warning(book):
    notebook(book.chapter / "2-page.ipynb", "# Page two", ["✓ new [article 1.9]"])
    assert "2-page.ipynb: WARNING: The article has no equation 1.9" in book().said


def test_a_second_build_notices_new_changed_and_missing_claims(book):
    book()
    notebook(book.chapter / "2-page.ipynb", "# Page two", ["✓ d equals d"])
    changed = body(book(), "chapters/ledger.html")
    assert "d equals d" in changed
    assert "c equals c" not in changed
    notebook(book.chapter / "3-page.ipynb", "# Page three", ["✓ e equals e"])
    (book.root / "chapters" / "article.toml").write_text('"1.1" = "Said otherwise."\n"1.2" = "Second."\n')
    added = body(book(), "chapters/ledger.html")
    assert "e equals e" in added
    assert "Said otherwise." in added
    (book.chapter / "3-page.ipynb").unlink()
    assert "e equals e" not in body(book(), "chapters/ledger.html")


def test_departures_are_collected_with_links_that_lead_back_and_on(book):
    (book.root / "chapters" / "departures.md").write_text("# Departures\n\n```{departures}\n```\n")
    site = book()
    assert site.said == ""
    box = re.search(r'<div class="departure.*?</div>\s*</div>', body(site, "chapters/departures.html"), re.DOTALL)[0]
    assert re.findall('href="([^"]+)"', box) == [
        "1-first/2-page.html#departure-1",
        "1-first/1-page.html#equation-eq-a",
        "1-first/1-page.html",
    ]
    assert text(box).startswith("2 Page two See (1.1), Page one and")
    assert "eqno" not in box
    assert "id=" not in box
    assert 'id="departure-1"' in site.pages["chapters/1-first/2-page.html"]


def test_departures_follow_their_page(book):
    (book.root / "chapters" / "departures.md").write_text("# Departures\n\n```{departures}\n```\n")
    book()
    notebook(book.chapter / "2-page.ipynb", "# Page two", ":::{admonition} T\n:class: departure\nChanged.\n:::")
    assert "Changed." in body(book(), "chapters/departures.html")


def test_folded_boxes_are_details_and_exercises_share_no_anchor(book):
    page = body(book(), "chapters/1-first/1-page.html")
    folds = re.findall(r"<details class=\"([^\"]*admonition)\"[^>]*>\s*<summary[^>]*>(.*?)</summary>", page)
    assert folds == [("hint admonition", "Hint"), ("solution admonition", "Solution")]
    assert "dropdown" not in page
    assert 'id="cell-c7"' in page.split('<details class="solution')[1]
    assert "exercise-content" not in page


def test_formulas_are_rendered_and_numbered(book):
    page = body(book(), "chapters/1-first/2-page.html")
    assert re.search(r'id="equation-eq-c">\n?<div class="formula"><span class="katex-display">', page)
    assert re.findall(r'class="eqno">\(([\d.]+)\)', page) == ["2.1", "2.2"]


def test_a_formula_that_cannot_be_read_is_a_warning_and_shown_raw(book):
    notebook(book.chapter / "2-page.ipynb", "# Page two", r"$\nosuch{x}$")
    site = book()
    assert re.search(r"2-page\.ipynb:\d+: WARNING: KaTeX cannot read '\\\\nosuch\{x\}'", site.said)
    assert r'<code class="katex-error">\nosuch{x}</code>' in site.pages["chapters/1-first/2-page.html"]


def test_a_formula_stays_with_the_punctuation_around_it(book):
    notebook(book.chapter / "2-page.ipynb", "# Page two", "If $a$, then ($b$) and $c$ and *$d$*.")
    page = book().pages["chapters/1-first/2-page.html"]
    formula = (
        r'<span class="math">(?:(?!<span class="math">).)*?<annotation encoding="application/x-tex">%s</annotation>.*?'
    )
    line = re.search(r"<p>If .*?</p>", page, re.DOTALL)[0]
    for before, letter, after in [("", "a", ","), (r"\(", "b", r"\)")]:
        assert re.search(rf'<span class="together">{before}{formula % letter}</span>{after}</span>', line, re.DOTALL)
    assert line.count('class="together"') == 2
    text = re.sub(r"<math.*?</math>|<[^>]*>", "", line, flags=re.DOTALL)
    assert " ".join(text.split()) == "If a, then (b) and c and d."


def test_without_katex_the_build_ends_with_one_sentence(book, monkeypatch):
    def fail(source):
        raise RuntimeError("KaTeX could not be fetched.")

    monkeypatch.setattr(npm, "fetch", fail)
    with pytest.raises(SystemExit, match="^KaTeX could not be fetched.$"):
        book()


def test_style_sheet_fonts_and_colours_are_in_the_site(book):
    static = book().out / "_static"
    css = (static / "katex" / "katex.css").read_text("utf-8")
    fonts = set(re.findall(r"url\(fonts/([^)]+)\)", css))
    assert {path.name for path in (static / "katex" / "fonts").iterdir()} == fonts
    assert all(font.endswith(".woff2") for font in fonts)
    assert (
        (static / "palette.css").read_text()
        == ":root {\n  --site-paper-light: #ffffff;\n  --site-paper-dark: #121212;\n  --site-accent-light: #000080;\n}\n"
    )


BOOKS = '''"""Books, |z| of them.  More."""
from pathlib import Path
from typing import NamedTuple


class Book(NamedTuple):
    """A book.

    Attributes
    ----------
    pages : int
        How many.
    """

    pages: int


def read(book):
    """Read a `Book`, all of it.

    To the end.
    """


def _skim(book):
    """Not for others."""
'''


@pytest.fixture
def shelf(book, monkeypatch):
    """The book documents a package with a folder in it, on a page for each and a table of contents."""
    rooms, package = book.root / "chapters" / "api", book.root / "shelf"
    (package / "top").mkdir(parents=True)
    (package / "__init__.py").write_text('"""A shelf."""')
    (package / "top" / "__init__.py").write_text('"""Its top."""')
    (package / "books.py").write_text(BOOKS)
    (package / "top" / "dust.py").write_text('"""Dust."""\n\n\ndef settle():\n    """Come to rest."""\n')
    rooms.mkdir()
    (rooms / "shelf.md").write_text("# Shelf\n\n```{api} shelf\nbooks\n```\n")
    (rooms / "top.md").write_text("# Top\n\n```{api} shelf.top\ndust\n```\n")
    (book.root / "chapters" / "api.md").write_text("# API\n\n```{api-contents}\napi/top api/shelf\n```\n")
    monkeypatch.syspath_prepend(book.root)
    yield book
    for name in [name for name in sys.modules if name.split(".")[0] == "shelf"]:
        del sys.modules[name]


def test_a_package_is_documented_from_its_docstrings(shelf):
    site = shelf()
    page = text(body(site, "chapters/api/shelf.html"))
    assert site.said == ""
    assert "Books, |z| of them." in page
    assert "How many." in page
    assert "Alias for field number" not in page
    assert "Dust" not in page


def test_the_contents_of_a_package_have_a_line_for_every_public_function_in_the_order_of_the_page(shelf):
    contents = body(shelf(), "chapters/api.html")
    assert "shelf.top¶ Its top. dust. Dust. settle: Come to rest." in text(contents)
    assert "shelf¶ A shelf. books. Books, |z| of them." in text(contents)
    lines = [text(line) for line in re.findall(r"<li>.*?</li>", contents, re.DOTALL)]
    assert lines == ["settle: Come to rest.", "Book: A book.", "read: Read a Book, all of it."]
    assert re.findall('href="([^"#]+#[^"]+)"', contents) == [
        "api/top.html#module-shelf.top.dust",
        "api/top.html#shelf.top.dust.settle",
        "api/shelf.html#module-shelf.books",
        "api/shelf.html#shelf.books.Book",
        "api/shelf.html#shelf.books.read",
    ]


def test_a_folder_s_page_begins_with_a_table_of_its_modules(shelf):
    page = body(shelf(), "chapters/api/top.html")
    assert page.index("<table") < page.index("<h2>")
    assert 'href="#module-shelf.top.' in page[: page.index("<h2>")]


def test_a_new_module_comes_last_and_at_once(shelf):
    shelf()
    (shelf.root / "shelf" / "top" / "air.py").write_text('"""Air."""')
    site = shelf()
    assert site.said == ""
    assert text(body(site, "chapters/api/top.html")).index("Dust.") < text(body(site, "chapters/api/top.html")).index(
        "Air."
    )


def test_a_module_that_is_gone_is_a_warning(shelf):
    (shelf.root / "shelf" / "top" / "dust.py").rename(shelf.root / "shelf" / "top" / "air.py")
    assert "top.md:3: WARNING: There is no module shelf.top.dust" in shelf().said


def test_a_second_build_reads_no_page_again_when_nothing_has_changed(shelf):
    shelf()
    assert shelf().read == []


def test_a_changed_style_sheet_is_in_the_site_though_no_page_has_changed(book):
    sheet = book.root / "_static" / "own.css"
    sheet.parent.mkdir()
    sheet.write_text("a {}")
    book(html_static_path=["_static"])
    sheet.write_text("b {}")
    site = book(html_static_path=["_static"])
    assert (site.out / "_static" / "own.css").read_text() == "b {}"
    assert site.read == ["index"]
    assert book(html_static_path=["_static"]).read == []


def test_figures_have_their_size_as_attributes(book):
    (book.root / "dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (book.root / "chapters" / "figure.md").write_text(
        "# F\n\n```{image} ../dot.svg\n:width: 20px\n:height: 10px\n```\n"
    )
    assert 'width="20" height="10"' in body(book(), "chapters/figure.html")


def test_an_empty_corner_of_a_table_is_no_heading(book):
    (book.root / "chapters" / "table.md").write_text("# T\n\n|   | a |\n|---|---|\n| b | 1 |\n")
    row = re.search(r"<thead>.*?</thead>", body(book(), "chapters/table.html"), re.DOTALL)[0]
    assert re.sub(r" class=\"[^\"]*\"|\s", "", row) == "<thead><tr><td><p></p></td><th><p>a</p></th></tr></thead>"


def test_an_entry_of_the_bibliography_has_no_deprecated_role(book):
    page = "# S\n\n```{eval-rst}\nSee [A1]_ and [B2]_.\n\n.. [A1] First.\n.. [B2] Second.\n```\n"
    (book.root / "chapters" / "sources.md").write_text(page)
    sources = body(book(), "chapters/sources.html")
    assert "Second." in sources
    assert "role=" not in sources.split("</h1>")[1]


@pytest.mark.parametrize("address", ["https://github.com/owner/course", ""])
def test_the_theme_is_told_the_repository_or_nothing(book, monkeypatch, address):
    monkeypatch.setenv("BOOK_REPOSITORY", address)
    pages = book(html_theme="sphinx_book_theme").pages
    button = "https://mybinder.org/v2/gh/owner/course/HEAD?urlpath=lab/tree/chapters/1-first/1-page.ipynb"
    assert (button in pages["chapters/1-first/1-page.html"]) == bool(address)


@pytest.mark.parametrize("address", ["https://github.com/owner/course", ""])
def test_a_page_has_a_description_and_a_card_where_the_site_s_address_is_known(book, monkeypatch, address):
    monkeypatch.setenv("BOOK_REPOSITORY", address)
    static = book.root / "_static"
    static.mkdir()
    shutil.copy(Path(__file__).parents[2] / "_static" / "mark.png", static)
    (book.chapter / "index.md").write_text("# First\n\nOne\nword.\n\nA formula, $x$.\n\nTwo words.\n")
    site = book(html_title="The book")
    page = site.pages["chapters/1-first/index.html"]
    assert '<meta name="description" content="One word. Two words." />' in page
    assert '<meta property="og:site_name" content="The book" />' in page
    card = re.search(r'"og:image" content="https://owner.github.io/course/(.*?)"', page)
    assert bool(card) == bool(address)
    assert not card or (site.out / card[1]).stat().st_size > 1000


ENTRIES = """:::{admonition} Where the article differs
:class: departure dropdown

**Said:** A. **True:** B. **Counterexample:** C.

More of it.

**Said:** D. **Written here:** E.
:::"""


def test_departures_are_taken_apart_and_sorted(book):
    (book.root / "chapters" / "departures.md").write_text("# Departures\n\n```{departures}\n```\n")
    notebook(book.chapter / "2-page.ipynb", "# Page two", "$$\nc\n$$ (eq-c)\n", ["✓ c equals c"], ENTRIES)
    site = book()
    assert site.said == ""
    page = body(site, "chapters/departures.html")
    assert re.findall(r"([A-Z][a-z, ]+ \(1\))<a", page) == ["Refuted, or corrected (1)", "Another notation (1)"]
    assert [text(part) for part in re.findall(r'<p class="part">.*?</p>', page)] == [
        "Said: A.",
        "True: B.",
        "Counterexample: C.",
        "Said: D.",
        "Written here: E.",
    ]
    assert page.index("More of it.") < page.index("Another notation")


def test_an_equation_of_the_article_is_set_below_its_words(book):
    (book.root / "chapters" / "article.toml").write_text(ARTICLE + '[formula]\n"1.1" = "x_1"\n')
    rows = re.findall(r"<tr.*?</tr>", body(book(), "chapters/ledger.html"), re.DOTALL)
    assert ["katex" in row for row in rows] == [False, True, False, False]


def test_only_the_ledger_has_the_filter(book):
    pages = book().pages
    assert [name for name, page in pages.items() if "collect/ledger.js" in page] == ["chapters/ledger.html"]
