"""What is said only where the course has an address: its repository, and the button that opens a page on Binder."""

import os
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bookkit.outside import launch

WORD = "REPOSITORY"


class Published(SphinxDirective):
    """Show the content where the repository's address is known, which takes the place of the word REPOSITORY."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the content, or nothing."""
        address = launch.address(Path(self.env.app.srcdir), os.environ)
        if not address:
            return []
        lines = [line.replace(WORD, address) for line in self.content]
        parent = nodes.Element()
        self.state.nested_parse(StringList(lines, ""), self.content_offset, parent)
        return parent.children


def setup(app: Sphinx) -> None:
    """Register the directive ``published``."""
    app.add_directive("published", Published)
