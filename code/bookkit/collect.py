"""What the pages share that collect from all others: the ledger, the equations, the departures."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from bookkit import cells, course
from bookkit.claims import Claim


def collectors(env: BuildEnvironment) -> set[str]:
    """Return the names of the pages that collect from others, as this book knows them."""
    if not hasattr(env, "bookkit_collectors"):
        env.bookkit_collectors = set()
    return env.bookkit_collectors


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> set[str]:
    """Have the collecting pages read again whenever any page is new, changed or gone."""
    return collectors(env) & env.found_docs if added | changed | removed else set()


class CollectingDirective(SphinxDirective):
    """A directive whose content depends on every page of the book."""

    def note_collector(self) -> None:
        """Have this page read again when another one changes."""
        collectors(self.env).add(self.env.docname)

    def notebooks(self) -> list[course.Page]:
        """Return the notebooks in reading order: their names begin with their numbers."""
        self.note_collector()
        paths = {name: Path(self.env.doc2path(name)) for name in sorted(self.env.found_docs)}
        return [course.read(name, path) for name, path in paths.items() if path.suffix == ".ipynb"]

    def link(self, docname: str, text: str, anchor: str = "") -> nodes.reference:
        """Return a link to a page, or to a place on it."""
        uri = self.env.app.builder.get_relative_uri(self.env.docname, docname)
        return nodes.reference("", text, internal=True, refuri=uri + anchor)

    def claim_link(self, page: course.Page, claim: Claim) -> nodes.reference:
        """Return a link with the text of a claim to the cell that checks it."""
        return self.link(page.docname, claim.text, "#" + cells.anchor(claim.cell))


def setup(app: Sphinx) -> None:
    """Connect to the search for outdated pages."""
    app.connect("env-get-outdated", outdated)
