"""What another site shows of a page that is linked there: its title, its first words, and a card with both.

sphinxext-opengraph writes the words, and draws the card while the book is built. A card needs the site's whole address;
where that is unknown there is none rather than a broken one.
"""

import os
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinxext import opengraph

from bookkit.assets import palette
from bookkit.outside import launch

REPOSITORY = re.compile(r"https://(?P<host>github|gitlab)\.com/(?P<owner>[^/]+)/(?P<name>[^/]+)")


def site(repository: str) -> str:
    """Return the address where the repository's host shows the site, or an empty string where it is unknown.

    Parameters
    ----------
    repository : str
        As from `bookkit.outside.launch.address`.

    Examples
    --------
    >>> site("https://github.com/owner/course")
    'https://owner.github.io/course/'
    """
    match = REPOSITORY.fullmatch(repository)
    return f"https://{match['owner']}.{match['host']}.io/{match['name']}/" if match else ""


def sentences(paragraph: nodes.paragraph) -> list[str]:
    """Return the whole sentences of a paragraph that have no formula in them."""
    parts = ("\0" if isinstance(node, nodes.math | nodes.literal) else text_of(node) for node in paragraph.children)
    found = re.split(r"(?<=[.?!])\s+", " ".join("".join(parts).split()))
    return [sentence for sentence in found if "\0" not in sentence and sentence.endswith((".", "?", "!"))]


def text_of(node: nodes.Node) -> str:
    """Return the text of a part of a line, with a mark where a formula is in it."""
    return "\0" if node.next_node(nodes.math) else node.astext()


def words(page: nodes.document, length: int = 200) -> str:
    r"""Return the first sentences of a page: of its text, not of lists or boxes, and those without a formula.

    Examples
    --------
    >>> from docutils.core import publish_doctree
    >>> words(publish_doctree("You *can*\n\n- count.\n\nA network reads. With :math:`x` it learns. Slowly."))
    'A network reads. Slowly.'
    """
    said = ""
    for paragraph in page.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.document | nodes.section):
            for sentence in sentences(paragraph):
                if said and len(said) + len(sentence) >= length:
                    return said
                said = f"{said} {sentence}".strip()
    return said if len(said) <= length else said[:length].rsplit(" ", 1)[0] + " …"


def configure(app: Sphinx, config: Config) -> None:
    """Tell the extension the site's address and the course's colours."""
    colours = palette.read(app)["site"]
    config.ogp_site_url = site(launch.address(Path(app.srcdir), os.environ))
    config.ogp_site_name = config.html_title
    config.html_baseurl = config.ogp_site_url  # for the canonical address of each page
    config.html_context |= {"paper": [colours["paper_light"], colours["paper_dark"]], "home": config.ogp_site_url}
    config.ogp_social_cards = {
        "enable": bool(config.ogp_site_url),
        "image_mini": "_static/mark.png",
        "line_color": colours["accent_light"],
    }


def setup(app: Sphinx) -> None:
    """Register the extension, and connect to the reading of the configuration."""
    app.setup_extension("sphinxext.opengraph")
    opengraph.get_description = lambda doctree, length, titles: words(doctree, length)  # its own shows raw formulas
    app.connect("config-inited", configure)
