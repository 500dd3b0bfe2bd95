"""Boxes of the class ``dropdown`` as the browser's own ``<details>``.

Our own until Jupyter Book has Sphinx 8.2, whose admonitions know ``:collapsible:``; sphinx-togglebutton needs a script.
They open without one, with the keyboard, in a text search and by a link into them.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import admonitionlabels
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator


class fold(nodes.General, nodes.Element):
    """A box that is closed at first; its first child is the `summary`."""


class summary(nodes.General, nodes.TextElement):
    """The line of a `fold` that is always seen."""


def title_of(box: nodes.Element) -> list[nodes.Node]:
    """Take the title out of a box; one without gets the word for its kind, such as Hint."""
    if box.children and isinstance(box[0], nodes.title):
        return box.pop(0).children
    return [nodes.Text(admonitionlabels[box.tagname])]


class Folds(SphinxPostTransform):
    """Replace every admonition, and solution, of the class ``dropdown``."""

    default_priority = 100  # after sphinx-exercise has resolved its titles
    formats = ("html",)

    def run(self, **_: object) -> None:
        """Walk over a copy of the list: the tree changes underneath."""
        for box in list(self.document.findall(nodes.Admonition)):
            if "dropdown" not in box["classes"]:
                continue
            title = summary("", "", *title_of(box))
            kind = [box.tagname] if box.tagname in admonitionlabels else []
            box["classes"] = [*kind, *(name for name in box["classes"] if name != "dropdown")]
            box.replace_self(fold("", title, *box.children))  # which takes over anchors and classes


def visit_fold(self: HTML5Translator, node: fold) -> None:
    """Open the element."""
    self.body.append(self.starttag(node, "details", CLASS="admonition"))


def depart_fold(self: HTML5Translator, node: fold) -> None:
    """Close the element."""
    self.body.append("</details>\n")


def visit_summary(self: HTML5Translator, node: summary) -> None:
    """Open the element."""
    self.body.append(self.starttag(node, "summary", "", CLASS="admonition-title"))


def depart_summary(self: HTML5Translator, node: summary) -> None:
    """Close the element."""
    self.body.append("</summary>\n")


def setup(app: Sphinx) -> None:
    """Register the nodes and the transform."""
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(summary, html=(visit_summary, depart_summary))
    app.add_post_transform(Folds)
