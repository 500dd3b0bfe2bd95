"""Minutes in the strip at the head of every page, computed from what there is to read.

A student who had met none of it read eighteen pages of this course with a watch. Least squares gave the weights of a
word, a displayed formula and a claim; the mean error over these pages was 11 per cent. Exercises name their minutes.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from bookkit.html.marks import PASSED

WORD, FORMULA = 0.0195, 0.70  # minutes, fitted
LINE = 0.1  # minutes for a line of code that stands open: an estimate, the student had all code open
STRIP = "abilities"

_FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
_EXERCISE = re.compile(r"exercise-start\} .*\((\d+) minutes\)")
_CLAIM = re.compile(r"✓ (.+?) —")


def of_cell(cell: dict) -> float:
    """Return the minutes that it takes to read one cell of a notebook: prose, claims, and code that stands open.

    Examples
    --------
    >>> of_cell({"cell_type": "markdown", "metadata": {}, "source": ["Two words:", " $$x$$"]})
    0.739
    """
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        words, formulas = len(_FORMULA.sub("", source).split()), len(_FORMULA.findall(source))
        return WORD * words + FORMULA * formulas
    claims = " ".join(_CLAIM.findall("".join("".join(output.get("text", "")) for output in cell["outputs"])))
    lines = source.count("\n") + 1 if "lesson" in cell["metadata"].get("tags", []) else 0
    return WORD * len(claims.split()) + LINE * lines


def of_page(cells: list[dict]) -> dict[str, float]:
    """Return the minutes of a notebook's core, of its optional sections, and of its exercises."""
    found, part = {"core": 0.0, "marked": 0.0, "exercises": 0.0}, "core"
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and re.search("^## ", source, re.MULTILINE):
            part = "marked" if set(PASSED) & set(cell["metadata"].get("tags", [])) else "core"
            part = "exercises" if re.search("^## (Exercises|Sources)$", source, re.MULTILINE) else part
        found[part] += of_cell(cell) if part != "exercises" else sum(map(int, _EXERCISE.findall(source)))
    return found


def told(found: dict[str, float]) -> str:
    """Return the sentence of the strip.

    Examples
    --------
    >>> told({"core": 22.3, "marked": 0.0, "exercises": 38.0})
    'About 20 minutes, and 40 more for the exercises.'
    >>> told({"core": 22.6, "marked": 12.0, "exercises": 0.0})
    'About 25 minutes, and 10 more for what is optional.'
    """
    core, marked, exercises = (5 * max(1, round(minutes / 5)) if minutes else 0 for minutes in found.values())
    more = [f"{marked} more for what is optional"] * bool(marked)
    more += [f"{exercises} {'more ' * (not marked)}for the exercises"] * bool(exercises)
    return ", ".join([f"About {core} minutes", *more[:-1], *[f"and {last}" for last in more[-1:]]]) + "."


def on_read(app: Sphinx, doctree: nodes.document) -> None:
    """Put the minutes of a notebook at the end of its strip."""
    path = Path(app.env.doc2path(app.env.docname))
    strips = [box for box in doctree.findall(nodes.admonition) if STRIP in box["classes"]]
    if strips and path.suffix == ".ipynb":
        cells = json.loads(path.read_text("utf-8"))["cells"]
        strips[0] += nodes.paragraph("", told(of_page(cells)), classes=["minutes"])


def setup(app: Sphinx) -> None:
    """Connect to the reading of pages."""
    app.connect("doctree-read", on_read)
