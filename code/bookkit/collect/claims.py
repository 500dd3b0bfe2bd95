"""Claims: the lines that a notebook's checks print, and the statement each of them belongs to."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MARK = "✓ "
ROUNDING = 1e-6  # a tolerance up to this allows for rounding, as in the function that prints the lines
KINDS = {"exactly": "exact", "within": "statistical", "at": "bound", "": "condition"}
NUMBER = r"\d+\.\d+(?:, \d+\.\d+)*"
LINE = re.compile(
    r"✓ (?P<text>.+?)"
    r"(?: — (?P<bound>(?:relative|absolute) error < \S+|exactly equal|within \S+ standard errors"
    r"|at (?:least|most) \S+(?: and at most \S+)?))?"
    rf"(?: \[article (?P<article>{NUMBER})\])?"
    rf"(?: \[against article (?P<against>{NUMBER})\])?\s*"
)
LABELLED = re.compile(r"\$\$\s*\((?P<label>[^)\s]+)\)\s*$")  # the end of a displayed equation
DIRECTIVE = re.compile(r"\s*(?:`{3,}|:{3,})\{(?P<name>[\w:-]+)\}\s*(?P<argument>.*)")
OPTION = re.compile(r"\s*:label:\s*(?P<label>\S+)")


class Statement(NamedTuple):
    """A numbered statement: what kind it is, ``eq``, ``prf`` or ``exercise``, and its label."""

    kind: str
    label: str


class Claim(NamedTuple):
    """A fact that a cell has checked.

    ``article`` and ``against`` hold the numbers of the source article's equations that it
    confirms or refutes; ``cell`` is the id of the cell; ``statement`` is the last numbered
    statement before it, or the exercise whose solution it checks.
    """

    text: str
    bound: str = ""
    article: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    cell: str = ""
    statement: Statement | None = None

    @property
    def kind(self) -> str:
        """How it was tested: exact, to rounding, to a tolerance, statistical, a bound, or a condition.

        Examples
        --------
        >>> Claim("one is one", "exactly equal").kind, Claim("it is so").kind
        ('exact', 'condition')
        """
        if " error < " in self.bound:
            return "rounding" if float(self.bound.split()[-1]) <= ROUNDING else "tolerance"
        return KINDS[self.bound.partition(" ")[0]]


def parse(line: str) -> Claim:
    """Read one printed line.

    Parameters
    ----------
    line : str
        A line that begins with ``✓`` and a space.

    Returns
    -------
    Claim
        Without cell and statement.

    Raises
    ------
    ValueError
        The line does not begin like a claim.

    Examples
    --------
    >>> parse("✓ one is one — exactly equal [article 1.2]")[:3]
    ('one is one', 'exactly equal', ('1.2',))
    """
    match = LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"line is {line!r}, but a claim begins with '{MARK}' and a text")
    numbers = {tag: tuple((match[tag] or "").split(", ")) for tag in ("article", "against")}
    return Claim(
        match["text"],
        match["bound"] or "",
        **{tag: found if any(found) else () for tag, found in numbers.items()},
    )


def printed(cell: dict) -> Iterator[Claim]:
    """Yield the claims in the stored outputs of a code cell."""
    for output in cell.get("outputs", []):
        for line in "".join(output.get("text", [])).splitlines():
            if line.startswith(MARK):
                yield parse(line)


def last_statement(source: str, current: Statement | None) -> Statement | None:
    """Return the statement in force after a Markdown cell, given the one before it."""
    kind = ""
    for line in source.splitlines():
        if match := LABELLED.search(line):
            current = Statement("eq", match["label"])
        elif match := DIRECTIVE.match(line):
            name = match["name"]
            kind = {"prf": "prf", "math": "eq", "exercise": "exercise"}.get(re.split("[:-]", name)[0], "")
            if name == "solution-start":
                current = Statement("exercise", match["argument"].strip())
            elif name == "solution-end":
                current = None
        elif (match := OPTION.match(line)) and kind:
            current, kind = Statement(kind, match["label"]), ""
    return current


def of_notebook(path: Path) -> list[Claim]:
    """Return the claims in a notebook's stored outputs, in order.

    Parameters
    ----------
    path : pathlib.Path
        An executed notebook.

    Returns
    -------
    list of Claim
        With cell and statement.
    """
    claims, statement = [], None
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            statement = last_statement("".join(cell["source"]), statement)
        claims += [claim._replace(cell=cell["id"], statement=statement) for claim in printed(cell)]
    return claims
