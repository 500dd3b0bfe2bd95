"""Published results, met or honestly missed: one verdict for each row of ``replication.toml``.

The file says, for every published statement, what is run here, in what it differs, and under which condition it
counts as reproduced. It was written before the runs, and says what was changed since; nothing here chooses anything
afterwards. Every seed counts, a run that is missing is refused, and a training that diverges is a failure.

A verdict speaks of the paper only where nothing differs from it. Otherwise it is one on another setting, and says so.
"""

from __future__ import annotations

from inspect import signature
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bptt.experiments.archive import ELSEWHERE, FOLDER, load
from bptt.experiments.records import RecordError, read_toml
from bptt.learning.intervals import wilson

HALF = " in one of two sets"


class Verdict(NamedTuple):
    """One row of the table: all text, but for the number of ``seeds``.

    ``history`` is what was registered first and why it was changed, ``first`` the verdict under the first registration,
    ``second`` what the second set of runs showed; each is empty where there is none.
    """

    source: str
    statement: str
    setting: str
    differences: str
    rule: str
    seeds: int
    result: str
    verdict: str
    history: str
    first: str
    second: str


def table(folder=FOLDER):
    """The replication table.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where ``replication.toml`` and the stored runs are.

    Returns
    -------
    list of Verdict
        ``verdict`` is ``"reproduced"`` or ``"not reproduced"`` where the setting is the published one, ``"another
        setting: came out"`` or ``"another setting: did not come out"`` where it is not; any of the four ends in
        `HALF` where a second set of runs says otherwise; ``"not attempted"`` without a rule, and ``"registered"`` with
        a rule whose runs nobody has stored yet.

    Raises
    ------
    bptt.experiments.records.RecordError
        When a file is missing or damaged, or names a rule that does not exist.
    """
    file = Path(folder) / "replication.toml"
    try:
        papers = [(name, spec, paper) for name, spec in read_toml(file).items() for paper in spec["published"]]
        return [_row(*paper, folder) for paper in papers]
    except KeyError as error:
        raise RecordError(f"{file} has a table without {error}: restore it") from error


def _row(name, spec, paper, folder):
    stored = (Path(folder) / f"{name}.toml").exists() or (Path(folder) / f"{name}-runs.csv").exists()
    if "judge" in paper and not stored:
        result, verdict = "", "registered"
    else:
        result, verdict = judge(paper, load(name, "runs", folder) if "judge" in paper else None)
    texts = (paper[key] for key in ("source", "statement", "setting", "differences", "rule"))
    seeds, history = spec["seeds"] if "judge" in paper else 0, paper.get("history", "")
    again, second = _second(name, paper, folder)
    verdict += HALF if again not in {"", verdict} else ""
    return Verdict(*texts, seeds, result, verdict, history, _first(paper, folder), second)


def _second(name, paper, folder):
    """Verdict and result of the second set of runs, where there is one."""
    if "judge" not in paper or not (Path(folder) / ELSEWHERE / f"{name}-runs.csv").exists():
        return "", ""
    result, verdict = judge(paper, load(name, "runs", folder, ELSEWHERE))
    return verdict, result


def _first(paper, folder):
    """Verdict under the first registration, from the runs that were made with its budget."""
    if "first" not in paper:
        return ""
    result, verdict = judge(paper | paper["first"], load(paper["first"]["experiment"], "runs", folder))
    return f"{verdict} ({result})"


def judge(paper, runs):
    """Result and verdict of one published statement, from the stored runs.

    Raises
    ------
    bptt.experiments.records.RecordError
        When its rule does not exist, or has another tolerance than it needs.
    """
    if runs is None:
        return "", "not attempted"
    if paper["judge"] not in JUDGES:
        raise RecordError(f"judge is {paper['judge']!r}, but needs one of {', '.join(JUDGES)}")
    rule, tolerance = JUDGES[paper["judge"]], paper["tolerance"]
    if set(tolerance) != (needed := set(list(signature(rule).parameters)[1:])):
        has, wants = ", ".join(tolerance), ", ".join(sorted(needed))
        raise RecordError(f"tolerance has {has}, but {paper['judge']!r} needs {wants}")
    result, reproduced = rule(runs, **tolerance)
    if paper.get("differences", "none") == "none":
        return result, "reproduced" if reproduced else "not reproduced"
    return result, f"another setting: {'came out' if reproduced else 'did not come out'}"


def successes(runs, variant, most_wrong):
    """Success rate of a variant: a run succeeds with at most `most_wrong` wrong of its test sequences.

    Returns
    -------
    bptt.learning.intervals.Rate
    """
    wrong = _column(runs, variant, "test_wrong")
    return wilson(sum(k <= most_wrong for k in wrong), len(wrong))


def _column(runs, variant, key):
    """Values of the stored runs of one variant, of which there is at least one, and none twice."""
    rows, mend = [row for row in runs if row.get("variant") == variant], "restore them, or delete them and run again"
    if not rows or any(key not in row for row in rows):
        raise RecordError(f"the stored runs have no {key} of {variant!r}: {mend}")
    if len({row["seed"] for row in rows}) < len(rows):
        raise RecordError(f"the stored runs have a seed of {variant!r} twice: {mend}")
    return [row[key] for row in rows]


def _solved(runs, variant, most_wrong, share, sequences):
    """At least a `share` of the seeds succeeds, and the median of the sequences it takes is at most `sequences`."""
    rate = successes(runs, variant, most_wrong)
    median = np.median([np.inf if after is None else after for after in _column(runs, variant, "solved_after")])
    after = f"median {median:,.0f} sequences" if np.isfinite(median) else "no streak of 2,000 in most runs"
    return f"{rate}; {after}", rate.successes >= share * rate.trials and median <= sequences


def _ordered(runs, variants, factors):
    """Median test losses in order: each at least (or at most, as said) a factor times the next."""
    losses = [np.nan_to_num(_column(runs, name, "test_loss"), nan=np.inf, posinf=np.inf) for name in variants]
    medians = [float(np.median(E)) for E in losses]
    held = all(a >= factor * b for (a, b), factor in zip(pairwise(medians), factors, strict=True))
    rows = zip(variants, medians, losses, strict=True)
    return ", ".join(f"{name}: {m:.2g} ({E.min():.2g} to {E.max():.2g})" for name, m, E in rows), held


def _clipping_helps(runs, lengths, most_wrong, falls_to, margin):
    """Without clipping success falls with the length; clipping wins at least `margin` more runs in all."""
    plain = [successes(runs, f"SGD, T = {T}", most_wrong) for T in lengths]
    clipped = [successes(runs, f"clipped, T = {T}", most_wrong) for T in lengths]
    falls = plain[-1].successes <= falls_to * plain[0].successes
    wins = sum(r.successes for r in clipped) - sum(r.successes for r in plain)
    pairs = zip(lengths, plain, clipped, strict=True)
    return "; ".join(f"T = {T}: SGD {a}, clipped {b}" for T, a, b in pairs), falls and wins >= margin


def _vanishes(runs, variants, most_wrong, below):
    """At least one of the variants has a success rate whose interval ends below `below`."""
    rates = [successes(runs, name, most_wrong) for name in variants]
    said = "; ".join(f"{name}: {rate}" for name, rate in zip(variants, rates, strict=True))
    return said, any(rate.high < below for rate in rates)


def _stops(runs, variant, share, most_wrong):
    """At least a `share` of the seeds meets the stopping criterion, and those have few wrong answers on average."""
    after, wrong = (_column(runs, variant, key) for key in ("solved_after", "test_wrong"))
    rate = wilson(sum(k is not None for k in after), len(after))
    left = [k for k, met in zip(wrong, after, strict=True) if met is not None]
    tested = f"; then {np.mean(left):.1f} wrong on average, at most {max(left)}" if left else ""
    return f"{rate} stopped{tested}", rate.successes >= share * rate.trials and np.mean(left or [np.inf]) <= most_wrong


def _takes(runs, variant, sequences, factor):
    """Mean sequences until the stopping criterion, within a `factor`; a run that missed it counts with all it had."""
    after, trained = (_column(runs, variant, key) for key in ("solved_after", "trained"))
    mean, missed = np.mean(trained), sum(k is None for k in after)
    least = f"at least {mean:,.0f}, with {missed} that did not stop" if missed else f"{mean:,.0f}"
    said = f"mean {least} ({min(trained):,} to {max(trained):,})"
    return said, sequences / factor <= mean <= sequences * factor


JUDGES = {
    "solved": _solved,
    "stops": _stops,
    "takes": _takes,
    "ordered": _ordered,
    "clipping helps": _clipping_helps,
    "vanishes": _vanishes,
}
