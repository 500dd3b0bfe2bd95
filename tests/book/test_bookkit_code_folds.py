"""Code behind a fold: what is folded, what stays open, and in which fold a silent cell goes."""

import json
from types import SimpleNamespace

import pytest
from docutils import nodes, utils

from bookkit.html import code_folds


def cell(index, source, *shown):
    """A code cell as MyST-NB hands it on."""
    parts = [nodes.container("", nodes.literal_block(source, source), nb_element="cell_code_source")]
    if shown:
        parts.append(nodes.container("", *shown, nb_element="cell_code_output"))
    return nodes.container("", *parts, nb_element="cell_code", cell_index=index, ids=[f"cell-{index}"])


def claims():
    return nodes.bullet_list("", nodes.list_item(), classes=["claims"])


@pytest.fixture
def folded(tmp_path):
    """Fold a page of the given parts, whose code cells have the given tags."""

    def fold(*parts, tags=None):
        path = tmp_path / "page.ipynb"
        marks = tags or {}
        path.write_text(json.dumps({"cells": [{"metadata": {"tags": marks.get(k, [])}} for k in range(9)]}))
        page = utils.new_document("page")
        page += parts
        env = SimpleNamespace(docname="page", doc2path=lambda name: path)
        code_folds.on_read(SimpleNamespace(env=env), page)
        return page

    return fold


def summaries(page):
    return [line.astext() for line in page.findall(code_folds.code_summary)]


def test_code_comes_after_what_it_shows_and_is_named_by_it(folded):
    page = folded(
        cell(0, "import numpy"),
        nodes.paragraph(),
        cell(1, "claim()", claims()),
        nodes.paragraph(),
        cell(2, "plot()", nodes.image()),
        nodes.paragraph(),
        cell(3, "1 + 1", nodes.literal_block("2", "2")),
    )
    assert summaries(page) == ["the imports", "the check", "the code of this figure", "the code"]
    for part in list(page.children)[2::2]:
        assert part[0]["nb_element"] == "cell_code_output"
        assert isinstance(part[1], code_folds.code_fold)


def test_a_lesson_stays_open(folded):
    page = folded(cell(0, "h = np.tanh(z)"), tags={0: ["lesson"]})
    assert summaries(page) == []
    assert page[0][0]["nb_element"] == "cell_code_source"


def test_an_answer_is_folded_with_its_code(folded):
    (shown,) = folded(cell(0, "count()", nodes.literal_block("61", "61")), tags={0: ["answer"]}).children
    assert [type(part) for part in shown.children] == [code_folds.code_fold]
    assert "61" in shown[0].astext()


def test_a_silent_cell_goes_into_the_next_fold_and_keeps_its_anchor(folded):
    page = folded(cell(0, "a = 1"), cell(1, "claim(a)", claims()))
    (fold,) = page.findall(code_folds.code_fold)
    assert fold[1]["ids"] == ["cell-0"]
    assert [part.astext() for part in fold[1:]] == ["a = 1", "claim(a)"]


@pytest.mark.parametrize("tags", [{1: ["lesson"]}, {}])
def test_a_silent_cell_before_prose_or_a_lesson_has_a_fold_of_its_own(folded, tags):
    after = [cell(1, "b = 2")] if tags else [nodes.paragraph()]
    page = folded(cell(0, "a = 1"), *after, tags=tags)
    assert summaries(page) == ["the code"]


def test_pages_in_markdown_are_left_alone():
    page, env = utils.new_document("page"), SimpleNamespace(docname="page", doc2path=lambda name: "page.md")
    page += cell(0, "a = 1")
    code_folds.on_read(SimpleNamespace(env=env), page)
    assert summaries(page) == []
