"""What is stored: the settings of every experiment, and the tables of its runs.

An experiment is a table of ``experiments.toml`` or ``replication.toml`` beside its results: settings that all its runs
share (``common``), and what each variant changes (``variants``). Results are small tables beside the file:
``NAME-runs.csv``, one row for each seed; ``NAME-curves.csv``, the loss in means over windows of steps;
``NAME-flow.csv``, the gradient at the states against t, over the seeds; ``NAME-reach.csv``, how far it gets with each
seed; for some ``NAME-steps.csv``, every single step; and ``NAME.toml``, where they come from, with their checksums.
Where ``algorithm = "1997"`` stands, the networks are those of `bptt.learning.online`, and a step is one sequence.

A training is chaotic, and another processor gives other last digits and then other runs. So what a page says of stored
runs is said of two sets: the one beside the settings, and one in the folder ``elsewhere``, from another processor or
with another order of summation.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from bptt.arguments import choice, count
from bptt.experiments.records import RecordError, checksum, read_table, read_toml
from bptt.learning.online import Settings1997
from bptt.learning.training import Settings, train

FOLDER = Path("chapters/5-training/data")
FILES = ("experiments.toml", "replication.toml")
TABLES = ("runs", "curves", "flow", "reach", "steps")
ELSEWHERE = "elsewhere"
ALGORITHMS = {"torch": Settings, "1997": Settings1997}


def catalogue(folder=FOLDER):
    """All experiments of a folder by name, as their files describe them.

    Raises
    ------
    bptt.experiments.records.RecordError
        When a file is missing or damaged.
    """
    return {name: table for file in FILES for name, table in read_toml(Path(folder) / file).items()}


def describe(name, folder=FOLDER):
    """What the file says about one experiment.

    Raises
    ------
    ValueError
        When there is no experiment of that name.
    """
    known = catalogue(folder)
    choice("name", name, known)
    return known[name]


def load(name, table, folder=FOLDER, where="."):
    """Stored rows of an experiment, complete and untouched.

    Parameters
    ----------
    name : str
    table : str
        ``"runs"``, ``"curves"``, ``"flow"``, ``"reach"`` or ``"steps"``.
    folder : str or pathlib.Path
        From a page of the chapter, ``"data"``.
    where : str
        ``"."``, or `ELSEWHERE` for the second set of runs.

    Returns
    -------
    list of dict

    Raises
    ------
    ValueError
        When the experiment or the table is unknown.
    bptt.experiments.records.RecordError
        When the file is missing or damaged, was changed after its runs, or has not one row for each variant and seed.
    """
    spec = describe(name, folder)
    choice("table", table, TABLES)
    file = Path(folder) / where / f"{name}-{table}.csv"
    rows, made = read_table(file), read_toml(file.with_name(f"{name}.toml"))
    if (told := made.get("tables", {}).get(file.name)) != checksum(file):
        raise RecordError(f"{file} has another checksum than {name}.toml tells ({told}): restore it, or run it again")
    if table == "runs":
        _complete(file, rows, spec, made, where)
    return rows


def _complete(file, rows, spec, made, where):
    """Refuse runs that are not just variants times seeds: of the settings, or what the second set says it holds."""
    first, variants = spec.get("first_seed", 0), list(spec["variants"])
    seeds = list(range(first, first + spec["seeds"]))
    if where != "." and set(made["variants"]) <= set(variants):
        variants = made["variants"]
    wanted, found = [(v, s) for v in variants for s in seeds], [(row["variant"], row["seed"]) for row in rows]
    if found != wanted:
        raise RecordError(
            f"{file} has {len(found)} runs, {len(set(found) & set(wanted))} of them wanted, but its settings name "
            f"{len(variants)} variants with {len(seeds)} seeds, each once: restore it, or run it again"
        )


def settings(name, variant, folder=FOLDER):
    """Settings of one variant of an experiment."""
    spec = describe(name, folder)
    choice("variant", variant, spec["variants"])
    return ALGORITHMS[spec.get("algorithm", "torch")](**spec["common"] | spec["variants"][variant])


def again(name, variant, steps, folder=FOLDER):
    """Train the first seed of a variant once more, alone on `torch.nn`, and lay it beside what is stored.

    Parameters
    ----------
    name, variant : str
    steps : int
        How many of its steps; whole windows of them are compared.
    folder : str or pathlib.Path

    Returns
    -------
    stored, again : (windows,) arrays
        Mean loss in each window. Over the first 200 steps they agree to 1e-3 relative with room to spare: 3e-5, the
        five digits that are stored, on two sets of instructions. Later the trajectories part, as they would on
        another processor: single precision, another order of summing, and chaos.

    Raises
    ------
    ValueError
        When `steps` is shorter than a window, or longer than the training was; or the learning rate depends on how
        long it was.
    bptt.experiments.records.RecordError
        When what is stored is missing or damaged.
    """
    how, rows = settings(name, variant, folder), load(name, "curves", folder)
    if not (rows := [row for row in rows if row["variant"] == variant]):
        raise RecordError(f"{name}-curves.csv has no row of {variant!r}: restore it, or delete it and run it again")
    window = rows[0]["step"]
    whole = count("steps", steps, at_least=window, at_most=how.steps) // window * window
    first = [row["loss"] for row in rows if row["seed"] == rows[0]["seed"] and row["step"] <= whole]
    if how.decay:
        raise ValueError(f"variant is {variant!r}, but needs one without decay: part of it is another training")
    history = train(replace(how, steps=whole), rows[0]["seed"], tested=1)
    return np.array(first), history.loss.reshape(-1, window).mean(axis=1)
