"""The Sphinx side of the book, in four rooms; it knows nothing of the numerics.

- ``assets``: what the site carries: fonts, colours, and what comes from npm.
- ``html``: how a part of a page becomes HTML: formulas, folds, check lines, explorables.
- ``collect``: pages made from other pages or from docstrings: the ledger, the departures, the API.
- ``outside``: what other sites are told: cards for links, Binder.

Beside them stand the commands: ``build``, ``notebooks``, ``pages`` and ``pdf``.
"""

from importlib import import_module

from sphinx.application import Sphinx

PARTS = (
    "assets.fonts",
    "assets.palette",
    "assets.pictures",
    "assets.static",
    "html.check_lines",
    "html.code_folds",
    "html.explorables",
    "html.folds",
    "html.katex",
    "html.marks",
    "html.minutes",
    "html.repairs",
    "collect.api",
    "collect.article",
    "collect.course",
    "collect.departures",
    "collect.evidence",
    "collect.ledger",
    "collect.numbers",
    "collect.shown",
    "outside.cards",
    "outside.launch",
    "outside.moved",
    "outside.published",
    "outside.search",
    "outside.sitemap",
)


def setup(app: Sphinx) -> dict[str, int]:
    """Register every part of the extension."""
    for part in PARTS:
        import_module(f"bookkit.{part}").setup(app)
    # A new `env_version` has every page read again: what is kept of a page has changed.
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 10}
