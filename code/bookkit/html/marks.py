"""Marks under the headings of sections, from the tags of their cells: for the proof, for use, in the hour's path.

The cell that begins with the heading ``## …`` carries the tag, so in Jupyter nothing is in the way. In the hour's path
each section has a link to the next one, on whatever page that is.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform

MARKS = {
    "hour": "In the hour’s path.",
    "proof": "Optional: for those who want the proof.",
    "practice": "Optional: for those who train networks.",
}
PASSED = ("proof", "practice")  # what one may skip
HEADING = re.compile(r"^## .+$", re.MULTILINE)


def tagged(cells: list[dict]) -> list[list[str]]:
    """Return the marks of each section of the second level, in the order of the page.

    Examples
    --------
    >>> cell = {"cell_type": "markdown", "metadata": {"tags": ["proof"]}, "source": ["## Why", " so"]}
    >>> tagged([cell, {"cell_type": "markdown", "metadata": {}, "source": ["## And then"]}])
    [['proof'], []]
    """
    found = []
    for cell in cells:
        if cell["cell_type"] == "markdown":
            headings = HEADING.findall("".join(cell["source"]))
            marks = [tag for tag in cell["metadata"].get("tags", []) if tag in MARKS]
            found += [marks] * bool(headings) + [[]] * (len(headings) - 1)
    return found


def mark(name: str, following: nodes.section | None) -> nodes.paragraph:
    """Return the line under a heading, with a link past the section where it is optional."""
    line = nodes.paragraph("", MARKS[name], classes=["section-mark", name])
    if name in PASSED and following is not None:
        past = nodes.reference("", "Skip it", internal=True, refuri=f"#{following['ids'][0]}")
        line += [nodes.Text(" "), past]
    return line


def hour(env: BuildEnvironment) -> dict[str, list[tuple[str, str]]]:
    """Return anchor and title of the sections in the hour's path, for every page: kept with the book."""
    if not hasattr(env, "bookkit_hour"):
        env.bookkit_hour = {}
    return env.bookkit_hour


def on_read(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the sections of a notebook."""
    path = Path(app.env.doc2path(app.env.docname))
    page = doctree.next_node(nodes.section)
    if path.suffix != ".ipynb" or page is None:
        return
    sections = [part for part in page.children if isinstance(part, nodes.section) and isinstance(part[0], nodes.title)]
    cells = json.loads(path.read_text("utf-8"))["cells"]
    for section, marks in zip(sections, tagged(cells), strict=False):
        after = sections[sections.index(section) + 1 :]
        for name in reversed(marks):
            section.insert(1, mark(name, after[0] if after else None))
    marked = [section for section, marks in zip(sections, tagged(cells), strict=False) if "hour" in marks]
    hour(app.env)[app.env.docname] = [(section["ids"][0], section[0].astext()) for section in marked]


class Follow(SphinxPostTransform):
    """Let each section of the hour's path lead to the next: their pages are in the order of their names."""

    default_priority = 400

    def run(self, **_: object) -> None:
        """Complete the marks of this page."""
        path = [(page, *place) for page, places in sorted(hour(self.env).items()) for place in places]
        here = [place for place in path if place[0] == self.env.docname]
        lines = (line for line in self.document.findall(nodes.paragraph) if line["classes"] == ["section-mark", "hour"])
        for line, place in zip(lines, here, strict=True):
            following = path[path.index(place) + 1 :]
            if following:
                page, anchor, title = following[0]
                uri = self.app.builder.get_relative_uri(self.env.docname, page)
                line += [nodes.Text(" Next: "), nodes.reference("", title, internal=True, refuri=f"{uri}#{anchor}")]


def setup(app: Sphinx) -> None:
    """Connect to the reading of pages."""
    app.connect("doctree-read", on_read, priority=600)
    app.add_post_transform(Follow)
