"""Links from a sentence to the check behind it: the role ``claim``, with the id of the cell that makes the claim.

A cell keeps its id when its page gets another number or its claims get other words, so that such a link lasts.
"""

from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole

from bookkit.collect.course import Page, collectors, read
from bookkit.html import check_lines

LOGGER = logging.getLogger(__name__)


def pages_with(cell: str, pages: Iterable[Page]) -> list[Page]:
    """Return the pages with claims in a cell of this id; there should be one."""
    return [page for page in pages if any(claim.cell == cell for claim in page.claims)]


class ClaimRole(ReferenceRole):
    """A link to a claim: the text, and in angle brackets the cell's id, or its page's folder and the id."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link; an id of no cell with a claim, or of two, is a warning, and leaves the text."""
        collectors(self.env).add(self.env.docname)
        folder, _, cell = self.target.rpartition("/")
        names = (name for name in sorted(self.env.found_docs) if f"/{folder}" in f"/{name}")
        paths = ((name, Path(self.env.doc2path(name))) for name in names)
        found = pages_with(cell, [read(name, path) for name, path in paths if path.suffix == ".ipynb"])
        if len(found) != 1:
            LOGGER.warning("%d cells with the id %r make a claim", len(found), cell, location=self.get_location())
            return [nodes.Text(self.title)], []
        uri = self.env.app.builder.get_relative_uri(self.env.docname, found[0].docname)
        anchor = check_lines.anchor(cell)
        return [nodes.reference("", self.title, internal=True, refuri=f"{uri}#{anchor}", classes=["evidence"])], []


def setup(app: Sphinx) -> None:
    """Register the role ``claim``."""
    app.add_role("claim", ClaimRole())
