"""What was found out about a backward pass, to be read by people."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass, field

import numpy as np

WIDTH = 118


@dataclass(repr=False)
class Report:
    """The verdict on a backward pass.

    Attributes
    ----------
    findings : list of Finding
        Whether the passes are functions.
    cell : str
        The cell and its layout in words; empty where it was not recognised.
    errors : dict
        Relative error of each array of the gradient, by its name; 0 where it is right.
    where : array or None
        Relative error by step, the last one first, and gate.
    gates : str
        The gates that are the columns of `where`.
    sets : list of list of Mistake
        The smallest sets of mistakes that give the same numbers. Usually there is one.
    notes : list of str
        What else is to be said.
    """

    findings: list = field(default_factory=list)
    cell: str = ""
    errors: dict = field(default_factory=dict)
    where: np.ndarray | None = None
    gates: str = ""
    sets: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    precision: str = "1e-9"
    sentence: str = ""

    @property
    def ok(self):
        """Whether nothing is wrong."""
        return all(finding.fine for finding in self.findings) and not any(self.errors.values())

    @property
    def mistakes(self):
        """The mistakes of the first set that explains the gradient."""
        return self.sets[0] if self.sets else []

    def raise_if_wrong(self):
        """Raise an AssertionError with the whole report unless all is well: for a test of one's own."""
        if not self.ok:
            raise AssertionError(f"the backward pass is wrong\n{self}")

    def explain(self, k):
        """Show the line of the derivation that belongs to mistake `k`, counted from 1, as text."""
        if not 1 <= k <= len(self.mistakes):
            raise IndexError(f"k is {k}, but the report names {len(self.mistakes)} mistakes, counted from 1")
        one = self.mistakes[k - 1]
        seen = f"seen in     {', '.join(one.seen)}" if one.seen else ""
        lines = [
            one.says,
            f"it should be  {one.right}",
            f"yours is      {one.wrong}",
            f"derived on    page {one.number}",
            seen,
        ]
        return "\n".join(filter(None, lines))

    def rows(self):
        """The report as pairs of a heading and its lines."""
        good, bad = ([f.text for f in self.findings if f.fine is fine] for fine in (True, False))
        yield "a function", [f"no: {'; '.join(bad)}" if bad else f"yes: {'; '.join(good)}"]
        yield "the cell", [self.cell or "not one that is known here, so that no mistake can be named"]
        wrong = [f"{name} ({error:.2g})" for name, error in self.errors.items() if error]
        right = [name for name, error in self.errors.items() if not error]
        if self.errors:
            verdict = f"no: {', '.join(wrong)}" if wrong else "yes: every array"
            others = f"; right: {', '.join(right)}" if wrong and right else ""
            yield "right?", [f"{verdict}{others}, to {self.precision}"]
        if self.where is not None and any(self.errors.values()):
            yield "where", list(self._table())
        for note in self.notes:
            yield "note", [note]
        if self.sentence:
            yield "which", [self.sentence]

    def _table(self):
        """Step by gate, the last step first."""
        yield "relative error of the deltas; · is right"
        yield " " * 10 + "".join(gate.rjust(9) for gate in self.gates)
        for back, row in enumerate(self.where):
            entries = ["–" if np.isnan(e) else "·" if e == 0 else f"{e:.2g}" for e in row]
            yield f"step {len(self.where) - back}".ljust(10) + "".join(entry.rjust(9) for entry in entries)

    def _named(self):
        """The mistakes, numbered."""
        for k, one in enumerate(self.mistakes, 1):
            yield f"{k}  {one.says}", f"{one.wrong}   in place of   {one.right}", f"page {one.number}"

    def __str__(self):
        lines = []
        for heading, texts in self.rows():
            for k, text in enumerate(texts):
                start = f"{heading if k == 0 else '':<12}"
                wrapped = textwrap.wrap(text, WIDTH - 12, drop_whitespace=False) if heading != "where" else [text]
                lines += [start + wrapped[0].rstrip()] + [" " * 12 + more.strip() for more in wrapped[1:]]
        for said, line, page in self._named():
            lines += [f"  {said}  [{page}]", f"     {line}"]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self):
        left = "text-align:left;vertical-align:top"
        rows = []
        for heading, texts in self.rows():
            whole = html.escape("\n".join(texts))
            cell = f"<pre>{whole}</pre>" if heading == "where" else whole
            rows.append(f"<tr><th style='{left}'>{heading}</th><td style='{left}'>{cell}</td></tr>")
        named = [
            f"<li>{html.escape(said.split(maxsplit=1)[1])} ({page})<br><code>{html.escape(line)}</code></li>"
            for said, line, page in self._named()
        ]
        return f"<table>{''.join(rows)}</table>" + (f"<ol>{''.join(named)}</ol>" if named else "")
