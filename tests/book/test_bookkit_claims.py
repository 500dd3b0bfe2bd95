"""bookkit.claims and bookkit.course: what is read from the notebooks' stored outputs."""

import json

import pytest

from bookkit.collect import claims, course
from bookkit.collect.claims import Claim, Statement
from bptt import checks
from bptt.checks import claim


def notebook(path, *cells):
    """Write a notebook: Markdown as text, code as a list of printed lines; ids are c0, c1, …"""
    written = []
    for number, content in enumerate(cells):
        if isinstance(content, str):
            cell = {"cell_type": "markdown", "source": content.splitlines(keepends=True)}
        else:
            output = {"output_type": "stream", "name": "stdout", "text": [f"{line}\n" for line in content]}
            cell = {"cell_type": "code", "source": ["run()"], "outputs": [output], "execution_count": 1}
        written.append({"id": f"c{number}", "metadata": {}, **cell})
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
    document = {"cells": written, "metadata": python, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), "utf-8")
    return path


@pytest.mark.parametrize(
    ("arguments", "bound"),
    [
        ({"got": 1.0, "expected": 1.0}, "relative error < 1e-12"),
        ({"got": 1.0, "expected": 1.0, "rtol": 1e-6}, "relative error < 1e-06"),
        ({"got": 1.0, "expected": 1.0, "atol": 1e-9}, "absolute error < 1e-09"),
        ({"got": 1.0, "expected": 1.0, "rtol": 0}, "exactly equal"),
        ({"got": 1.0, "expected": 1.0, "se": 0.1}, "within 3 standard errors"),
        ({"got": 0.5, "at_most": 1.0}, "at most 1"),
        ({"got": 0.5, "at_least": -0.25}, "at least -0.25"),
        ({"got": 0.5, "at_least": 0.25, "at_most": 1.0}, "at least 0.25 and at most 1"),
        ({"got": True}, ""),
    ],
)
@pytest.mark.parametrize(
    ("tags", "article", "against"),
    [({}, (), ()), ({"article": "1.4"}, ("1.4",), ()), ({"refutes": "2.18"}, (), ("2.18",))],
)
def test_every_form_that_a_claim_prints_is_read_back(capsys, arguments, bound, tags, article, against):
    claim("Order matters — for m = 2 [or more], at most", **arguments, **tags)
    line = capsys.readouterr().out.rstrip("\n")
    assert claims.parse(line) == Claim("Order matters — for m = 2 [or more], at most", bound, article, against)


@pytest.mark.parametrize(
    "arguments",
    [
        {"expected": 1.0},
        {"expected": 1.0, "rtol": 1e-6},
        {"expected": 1.0, "atol": 1e-3},
        {"expected": 1.0, "rtol": 0},
        {"expected": 1.0, "se": 0.1},
        {"at_most": 2.0},
        {"at_least": -0.25},
    ],
)
def test_the_ledger_and_the_check_call_a_claim_s_kind_alike(arguments, capsys, monkeypatch):
    heard = []
    monkeypatch.setattr(checks, "LISTENERS", [heard.append])
    claim("One", 1.0, **arguments)
    claim("It is so", True)
    printed = [claims.parse(line).kind for line in capsys.readouterr().out.splitlines()]
    assert printed == [record.kind for record in heard]


def test_several_equations_of_the_article_in_one_claim():
    assert claims.parse("✓ all hold [article 2.9, 2.10]").article == ("2.9", "2.10")


def test_a_line_that_is_no_claim_is_refused():
    with pytest.raises(ValueError, match="line is 'one', but a claim begins with '✓ ' and a text"):
        claims.parse("one")


@pytest.mark.parametrize(
    ("source", "statement"),
    [
        ("$$\na = b\n$$ (eq-a)\ntext", Statement("eq", "eq-a")),
        ("$$ a = b $$ (eq-a)", Statement("eq", "eq-a")),
        ("$$ a = b $$ (eq-a)\n\n$$ b = c $$ (eq-b)", Statement("eq", "eq-b")),
        ("$$ a = b $$ (eq-a)\n\n$$ b = c $$", Statement("eq", "eq-a")),
        ("```{math}\n:label: eq-m\na\n```", Statement("eq", "eq-m")),
        (":::{prf:theorem} Title\n:label: thm\nText.\n:::", Statement("prf", "thm")),
        ("````{prf:lemma}\n:label: lem\n````", Statement("prf", "lem")),
        ("```{exercise-start} Title\n:label: ex\n```", Statement("exercise", "ex")),
        ("```{solution-start} ex\n:label: sol\n:class: dropdown\n```", Statement("exercise", "ex")),
        ("```{exercise-start}\n:label: ex\n```\n```{exercise-end}\n```", Statement("exercise", "ex")),
        ("```{solution-start} ex\n```\n```{solution-end}\n```", None),
        ("Plain text with {eq}`eq-a` and `:label: x`\n:label: y", None),
        (":::{admonition} Title\n:class: departure\n:::", None),
    ],
)
def test_the_statement_that_a_cell_leaves_in_force(source, statement):
    assert claims.last_statement(source, None) == statement


def test_claims_of_a_notebook_know_their_cell_and_their_statement(tmp_path):
    path = notebook(
        tmp_path / "page.ipynb",
        "# Title",
        ["✓ first"],
        "$$ a $$ (eq-a)",
        ["noise", "✓ second — exactly equal", "✓ third [article 1.2]", " ✓ not at the start"],
        "```{solution-start} ex\n```",
        ["✓ fourth"],
    )
    eq, exercise = Statement("eq", "eq-a"), Statement("exercise", "ex")
    assert claims.of_notebook(path) == [
        Claim("first", cell="c1"),
        Claim("second", "exactly equal", cell="c3", statement=eq),
        Claim("third", article=("1.2",), cell="c3", statement=eq),
        Claim("fourth", cell="c5", statement=exercise),
    ]


def test_a_page_gets_its_number_from_its_name_and_its_title_from_its_heading(tmp_path):
    path = notebook(tmp_path / "2-second" / "3-third-page.ipynb", "intro\n# A title\n## Not this", ["✓ fact"])
    page = course.read("chapters/2-second/3-third-page", path)
    assert page == ("chapters/2-second/3-third-page", "2.3", "A title", [Claim("fact", cell="c1")])
    assert page.chapter == "2"
    assert page.landing_page == "chapters/2-second/index"


def test_a_page_without_heading_or_number_is_called_by_its_name(tmp_path):
    assert course.title(notebook(tmp_path / "plain.ipynb", "text")) == "plain"
    assert course.leading_number("plain") == ""
    (tmp_path / "your-own").mkdir()
    assert course.read("your-own/2-page", notebook(tmp_path / "your-own/2-page.ipynb", [])).number == ""


def test_a_text_claimed_twice_is_found_wherever_it_is(tmp_path):
    one = course.read("one", notebook(tmp_path / "1.ipynb", ["✓ same", "✓ other", "✓ same — exactly equal"]))
    two = course.read("two", notebook(tmp_path / "2.ipynb", ["✓ other", "✓ new"]))
    assert list(course.repeated([one, two])) == [("one", "same"), ("two", "other")]
