"""Published results as a page shows them: tables in Markdown of statements, rules, verdicts and settings."""

from __future__ import annotations

import re
from pathlib import Path

from bptt.experiments import replication
from bptt.experiments.archive import FOLDER
from bptt.experiments.records import read_toml

PEOPLE = {
    "hochreiter1997": "Hochreiter and Schmidhuber 1997",
    "pascanu2013": "Pascanu, Mikolov and Bengio 2013",
    "goodfellow2016": "Goodfellow, Bengio and Courville 2016",
    "bengio1994": "Bengio, Simard and Frasconi 1994",
    "jozefowicz2015": "Jozefowicz, Zaremba and Sutskever 2015",
}
NOT_RUN = {"not attempted", "registered"}


def spelled(text):
    """Put the names of people in place of the keys of the bibliography."""
    for key, name in PEOPLE.items():
        text = text.replace(key, name)
    return text


def as_table(header, rows):
    """Rows as a table in Markdown.

    Examples
    --------
    >>> print(as_table(["seed", "wrong"], [[1, 0]]))
    | seed | wrong |
    |---|---|
    | 1 | 0 |
    """
    lines = [header, ["---"] * len(header), *rows]
    text = [("|" if line == lines[1] else " | ").join(map(str, line)) for line in lines]
    return "\n".join(f"|{line}|" if k == 1 else f"| {line} |" for k, line in enumerate(text))


def overview(folder=FOLDER):
    """The tables of one minute: what was published, what was seen, and the verdict, for each statement.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where ``replication.toml`` and the stored runs are.

    Returns
    -------
    str
        A table of the published settings, and then one of the others; above each, how many came out.
    """
    rows = {row.statement: row for row in replication.table(folder)}
    rules, lines = read_toml(Path(folder) / "replication.toml"), {True: [], False: []}
    for spec in rules.values():
        for entry in spec["published"]:
            row, paper = rows[entry["statement"]], spelled(entry["source"].split(",")[0])
            lines[entry["differences"] == "none"].append([paper, entry["brief"], _short(row), _mark(row)])
    heads = ("In the published setting: {} of {} reproduced", "In another setting: {} of {} came out")
    return "\n\n".join(_counted(head, lines[exact]) for head, exact in zip(heads, (True, False), strict=True))


def _counted(head, lines):
    """A table below a line that says how many of its statements came out, of those that were run."""
    marks = [line[-1].partition(";")[0] for line in lines if line[-1] not in NOT_RUN]
    met, half = (sum(map(kind, marks)) for kind in (_came_out, lambda mark: mark.endswith(replication.HALF)))
    more = f", {half} more{replication.HALF}" if half else ""
    header, papers = ["paper", "published", "here", "verdict"], {line[0] for line in lines}
    if len(papers) == 1:  # named once, above the table
        more, header, lines = f"{more}. {papers.pop()}", header[1:], [line[1:] for line in lines]
    return f"**{head.format(met, len(marks))}{more}.**\n\n" + as_table(header, lines)


def _came_out(verdict):
    return verdict.startswith(("**reproduced", "**came out"))


def _mark(row):
    """The verdict, in bold where the statement came out, and the one under the first registration."""
    verdict = row.verdict.removeprefix("another setting: ")
    bold = f"**{verdict}**" if verdict in {"reproduced", "came out"} else verdict
    return f"{bold}{_first(row)}"


def _short(row):
    """What was seen, without its intervals."""
    text = re.sub(r" \([^)]*\)", "", row.result) or "no runs"
    return text if len(text) < 70 else "see below"


def _first(row):
    return f"; as registered first: {row.first.split(' (')[0].removeprefix('another setting: ')}" if row.first else ""


def judged(names, folder=FOLDER):
    """Statement, rule, what was seen and verdict, for each statement of some experiments, in a fold."""
    rows = {row.statement: row for row in replication.table(folder)}
    rules = read_toml(Path(folder) / "replication.toml")
    chosen = [rows[entry["statement"]] for name in names for entry in rules[name]["published"]]
    lines = [[row.statement, row.rule, _seen(row) or "no runs", f"**{row.verdict}**"] for row in chosen]
    table = as_table(["published", "rule", "seen", "verdict"], lines)
    return f":::{{admonition}} Each rule, and what was seen, with its interval\n:class: dropdown\n\n{table}\n:::\n"


def _seen(row):
    """What was seen, in the second set too, where there is one and it differs."""
    return row.result + (f". In the second set: {row.second}" if row.second not in {"", row.result} else "")


def block(row):
    """One row of the table in full, with the setting and the history in a fold."""
    first = f"\n- **As first registered:** {row.first}." if row.first else ""
    return (
        f"- **Published.** {row.statement}.\n- **Comes out if** {row.rule}.\n"
        f"- **Seen, with {row.seeds} seeds.** {_seen(row)}.\n- **Verdict: {row.verdict}.**{first}\n\n"
        ":::{admonition} The setting, the differences, and what was registered\n:class: dropdown\n\n"
        f"**There.** {spelled(row.setting)}.\n\n**Different here.** {spelled(row.differences)}.\n\n"
        f"**Registered.** {row.history}.\n:::\n"
    )


def line_by_line(paper, folder=FOLDER):
    """The setting of a paper beside the one that was run here, in a fold.

    Parameters
    ----------
    paper : str
        A key of ``papers.toml``.
    folder : str or pathlib.Path
    """
    table = as_table(["what", "there", "here", "mark"], read_toml(Path(folder) / "papers.toml")[paper])
    return f":::{{admonition}} {spelled(paper)}, line by line\n:class: dropdown\n\n{table}\n:::\n"
