"""Figures shown once more, on another page than their own: ``{shown} fig-name``, with a link back.

The summary of a chapter borrows a figure in this way, so that there is one place where it is computed.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform

from bookkit.collect.course import CollectingDirective, page_link
from bookkit.collect.departures import move


class shown(nodes.General, nodes.Element):
    """The place where a figure goes once all pages have been read."""


class Shown(CollectingDirective):
    """Show a figure of another page here."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the place for it: its page may not have been read yet."""
        self.note_collector()
        return [shown("", figure=self.arguments[0])]


def kept(env: BuildEnvironment) -> dict[str, dict[str, nodes.figure]]:
    """Return the named figures of every page: kept with the book, so that no page is unpickled again for their sake."""
    if not hasattr(env, "bookkit_shown"):
        env.bookkit_shown = {}
    return env.bookkit_shown


def on_read(app: Sphinx, doctree: nodes.document) -> None:
    """Keep a copy of every figure of a page that has a name."""
    copies = {name: figure.deepcopy() for figure in doctree.findall(nodes.figure) for name in figure["names"]}
    kept(app.env)[app.env.docname] = copies
    for node in (node for copy in copies.values() for node in copy.findall()):
        node.document = None  # or the whole page would be kept with it


class Show(SphinxPostTransform):
    """Put the copies in their place."""

    default_priority = 3  # before the best form of an output is chosen

    def run(self, **_: object) -> None:
        """Fill every place on this page."""
        for place in list(self.document.findall(shown)):
            place.replace_self(self.copy(place["figure"]))

    def copy(self, name: str) -> nodes.figure:
        """Return the figure of this name, its caption ending with a link to its page."""
        pages = [page for page, figures in kept(self.env).items() if name in figures]
        if len(pages) != 1:
            raise ExtensionError(f"{self.env.docname}: shown {name}, but {len(pages)} pages have a figure of this name")
        figure = move(kept(self.env)[pages[0]][name], pages[0], self.env.docname, self.env.found_docs)
        figure["ids"] = ["shown-" + nodes.make_id(name)]  # an anchor of its own, and so no number
        for caption in figure.findall(nodes.caption):
            caption += [nodes.Text(" From "), page_link(self.app, pages[0], "#" + nodes.make_id(name)), nodes.Text(".")]
        return figure


def setup(app: Sphinx) -> None:
    """Register the directive ``shown``."""
    app.add_node(shown)
    app.add_directive("shown", Shown)
    app.add_post_transform(Show)
    app.connect("doctree-read", on_read)
