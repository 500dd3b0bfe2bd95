"""The ledger: a page that lists every claim of every notebook, with a link to where it is checked.

It is made from the notebooks' stored outputs when the book is built, never by hand.
"""

from collections import Counter
from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from bookkit.assets import static
from bookkit.collect import course
from bookkit.collect.claims import Claim, Statement
from bookkit.html import check_lines

LOGGER = logging.getLogger(__name__)
KINDS = {
    "exact": "exactly",
    "rounding": "to rounding",
    "tolerance": "to a stated tolerance",
    "statistical": "in standard errors",
    "bound": "against a bound",
    "condition": "as a condition, true or false",
}
SCRIPT = "collect/ledger.js"
ROLES = {"eq": ("math", "eq"), "prf": ("prf", "ref"), "exercise": ("ledger", "exercise")}


def totals(pages: list[course.Page]) -> nodes.paragraph:
    """Return the line above the list."""
    claims = [claim for page in pages for claim in page.claims]
    statements = {claim.statement for claim in claims if claim.statement}
    text = f"{len(claims)} claims on {len(pages)} pages, for {len(statements)} numbered statements and exercises. "
    kinds = Counter(claim.kind for claim in claims)
    text += "Tested " + ", ".join(f"{words}: {kinds[kind]}" for kind, words in KINDS.items()) + "."
    return nodes.paragraph("", text, classes=["totals"])


class Ledger(course.CollectingDirective):
    """List all claims by chapter and page; a text that is claimed twice is a warning."""

    def run(self) -> list[nodes.Node]:
        """Return a line of totals, and a section for each chapter."""
        pages = [page for page in self.notebooks() if page.claims]
        for docname, text in course.repeated(pages):
            LOGGER.warning("The book makes this claim twice: %r", text, location=docname)
        chapters = groupby(pages, lambda page: page.chapter)
        return [totals(pages), *(self.chapter(number, list(group)) for number, group in chapters)]

    def chapter(self, number: str, pages: list[course.Page]) -> nodes.section:
        """Return the section of one chapter."""
        name = course.title(Path(self.env.doc2path(pages[0].landing_page)))
        heading, anchor = (f"{number}. {name}", number) if number else (name, nodes.make_id(name))
        section = nodes.section("", nodes.title("", heading), ids=[f"chapter-{anchor}"])
        for page in pages:
            link = self.link(page.docname, f"{page.number} {page.title}".strip())
            section += nodes.paragraph("", "", link, classes=["ledger-page"])
            entries = (self.entry(page, claim) for claim in page.claims)
            section += nodes.bullet_list("", *entries, classes=["claims"])
        return section

    def entry(self, page: course.Page, claim: Claim) -> nodes.list_item:
        """Return the line of one claim, with the statement it belongs to."""
        item = check_lines.check_line(claim, self.claim_link(page, claim))
        item[0] += nodes.inline("", f" {claim.kind}", classes=["kind"])
        if claim.statement:
            item[0] += [nodes.Text(" "), self.statement_link(claim.statement)]
        return item

    def statement_link(self, statement: Statement) -> addnodes.pending_xref:
        """Return a reference, such as (1.2.3), that Sphinx resolves when it knows all numbers."""
        domain, role = ROLES[statement.kind]
        return addnodes.pending_xref(
            "",
            nodes.inline("", statement.label),
            refdomain=domain,
            reftype=role,
            reftarget=statement.label,
            refdoc=self.env.docname,
            refexplicit=False,
            refwarn=True,
        )


class ExerciseLinks(SphinxPostTransform):
    """Resolve the ledger's references to exercises.

    Sphinx's own ``numref`` unpickles the whole page again for every reference to it, for one number that is known.
    """

    default_priority = 5  # before references are resolved

    def run(self, **_: object) -> None:
        """Walk over a copy of the list: the tree changes underneath."""
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node["refdomain"] == "ledger":
                node.replace_self(self.link(node["reftarget"]))

    def link(self, label: str) -> nodes.Node:
        """Return a link, such as Exercise 1.2.3."""
        page, anchor = self.env.get_domain("std").anonlabels.get(label, ("", ""))
        number = self.env.toc_fignumbers.get(page, {}).get("exercise", {}).get(anchor)
        if number is None:
            LOGGER.warning("There is no exercise %r", label, location=self.env.docname)
            return nodes.Text(label)
        text = self.app.config.numfig_format["exercise"] % ".".join(map(str, number))
        uri = self.app.builder.get_relative_uri(self.env.docname, page)
        return nodes.reference("", text, internal=True, refuri=f"{uri}#{anchor}")


def prepare(app: Sphinx) -> None:
    """Put the script of the filter into the site."""
    static.write(static.folder(app) / SCRIPT, Path(__file__).with_suffix(".js").read_text("utf-8"))


def add_filter(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Give the script to a page with a ledger, and to no other."""
    if doctree is not None and any("totals" in node["classes"] for node in doctree.findall(nodes.paragraph)):
        app.add_js_file(SCRIPT, loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register the directive ``ledger``, its references and its filter."""
    app.add_directive("ledger", Ledger)
    app.add_post_transform(ExerciseLinks)
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", add_filter)
