"""The mistakes that can be named, read from ``mistakes.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Mistake(NamedTuple):
    """One row of the catalogue.

    ``slot`` and ``name`` say which switch of the backward pass it is; ``says`` is a sentence; ``right`` and ``wrong``
    the line of the backward pass as it should be and as it is; ``seen`` public reports of it; ``page`` the page of the
    course that derives the line, such as "4-lstm-bptt/1-joint-jacobian".
    """

    slot: str
    name: str
    says: str
    right: str
    wrong: str
    seen: tuple
    page: str

    @property
    def number(self):
        """Number of the page, such as "4.1"."""
        chapter, page = self.page.split("/")
        return f"{chapter.split('-')[0]}.{page.split('-')[0]}"


@cache
def catalogue(kind):
    """All mistakes that can stand in the backward pass of one kind of cell.

    Parameters
    ----------
    kind : str
        "RNN", "LSTM" or "GRU".

    Returns
    -------
    dict
        ``(slot, name)`` to Mistake.

    Examples
    --------
    >>> catalogue("LSTM")["partner_i", "i"].says
    '∂c/∂i is the candidate g, and here it is i'
    >>> catalogue("LSTM")["partner_i", "i"].number
    '4.1'
    """
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").with_stem("mistakes").read_text(encoding="utf-8"))
    return {
        (slot, name): Mistake(slot, name, row[0], table["right"], row[1], tuple(row[2:]), table["page"])
        for part in ("any", kind)
        for slot, table in tables[part].items()
        for name, row in table.items()
        if name not in ("page", "right")
    }


def in_cell(mistake, cell):
    """The same row with the lines of a variant: a cell with h = o ⊙ c has no tanh in them.

    Examples
    --------
    >>> from bptt.examine.mistakes_lstm import CELLS
    >>> in_cell(catalogue("LSTM")["carry_c", "only"], CELLS[0]).says
    'what is handed on takes the place of dh ⊙ o ⊙ (1 - tanh² c), and is not added to it'
    >>> in_cell(catalogue("LSTM")["carry_c", "only"], CELLS[2]).says
    'what is handed on takes the place of dh ⊙ o, and is not added to it'
    """
    if cell.exit == "tanh":
        return mistake
    plain = lambda text: text.replace(" ⊙ (1 - tanh² c)", "").replace(" ⊙ (1 - tanh² c_t)", "").replace("tanh c", "c")
    return mistake._replace(says=plain(mistake.says), right=plain(mistake.right), wrong=plain(mistake.wrong))


def slots(kind):
    """The places where a mistake can stand, each with the names of its alternatives."""
    places = {}
    for slot, name in catalogue(kind):
        places.setdefault(slot, []).append(name)
    return {slot: tuple(names) for slot, names in places.items()}
