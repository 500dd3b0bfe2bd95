"""The pages of the course with the claims on them, for the pages that collect from all others.

The ledger, the article's equations and the departures are such pages. Sphinx-needs collects too, but wants every claim
written as a directive; here the notebooks' stored outputs are the only source.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from bookkit.collect.claims import Claim, of_notebook
from bookkit.html import check_lines
from bookkit.html.typeset import typeset


class Page(NamedTuple):
    """A notebook of the course: its name, its number such as ``1.2``, its title and its claims."""

    docname: str
    number: str
    title: str
    claims: list[Claim]

    @property
    def chapter(self) -> str:
        """The chapter's number."""
        return self.number.split(".")[0]

    @property
    def landing_page(self) -> str:
        """The name of the chapter's first page."""
        return f"{Path(self.docname).parent.as_posix()}/index"


def leading_number(name: str) -> str:
    """Return the number that the name of a file or folder begins with.

    Examples
    --------
    >>> leading_number("1-bptt")
    '1'
    """
    match = re.match(r"\d+", name)
    return match[0] if match else ""


def title(path: Path) -> str:
    """Return the first heading of a page, a notebook or Markdown; without one, its name."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    match = re.search(r"^# (.+)$", text, re.MULTILINE)
    return match[1].strip() if match else path.stem


def read(docname: str, path: Path) -> Page:
    """Return one page of the course.

    Parameters
    ----------
    docname : str
        Its name in the book.
    path : pathlib.Path
        The notebook. File and folder begin with the numbers of page and chapter; a folder without one has no chapter.

    Returns
    -------
    Page
        With the claims that its stored outputs hold.
    """
    chapter = leading_number(path.parent.name)
    number = f"{chapter}.{leading_number(path.stem)}" if chapter else ""
    return Page(docname, number, title(path), of_notebook(path))


def repeated(pages: Iterable[Page]) -> Iterator[tuple[str, str]]:
    """Yield the page and the text of each claim whose text has been claimed before."""
    seen = set()
    for page in pages:
        for claim in page.claims:
            if claim.text in seen:
                yield page.docname, claim.text
            seen.add(claim.text)


def collectors(env: BuildEnvironment) -> set[str]:
    """Return the names of the pages that collect from others, as this book knows them."""
    if not hasattr(env, "bookkit_collectors"):
        env.bookkit_collectors = set()
    return env.bookkit_collectors


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> set[str]:
    """Have the collecting pages read again whenever any page is new, changed or gone."""
    return collectors(env) & env.found_docs if added | changed | removed else set()


def page_link(app: Sphinx, page: str, anchor: str = "") -> nodes.reference:
    """Return a link, for the page that is being written, to a place on another page: with its number and title."""
    env = app.env
    number = ".".join(map(str, env.toc_secnumbers.get(page, {}).get("", ())))
    uri = app.builder.get_relative_uri(env.docname, page)
    text = f"{number} {env.titles[page].astext()}".strip()
    return nodes.reference("", text, internal=True, refuri=uri + anchor)


class CollectingDirective(SphinxDirective):
    """A directive whose content depends on every page of the book."""

    def note_collector(self) -> None:
        """Have this page read again when another one changes."""
        collectors(self.env).add(self.env.docname)

    def notebooks(self) -> list[Page]:
        """Return the notebooks in reading order: their names begin with their numbers."""
        self.note_collector()
        paths = {name: Path(self.env.doc2path(name)) for name in sorted(self.env.found_docs)}
        return [read(name, path) for name, path in paths.items() if path.suffix == ".ipynb"]

    def link(self, docname: str, text: str, anchor: str = "") -> nodes.reference:
        """Return a link to a page, or to a place on it."""
        uri = self.env.app.builder.get_relative_uri(self.env.docname, docname)
        return nodes.reference("", text, internal=True, refuri=uri + anchor)

    def claim_link(self, page: Page, claim: Claim) -> nodes.reference:
        """Return a link with the text of a claim to the cell that checks it."""
        link = self.link(page.docname, "", "#" + check_lines.anchor(claim.cell))
        link += typeset(claim.text)
        return link


def setup(app: Sphinx) -> None:
    """Connect to the search for outdated pages."""
    app.connect("env-get-outdated", outdated)
