"""Code behind a fold, after what it shows: on the site prose, figures and claims stand in front.

A cell with the tag ``lesson`` stays open, and what one with the tag ``answer`` shows is folded too.  A cell that shows
nothing goes into the fold of the next one.  Works without a script, since a fold is the browser's own ``<details>``;
in Jupyter the cells are as they were.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from bookkit.html.folds import depart_fold, depart_summary

LESSON, ANSWER = "lesson", "answer"


class code_fold(nodes.General, nodes.Element):
    """Code that is closed at first; its first child is the `code_summary`."""


class code_summary(nodes.General, nodes.TextElement):
    """The line of a `code_fold` that is always seen."""


def part(cell: nodes.Element, name: str) -> nodes.Element | None:
    """Return the source or the output of a code cell, as MyST-NB calls it, or None."""
    return next((child for child in cell.children if child.get("nb_element") == name), None)


def called(source: str, output: nodes.Element | None) -> str:
    """Say in two words what a fold holds.

    Examples
    --------
    >>> called("import numpy as np", None), called("a = 1", None)
    ('the imports', 'the code')
    """
    if output is not None and any("claims" in shown["classes"] for shown in output.findall(nodes.bullet_list)):
        return "the check"
    if output is not None and output.next_node(nodes.image):
        return "the code of this figure"
    lines = [line for line in source.splitlines() if line.strip()]
    return "the imports" if lines and lines[0].startswith(("import ", "from ")) else "the code"


def fold(cell: nodes.Element, before: list[nodes.Element], tags: list[str]) -> None:
    """Put the source of a cell behind a fold after its output, with those of silent cells before it."""
    source, output = part(cell, "cell_code_source"), part(cell, "cell_code_output")
    cell.remove(source)
    name = called(source.astext(), output)
    classes = ["code-fold", "check"] if name == "the check" else ["code-fold"]
    cell += code_fold("", code_summary("", name), *before, source, classes=classes)
    if ANSWER in tags:
        cell.remove(output)
        cell[-1] += output


def on_read(app: Sphinx, doctree: nodes.document) -> None:
    """Fold the code cells of a notebook."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    cells = json.loads(path.read_text("utf-8"))["cells"]
    silent: list[nodes.Element] = []
    for cell in list(doctree.findall(lambda node: getattr(node, "attributes", {}).get("nb_element") == "cell_code")):
        source = part(cell, "cell_code_source")
        tags = cells[cell["cell_index"]]["metadata"].get("tags", [])
        if source is None or LESSON in tags:
            continue
        if part(cell, "cell_code_output") is None and _folds_next(cell, cells):
            cell.parent.remove(cell)
            source["ids"] += cell["ids"]  # links to the cell lead into the fold
            silent.append(source)
            continue
        fold(cell, silent, tags)
        silent = []


def _folds_next(cell: nodes.Element, cells: list[dict]) -> bool:
    """Tell whether the next thing on the page is a code cell that is folded too."""
    if not isinstance(after := cell.next_node(descend=False, siblings=True), nodes.container):
        return False
    folded = after.get("nb_element") == "cell_code" and part(after, "cell_code_source") is not None
    return folded and LESSON not in cells[after["cell_index"]]["metadata"].get("tags", [])


def visit_code_fold(self: HTML5Translator, node: code_fold) -> None:
    """Open the element."""
    self.body.append(self.starttag(node, "details"))


def visit_code_summary(self: HTML5Translator, node: code_summary) -> None:
    """Open the element."""
    self.body.append(self.starttag(node, "summary", ""))


def setup(app: Sphinx) -> None:
    """Register the nodes, and connect to the reading of pages after the claims have their look."""
    app.add_node(code_fold, html=(visit_code_fold, depart_fold))
    app.add_node(code_summary, html=(visit_code_summary, depart_summary))
    app.connect("doctree-read", on_read, priority=600)
