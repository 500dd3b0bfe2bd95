"""Figures shown once more on another page."""

from types import SimpleNamespace

import pytest
from docutils import nodes, utils
from sphinx.errors import ExtensionError

from bookkit.collect import shown


@pytest.fixture
def env():
    """A book of two pages, `summary` and `lesson`; `lesson` has a figure of the name fig-a."""
    page = utils.new_document("lesson")
    page += nodes.figure("", nodes.image("", uri="a.png"), nodes.caption("", "What it shows."), names=["fig-a"], ids=["fig-a"])
    page += nodes.figure("", nodes.image("", uri="b.png"))
    env = SimpleNamespace(docname="lesson", found_docs={"lesson", "summary"}, toc_secnumbers={"lesson": {"": (4, 3)}})
    env.titles = {"lesson": nodes.title("", "The lesson")}
    shown.on_read(SimpleNamespace(env=env), page)
    env.docname = "summary"
    return env


def filled(env, name):
    """Return the page that shows the figure `name`."""
    page = utils.new_document("summary")
    page += shown.shown("", figure=name)
    builder = SimpleNamespace(get_relative_uri=lambda old, new: f"{new}.html")
    page.settings.env, page.settings.language_code = env, "en"
    env.app = SimpleNamespace(env=env, builder=builder)
    transform = shown.Show(page)
    transform.run()
    return page


def test_the_copy_links_to_its_page_and_has_an_anchor_of_its_own(env):
    (figure,) = filled(env, "fig-a").findall(nodes.figure)
    assert figure["ids"] == ["shown-fig-a"]
    assert figure.astext().split("\n")[-1] == "What it shows. From 4.3 The lesson."
    assert figure.next_node(nodes.reference)["refuri"] == "lesson.html#fig-a"


def test_the_original_is_not_touched(env):
    filled(env, "fig-a")
    assert shown.kept(env)["lesson"]["fig-a"].astext().strip() == "What it shows."


def test_a_name_that_no_page_has_stops_the_build(env):
    with pytest.raises(ExtensionError, match="^summary: shown fig-b, but 0 pages have a figure of this name$"):
        filled(env, "fig-b")
