"""How much of everything the course has, counted when the book is built."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from bookkit.collect.article import findings, wording
from bookkit.collect.course import CollectingDirective, Page

EXERCISE = re.compile(r"\{exercise-start\}(?P<title>.*)")
BOX = re.compile(r"^:class: .*\bdeparture\b", re.MULTILINE)
SAID = "**Said:**"


def text_of(path: Path) -> str:
    """Return the Markdown of a notebook."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def in_text(texts: Iterable[str]) -> dict[str, int]:
    """Count what stands in the Markdown of pages: exercises, published bugs among them, departures.

    Examples
    --------
    >>> in_text(["```{exercise-start} ★ Find the published bug", ":class: departure dropdown"])
    {'exercises': 1, 'bugs': 1, 'departures': 1}
    """
    counts = {"exercises": 0, "bugs": 0, "departures": 0}
    for text in texts:
        titles = EXERCISE.findall(text)
        counts["exercises"] += len(titles)
        counts["bugs"] += sum("published bug" in title for title in titles)
        counts["departures"] += max(len(BOX.findall(text)), text.count(SAID))
    return counts


def of_equations(pages: Iterable[Page], numbers: Iterable[str]) -> dict[str, int]:
    """Count the article's equations, and those of them that have a counterexample."""
    found = findings(pages)
    refuted = [number for number in numbers if any(one.verdict == "counterexample" for one in found.get(number, []))]
    return {"equations": len(list(numbers)), "counterexamples": len(refuted)}


class Numbers(CollectingDirective):
    """Show the numbers of the course in a row; the argument is the file with the article's equations."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a list with one item for each number, and a link to where its things stand."""
        relative, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(relative)
        pages = self.notebooks()
        counts = in_text(text_of(Path(self.env.doc2path(page.docname))) for page in pages)
        counts |= of_equations(pages, wording(Path(path))[0])
        counts["claims"] = sum(len(page.claims) for page in pages)
        return [nodes.bullet_list("", *(self.item(*one) for one in self.lines(counts)), classes=["numbers"])]

    def lines(self, counts: dict[str, int]) -> list[tuple[int, str, str]]:
        """Return number, words and page of every item."""
        judged = f"equations of one article judged, {counts['counterexamples']} with a counterexample"
        return [
            (counts["claims"], "claims, each with the code that could refute it", "ledger"),
            (counts["equations"], judged, "ledger"),
            (counts["departures"], "places where that article is silent or wrong", "departures"),
            (counts["exercises"], "exercises with worked solutions", ""),
            (counts["bugs"], "bugs that were really published, to be found", ""),
        ]

    def item(self, number: int, words: str, page: str) -> nodes.list_item:
        """Return one item; its words lead to a page beside this one, where there is one."""
        folder = Path(self.env.docname).parent.as_posix()
        name = f"{folder}/{page}" if page and folder != "." else page
        says = self.link(name, words) if name in self.env.found_docs else nodes.Text(words)
        return nodes.list_item("", nodes.paragraph("", "", nodes.strong("", str(number)), nodes.Text(" "), says))


def setup(app: Sphinx) -> None:
    """Register the directive ``numbers``."""
    app.add_directive("numbers", Numbers)
