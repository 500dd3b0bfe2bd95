"""The index of the search: every section of the book with its words, in a script that only the search page loads.

Our own, because Sphinx finds pages and not sections, fetches them to show a line of context, which a folder opened as
file:// forbids, and knows neither synonyms nor two ways to spell a word.
"""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from bookkit.assets import static

LOGGER = logging.getLogger(__name__)
INDEX, SCRIPT, WORDS = "search/sections.js", "search/search.js", "chapters/search.toml"
SILENT = (nodes.math, nodes.math_block, nodes.literal_block, nodes.comment, nodes.title, nodes.raw, nodes.image)


class Section(NamedTuple):
    """What can be found: its anchor on the page, its title and its words."""

    anchor: str
    title: str
    text: str


def is_apart(node: nodes.Node) -> bool:
    """Tell whether a node is found by itself, and not as a part of what it stands in."""
    if isinstance(node, nodes.section):  # an exercise is in one with an empty title, or with none
        first = node.next_node(descend=True)
        return isinstance(first, nodes.title) and bool(first.astext().strip())
    return isinstance(node, addnodes.desc)


def words(node: nodes.Node) -> str:
    """Return the words of a node, without those of the sections in it, of formulas and of code."""
    if isinstance(node, nodes.Text):
        return node.astext()
    if is_apart(node) or isinstance(node, SILENT):
        return ""
    inner = "".join(map(words, node.children))
    return inner if isinstance(node, nodes.Inline) else f"{inner} "


def sections(page: nodes.Element) -> Iterator[Section]:
    """Yield the sections of a page, and the functions and classes that it documents."""
    for section in filter(is_apart, page.findall(nodes.section)):
        text = " ".join("".join(map(words, section.children)).split())
        yield Section((section["ids"] or [""])[0], section[0].astext(), text)
    for desc in page.findall(addnodes.desc):
        signature, first = desc[0], desc[-1].next_node(nodes.paragraph)
        if signature["ids"]:
            yield Section(signature["ids"][0], signature["ids"][0], first.astext() if first else "")


def kept(env: BuildEnvironment) -> dict[str, list[Section]]:
    """Return the sections of every page."""
    if not hasattr(env, "bookkit_sections"):
        env.bookkit_sections = {}
    return env.bookkit_sections


def on_read(app: Sphinx, doctree: nodes.document) -> None:
    """Keep the sections of a page; of one that says ``nosearch``, which lists what others say, only the titles."""
    found = list(sections(doctree))
    if "nosearch" in app.env.metadata[app.env.docname]:
        found = [section._replace(text="") for section in found]
    kept(app.env)[app.env.docname] = found


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Write the index and the script beside it."""
    if exception is not None or app.builder.format != "html":
        return
    path, pages = Path(app.srcdir) / WORDS, app.env.found_docs
    known = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    for name in set(known.get("first", {}).values()) - pages:
        LOGGER.warning("The search leads to %s, which is no page", name)
    found = [
        [name, app.env.titles[name].astext(), *section]
        for name in sorted(pages)
        for section in kept(app.env).get(name, [])
    ]
    content = json.dumps({**known, "sections": found}, ensure_ascii=False, separators=(",", ":"))
    static.write(Path(app.outdir) / "_static" / INDEX, f"const BOOK = {content};\n")


def prepare(app: Sphinx) -> None:
    """Put the script into the site."""
    static.write(static.folder(app) / SCRIPT, Path(__file__).with_suffix(".js").read_text("utf-8"))


def setup(app: Sphinx) -> None:
    """Connect to the reading of pages and to the end of the build."""
    app.connect("builder-inited", prepare)
    app.connect("doctree-read", on_read)
    app.connect("build-finished", finish)
