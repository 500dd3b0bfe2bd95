"""The Sphinx side of the book: formulas, colours, explorables, launch button, ledger of claims.

One extension, ``bookkit``, made of small ones.  It knows nothing of the numerics.
"""

from sphinx.application import Sphinx

from bookkit import (
    api,
    article,
    cards,
    cells,
    collect,
    departures,
    explorables,
    folds,
    katex,
    launch,
    ledger,
    markup,
    palette,
)

PARTS = (
    api,
    article,
    cards,
    cells,
    collect,
    departures,
    explorables,
    folds,
    katex,
    launch,
    ledger,
    markup,
    palette,
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register every part of the extension."""
    for part in PARTS:
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
