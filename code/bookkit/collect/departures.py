"""One page with every box in which the course departs from the article, copied from the pages.

The box stays where the reader meets it; this page collects copies, each with a link back.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join

from bookkit.collect.course import CollectingDirective, page_link

CLASS = "departure"
LABELS = ("Said:", "True:", "Read here:", "Written here:", "Counterexample:")
KINDS = {
    "True:": "Refuted, or corrected",
    "Read here:": "Another reading",
    "Written here:": "Another notation",
    "": "In the words of the page",
}


class departures(nodes.General, nodes.Element):
    """The place where the boxes go once all pages have been read."""


class Departures(CollectingDirective):
    """Collect the boxes here."""

    def run(self) -> list[nodes.Node]:
        """Return the place for them: they are known when all pages have been read."""
        self.note_collector()
        return [departures()]


def boxes(doctree: nodes.document) -> list[nodes.admonition]:
    """Return the boxes of one page, in order."""
    return [box for box in doctree.findall(nodes.admonition) if CLASS in box["classes"]]


def kept(env: BuildEnvironment) -> dict[str, list[nodes.admonition]]:
    """Return the boxes of every page: kept with the book, so that no page is unpickled again for their sake."""
    if not hasattr(env, "bookkit_departures"):
        env.bookkit_departures = {}
    return env.bookkit_departures


def on_read(app: Sphinx, doctree: nodes.document) -> None:
    """Give every box of a page an anchor, and keep a copy of it."""
    for number, box in enumerate(boxes(doctree), start=1):
        box["ids"].append(f"{CLASS}-{number}")
    copies = kept(app.env)[app.env.docname] = [box.deepcopy() for box in boxes(doctree)]
    for node in (node for copy in copies for node in copy.findall()):
        node.document = None  # or the whole page would be kept with it


def move(box: nodes.admonition, old: str, new: str, pages: set[str]) -> nodes.admonition:
    """Return a copy of a box made fit for another page.

    Parameters
    ----------
    box : docutils.nodes.admonition
        A box of the page `old`.
    old, new : str
        The names of both pages.
    pages : set of str
        The names of all pages: a reference to one of them starts from the old page.

    Returns
    -------
    docutils.nodes.admonition
        Without anchors and equation numbers, which belong to the original, and with references
        that start from the new page.
    """
    copy = box.deepcopy()
    for node in copy.findall(nodes.Element):
        node["ids"], node["names"] = [], []
        if isinstance(node, nodes.math_block):
            node["number"] = node["label"] = None
        if isinstance(node, addnodes.pending_xref):
            target = docname_join(old, node["reftarget"])
            if node["reftype"] in ("doc", "myst") and target in pages:
                node["reftarget"] = "/" + target
            node["refdoc"] = new
    return copy


def label_of(node: nodes.Node) -> str:
    """Return the label that a node is, such as ``Said:``, or nothing."""
    text = node.astext() if isinstance(node, nodes.strong) else ""
    return text if text in LABELS else ""


def first_label(block: nodes.Node) -> str:
    """Return the label that a paragraph begins with; MyST puts an empty text before what is bold."""
    words = [node for node in block.children if node.astext()] if isinstance(block, nodes.paragraph) else []
    return label_of(words[0]) if words else ""


def in_parts(paragraph: nodes.paragraph) -> list[nodes.paragraph]:
    """Return a paragraph as several, each beginning with one of its labels."""
    parts = [nodes.paragraph("", "", classes=["part"])]
    for node in (node for node in paragraph.children if node.astext()):
        if label_of(node) and parts[-1].children:
            parts.append(nodes.paragraph("", "", classes=["part"]))
        parts[-1] += node
    return parts


def entries(box: nodes.admonition) -> list[list[nodes.Node]]:
    """Return the entries of a box: each begins with what is said; a box without that is one entry."""
    found: list[list[nodes.Node]] = [[]]
    for block in box[1:]:
        if first_label(block) == "Said:":
            found.append(in_parts(block))
        else:
            found[-1].append(block)
    return [entry for entry in found if entry]


def kind_of(entry: list[nodes.Node]) -> str:
    """Return the label that tells how an entry differs, or nothing."""
    labels = set(map(first_label, entry))
    return next((label for label in KINDS if label in labels), "")


class Collect(SphinxPostTransform):
    """Put the copies in their place."""

    default_priority = 5  # before references are resolved

    def run(self, **_: object) -> None:
        """Fill every place on this page: a section for each kind of difference."""
        for place in list(self.document.findall(departures)):
            copies = [copy for name in sorted(self.env.found_docs) for copy in self.of_page(name)]
            of_kind = {label: [box for found, box in copies if found == label] for label in KINDS}
            place.replace_self([self.section(label, found) for label, found in of_kind.items() if found])

    def section(self, label: str, found: list[nodes.admonition]) -> nodes.section:
        """Return the section of one kind."""
        title = nodes.title("", f"{KINDS[label]} ({len(found)})")
        return nodes.section("", title, *found, ids=[nodes.make_id(KINDS[label])])

    def of_page(self, name: str) -> list[tuple[str, nodes.admonition]]:
        """Return the entries of one page's boxes, each in a box titled with a link to the original, and their kinds."""
        if name == self.env.docname:
            return []
        copies = []
        for box in kept(self.env).get(name, []):
            copy = move(box, name, self.env.docname, self.env.found_docs)
            for entry in entries(copy):
                title = nodes.title("", "", page_link(self.app, name, "#" + box["ids"][-1]))
                copies.append((kind_of(entry), nodes.admonition("", title, *entry, classes=[CLASS])))
        return copies


def setup(app: Sphinx) -> None:
    """Register the directive ``departures``."""
    app.add_node(departures)
    app.add_directive("departures", Departures)
    app.add_post_transform(Collect)
    app.connect("doctree-read", on_read)
