"""The equations of the article that the course follows, each beside the claims that judge it."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from bookkit.collect.claims import Claim
from bookkit.collect.course import CollectingDirective, Page

LOGGER = logging.getLogger(__name__)


class Finding(NamedTuple):
    """What a claim says of an equation: that it holds, or that here is a counterexample."""

    verdict: str
    page: Page
    claim: Claim


def findings(pages: Iterable[Page]) -> dict[str, list[Finding]]:
    """Return what the claims say, by the number of the article's equation."""
    found = defaultdict(list)
    for page in pages:
        for claim in page.claims:
            for number in claim.article:
                found[number].append(Finding("holds", page, claim))
            for number in claim.against:
                found[number].append(Finding("counterexample", page, claim))
    return found


def wording(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the article's equations say in words, and their formulas, by number."""
    read = tomllib.loads(path.read_text("utf-8"))
    return {number: text for number, text in read.items() if isinstance(text, str)}, read.get("formula", {})


def row(*content: nodes.Node) -> nodes.row:
    """Return a table row, one cell per node."""
    blocks = (node if isinstance(node, nodes.Body) else nodes.paragraph("", "", node) for node in content)
    return nodes.row("", *(nodes.entry("", block) for block in blocks))


def statement(text: str, formula: str) -> nodes.compound:
    """Return what an equation says, in words and below them as a formula."""
    words = nodes.compound("", nodes.paragraph("", text))
    if formula:
        words += nodes.paragraph("", "", nodes.math(formula, formula), classes=["formula"])
    return words


def table(headings: list[str], rows: list[nodes.row]) -> nodes.table:
    """Return a table with a row of headings."""
    columns = [nodes.colspec(colwidth=1) for _ in headings]
    head = nodes.thead("", row(*map(nodes.Text, headings)))
    body = nodes.tbody("", *rows)
    return nodes.table("", nodes.tgroup("", *columns, head, body, cols=len(headings)))


class ArticleEquations(CollectingDirective):
    """Tabulate the article's equations; those of chapters not yet written are left out.

    The argument is the file with their wording, a line ``"1.2" = "…"`` for each, and below ``[formula]`` one in LaTeX.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table; a claim on an equation that the file does not know is a warning."""
        relative, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(relative)
        words, formulas = wording(Path(path))
        pages = self.notebooks()
        found = findings(pages)
        for number in found.keys() - words.keys():
            page = found[number][0].page
            LOGGER.warning("The article has no equation %s", number, location=page.docname)
        written = {page.chapter for page in pages}
        rows = [
            row(nodes.Text(number), statement(text, formulas.get(number, "")), self.verdicts(found.get(number, [])))
            for number, text in words.items()
            if number.split(".")[0] in written
        ]
        shown = table(["No.", "What it says", "What the course finds"], rows)
        shown["classes"].append("stacked")
        return [shown] if rows else []

    def verdicts(self, found: list[Finding]) -> nodes.Node:
        """Return the list of links that judge one equation."""
        items = [
            nodes.list_item(
                "",
                nodes.paragraph(
                    "",
                    "",
                    nodes.inline("", verdict, classes=["verdict", verdict]),
                    nodes.Text(f", {page.number}: "),
                    self.claim_link(page, claim),
                ),
            )
            for verdict, page, claim in found
        ]
        return nodes.bullet_list("", *items) if items else nodes.emphasis("", "no claim yet")


def setup(app: Sphinx) -> None:
    """Register the directive ``article-equations``."""
    app.add_directive("article-equations", ArticleEquations)
