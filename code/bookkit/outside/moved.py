"""Old addresses: a small page at each, which leads on to where its content is now."""

import json
import os
import tomllib
from html import escape
from pathlib import Path

from sphinx.application import Sphinx

from bookkit.assets import static

TABLE = "chapters/moved.toml"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<title>This page has moved</title>
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="robots" content="noindex" />
<link rel="canonical" href="{to}" />
<script>
const places = {places};
const anchor = location.hash.slice(1);
location.replace((places[anchor] ?? "{to}") + location.hash);
</script>
<noscript><meta http-equiv="refresh" content="0; url={to}" /></noscript>
</head>
<body><p>This page has moved: <a href="{to}">go on</a>.</p></body>
</html>
"""


def page(old: str, entry: dict[str, str | list[str]]) -> str:
    """Return the page at an old address.

    Parameters
    ----------
    old : str
        The address, below the folder of the table and without a suffix.
    entry : dict
        ``to``, the page that took over, and for each other page the anchors of the places that it took over.
    """
    places = {anchor: link(old, to) for to, anchors in entry.items() if to != "to" for anchor in anchors}
    return PAGE.format(to=escape(link(old, entry["to"])), places=json.dumps(places))


def link(old: str, to: str) -> str:
    """Return the way from one page to another.

    Examples
    --------
    >>> link("2-b/3-c", "2-b/4-c"), link("2-b/3-c", "4-d/1-e")
    ('4-c.html', '../4-d/1-e.html')
    """
    return f"{os.path.relpath(to, Path(old).parent)}.html".replace(os.sep, "/")


def table(source: Path) -> dict[str, dict]:
    """Return the old addresses of a book, below the folder of the table, with what has become of each."""
    path = source / TABLE
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Write the pages, but none over a page that is there."""
    if exception is not None or app.builder.format != "html":
        return
    folder = Path(TABLE).parent
    for old, entry in table(Path(app.srcdir)).items():
        if (folder / old).as_posix() in app.env.found_docs:
            raise ValueError(f"{TABLE} says that {old} has moved, but there is a page of this name.")
        static.write(Path(app.outdir) / folder / f"{old}.html", page(old, entry))


def setup(app: Sphinx) -> None:
    """Connect to the end of the build."""
    app.connect("build-finished", finish)
