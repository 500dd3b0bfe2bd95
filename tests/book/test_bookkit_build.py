"""bookkit.build: whatever goes wrong, no half site is left, and the cause comes last.

A small script stands in for Jupyter Book: it writes what it is told and exits as it is told.
"""

import sys

import pytest

from bookkit import build

STAND_IN = """\
from pathlib import Path
html = Path("_build/html")
html.mkdir(parents=True, exist_ok=True)
Path("_build/.doctrees").mkdir(exist_ok=True)
{body}
"""
GOOD = 'for name in ("index", "first"): (html / f"{name}.html").write_text("content")\n'
WARNING = "first.md:3: WARNING: a reference leads nowhere"
RED = "\x1b[91m"  # as Sphinx writes it, terminal or not


@pytest.fixture
def jupyter_book(tmp_path, monkeypatch):
    """Return a function that sets what the stand-in does; the book has two pages."""
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: first\n")
    monkeypatch.chdir(tmp_path)

    def behave(body):
        script = tmp_path / "stand_in.py"
        script.write_text(STAND_IN.format(body=body))
        monkeypatch.setattr(build, "PROGRAM", [sys.executable, str(script)])
        return tmp_path

    return behave


def left(root):
    return {path.name for path in (root / "_build").iterdir()}


def test_a_good_build_ends_with_the_page_to_open(jupyter_book, capsys):
    root = jupyter_book(GOOD)
    build.main()
    assert capsys.readouterr().out.endswith(f"2 pages.  Open {root / '_build/html/index.html'}\n")
    assert left(root) == {"html", ".doctrees"}


def test_a_warning_is_repeated_last_and_nothing_is_left(jupyter_book, capsys):
    root = jupyter_book(GOOD + f"print({RED + WARNING!r}); print('much else'); raise SystemExit(1)")
    with pytest.raises(SystemExit) as stopped:
        build.main()
    assert str(stopped.value) == f"\nThe book was not built:\n{WARNING}"
    assert "much else" in capsys.readouterr().out
    assert left(root) == set()


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("print('ImportError: no spectra'); print('the end')", "ImportError: no spectra"),
        ("print('no network, sorry')", "no network, sorry"),
        ("pass", "Jupyter Book gave no reason."),
    ],
)
def test_a_failure_of_any_kind_has_a_cause(jupyter_book, body, cause):
    root = jupyter_book(f"{body}; raise SystemExit(1)")
    with pytest.raises(RuntimeError) as failed:
        build.build(root)
    assert str(failed.value) == f"The book was not built:\n{cause}"


def test_success_without_a_page_is_a_failure(jupyter_book):
    root = jupyter_book('(html / "index.html").write_text("content")')
    with pytest.raises(RuntimeError, match="first.html is missing, though Jupyter Book reported success"):
        build.build(root)
    assert left(root) == set()


def test_the_traceback_of_a_page_survives_the_site(jupyter_book):
    report = 'log = html / "reports/first.err.log"; log.parent.mkdir(); log.write_text("ZeroDivisionError")'
    root = jupyter_book(f"{report}; raise SystemExit(1)")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        build.build(root)


def test_what_an_interrupted_build_left_is_not_used(jupyter_book):
    root = jupyter_book(GOOD)
    (root / "_build/html").mkdir(parents=True)
    (root / "_build/html/old.html").write_text("left behind")
    (root / "_build/unfinished").touch()
    build.build(root)
    assert not (root / "_build/html/old.html").exists()
    assert left(root) == {"html", ".doctrees"}


def test_an_interruption_leaves_the_marker(jupyter_book, monkeypatch):
    root = jupyter_book(GOOD)

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build.build(root)
    assert (root / "_build/unfinished").exists()
