"""Figures keep their shape on a narrow screen, and their place while they load."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

SIZE = re.compile(r'style="width: (\d+)(?:px)?; height: (\d+)(?:px)?;"')


def visit_image(self: HTML5Translator, node: nodes.image) -> None:
    """Write the size as attributes, from which a browser knows the shape before the file is there."""
    HTML5Translator.visit_image(self, node)
    self.body[-1] = SIZE.sub(r'width="\1" height="\2"', self.body[-1])


def depart_image(self: HTML5Translator, node: nodes.image) -> None:
    """Close the element."""
    HTML5Translator.depart_image(self, node)


def setup(app: Sphinx) -> None:
    """Replace the writing of images."""
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
