r"""The mathematics in the text of a claim, which is typed to be read in a terminal: ``W_h``, ``0.9^(n-1)``, ``1e-12``.

A line has a letter or two of it, so italics, indices and exponents do; KaTeX is for formulas.
"""

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from docutils import nodes

TOKEN = re.compile(
    r"""
      (?<![\w.]) (?P<mantissa>\d+(?:\.\d+)?) e (?P<power>[-+]?\d+) (?![\w.]*\w)
    | (?<![\w.]) (?P<part>[∂d]?) (?P<letter>[^\W\d_]) _ (?P<index>\{[^}]*\}|max|min|\d+|[a-z]{1,2}) (?![A-Za-z_])
    | (?<=[\w)|²}]) \^ (?P<exponent>\([^()]*\)|-?[\w.]*\w)
    """,
    re.VERBOSE,
)
BOUND = re.compile(r"(?P<words>at most|at least) (?P<number>-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)")
DIGITS = 3


def typeset(text: str) -> list[nodes.Node]:
    """Return a typed text with its mathematics set.

    Examples
    --------
    >>> print(*typeset("0.9^(n-1) W_h"), sep="")
    0.9<superscript>n−1</superscript> <emphasis>W</emphasis><subscript>h</subscript>
    """
    parts: list[nodes.Node] = []
    end = 0
    for found in TOKEN.finditer(text):
        parts += [nodes.Text(text[end : found.start()]), *_set(found)]
        end = found.end()
    return [part for part in (*parts, nodes.Text(text[end:])) if part.astext()]


def _set(found: re.Match) -> list[nodes.Node]:
    """Return the nodes of one token."""
    if found["mantissa"]:
        factor = "" if found["mantissa"] == "1" else f"{found['mantissa']}·"
        return [nodes.Text(f"{factor}10"), raised(str(int(found["power"])))]
    if found["letter"]:
        letter, index = nodes.emphasis("", found["letter"]), found["index"].strip("{}")
        return [nodes.Text(found["part"]), letter, nodes.subscript("", index.replace("-", "−"))]
    return [raised(found["exponent"])]


def raised(text: str) -> nodes.superscript:
    """Return an exponent; its brackets go, but those round a single letter, as in W^(f), are part of a name."""
    bare = text[1:-1] if text.startswith("(") and len(text) > 3 else text
    return nodes.superscript("", bare.replace("-", "−"))


def rounded(bound: str) -> str:
    """Return a bound with the digits that a person would write, and never a sharper one.

    Examples
    --------
    >>> rounded("at most 0.000784014"), rounded("at least 0.333333 and at most 1.5")
    ('at most 0.000785', 'at least 0.333 and at most 1.5')
    >>> rounded("at most 1.05897e-09")
    'at most 1.06e-9'
    """
    return BOUND.sub(lambda found: f"{found['words']} {_round(found['number'], found['words'])}", bound)


def _round(number: str, words: str) -> str:
    value = Decimal(number)
    if len(value.as_tuple().digits) <= DIGITS or value == value.to_integral_value():
        return number
    unit = Decimal(1).scaleb(value.adjusted() - DIGITS + 1)
    direction = ROUND_CEILING if words == "at most" else ROUND_FLOOR
    form = "f" if value.adjusted() > -5 else "e"
    return f"{value.quantize(unit, rounding=direction).normalize():{form}}"
