"""Repairs of the markup that docutils and the extensions write."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

SIZE = re.compile(r'style="width: (\d+)(?:px)?; height: (\d+)(?:px)?;"')
ROLE = re.compile(r' role="(?:list|doc-biblioentry)"')


def visit_image(self: HTML5Translator, node: nodes.image) -> None:
    """Write an image with its size as attributes.

    A browser knows its shape from them before the file is there, and keeps it on a narrow screen.
    """
    HTML5Translator.visit_image(self, node)
    self.body[-1] = SIZE.sub(r'width="\1" height="\2"', self.body[-1])


def visit_citation(self: HTML5Translator, node: nodes.citation) -> None:
    """Write an entry of the bibliography without its roles: one is deprecated, one is wrong."""
    start = len(self.body)
    HTML5Translator.visit_citation(self, node)
    self.body[start:] = [ROLE.sub("", part) for part in self.body[start:]]


def visit_entry(self: HTML5Translator, node: nodes.entry) -> None:
    """Write a cell of a table; an empty corner is no heading of anything."""
    HTML5Translator.visit_entry(self, node)
    if not node.astext().strip() and self.body[-1].startswith("<th"):
        self.body[-1] = self.body[-1].replace("<th", "<td", 1)
        self.context[-1] = self.context[-1].replace("</th", "</td")


class Unwrap(SphinxPostTransform):
    """Take exercises and solutions out of the sections that sphinx-exercise puts them in.

    The sections have no title, and their anchors are the same for all exercises of a page. So are those that
    sphinx-proof gives to proofs.
    """

    default_priority = 50
    formats = ("html",)

    def run(self, **_: object) -> None:
        """Walk over a copy of the list: the tree changes underneath."""
        for section in list(self.document.findall(nodes.section)):
            if not isinstance(section.next_node(descend=True), nodes.title):
                section["ids"] = []
                section.replace_self(section.children)
        for proof in self.document.findall(nodes.admonition):
            proof["ids"] = [name for name in proof["ids"] if name != "proof"]


def setup(app: Sphinx) -> None:
    """Replace three visitors, and add the transform."""
    depart_image, depart_citation = HTML5Translator.depart_image, HTML5Translator.depart_citation
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    app.add_node(nodes.entry, override=True, html=(visit_entry, HTML5Translator.depart_entry))
    app.add_post_transform(Unwrap)
