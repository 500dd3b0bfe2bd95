"""What machines and lost readers ask a site for: a map of its pages, and a page for addresses that lead nowhere."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from sphinx.application import Sphinx

from bookkit.assets import static

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'


def sitemap(home: str, names: list[str]) -> str:
    """Return the map of a site.

    Examples
    --------
    >>> print(sitemap("https://a.io/b/", ["c"]).splitlines()[2])
    <url><loc>https://a.io/b/c.html</loc></url>
    """
    lines = (f"<url><loc>{escape(home)}{name}.html</loc></url>\n" for name in names)
    return f"{HEAD}{''.join(lines)}</urlset>\n"


def lost(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    """Yield the page that a host shows in place of one that is not there, where there is a template for it."""
    if any((Path(app.srcdir) / folder / "404.html").exists() for folder in app.config.templates_path):
        yield "404", {"title": "Not found"}, "404.html"


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Write the map, where the site's address is known: a map has whole addresses."""
    if exception is None and app.builder.format == "html" and app.config.html_baseurl:
        text = sitemap(app.config.html_baseurl, sorted(app.env.found_docs))
        static.write(Path(app.outdir) / "sitemap.xml", text)


def setup(app: Sphinx) -> None:
    """Connect to the collecting of pages and to the end of the build."""
    app.connect("html-collect-pages", lost)
    app.connect("build-finished", finish)
