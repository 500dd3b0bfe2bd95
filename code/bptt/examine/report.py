"""A diagnosis as text for a terminal, as HTML for a notebook, and as plain data for a file."""

from __future__ import annotations

import html as escaping
import math
import textwrap

import numpy as np

KINDS = {"lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN with tanh", "rnn_relu": "RNN with ReLU"}
MARKS = {"broken": "✗", "look": "!", "note": "·"}
COLUMNS = 100


def text(diagnosis):
    """The report for a terminal."""
    said = [_headline(diagnosis), *lines(diagnosis.findings)]
    for part in diagnosis.parts:
        said += [title(part), *lines(part.findings)]
    return "\n".join(said)


def _headline(diagnosis):
    samples = f", {diagnosis.samples} samples" if diagnosis.samples > 1 else ""
    return f"loss {diagnosis.loss:.4g}{samples}"


def title(part):
    """Name, kind and number of steps of one layer."""
    kind = "" if part.name == part.kind.upper() else f"{KINDS.get(part.kind, part.kind)}, "
    return f"{part.name} ({kind}{len(part.growth)} steps)"


def lines(findings):
    """One item a sentence, folded to the width of a terminal."""
    for finding in findings:
        sentence = finding.text + (f"  → {finding.page}" if finding.page else "")
        start = f"  {MARKS[finding.level]} "
        yield textwrap.fill(sentence, COLUMNS, initial_indent=start, subsequent_indent="    ", break_long_words=False)


def html(diagnosis, root):
    """The report for a notebook, with links to the pages of the course."""
    parts = [f"<p><strong>{escaping.escape(_headline(diagnosis))}</strong></p>", _list(diagnosis.findings, root)]
    for part in diagnosis.parts:
        parts += [f"<p><strong>{escaping.escape(title(part))}</strong></p>", _list(part.findings, root)]
    return f'<div class="diagnosis">{"".join(parts)}</div>'


def _list(findings, root):
    if not findings:
        return ""
    items = [
        f"<li>{MARKS[finding.level]} {escaping.escape(finding.text)}"
        + (f" ({finding.page.link(root)})" if finding.page else "")
        + "</li>"
        for finding in findings
    ]
    return f'<ul style="list-style: none">{"".join(items)}</ul>'


def plain(diagnosis):
    """Dictionaries, lists, strings and numbers; what is not finite is None, as JSON has no other word."""
    return {
        "loss": _number(diagnosis.loss),
        "samples": diagnosis.samples,
        "findings": _findings(diagnosis.findings),
        "parts": [
            {
                "name": part.name,
                "kind": part.kind,
                "findings": _findings(part.findings),
                "flow": {wire: _numbers(values) for wire, values in part.flow.items()},
                "growth": _numbers(part.growth),
                "gates": {letter: _numbers(values) for letter, values in part.gates.items()},
            }
            for part in diagnosis.parts
        ],
    }


def _findings(findings):
    return [{"level": f.level, "text": f.text, "page": f.page and f.page.path} for f in findings]


def _numbers(values):
    """An array as lists."""
    return [[_number(x) for x in row] if np.ndim(row) else _number(row) for row in values]


def _number(x):
    return float(x) if math.isfinite(x) else None
