"""What is stored: the settings of every experiment, and the tables of its runs.

An experiment is a table of ``experiments.toml`` or ``replication.toml`` beside its results: settings that all its runs
share (``common``), and what each variant changes (``variants``). Results are small tables beside the file:
``NAME-runs.csv``, one row for each seed; ``NAME-curves.csv``, the loss in means over windows of steps;
``NAME-flow.csv``, the gradient at the states against t; for some ``NAME-steps.csv``, every single step; and
``NAME.toml``, where they come from.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from bptt.arguments import choice, count
from bptt.experiments.records import RecordError, read_table, read_toml
from bptt.learning.training import Settings, train

FOLDER = Path("chapters/5-training/data")
FILES = ("experiments.toml", "replication.toml")
TABLES = ("runs", "curves", "flow", "steps")


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


def load(name, table, folder=FOLDER):
    """Stored rows of an experiment.

    Parameters
    ----------
    name : str
    table : str
        ``"runs"``, ``"curves"``, ``"flow"`` or ``"steps"``.
    folder : str or pathlib.Path
        From a page of the chapter, ``"data"``.

    Returns
    -------
    list of dict

    Raises
    ------
    ValueError
        When the experiment or the table is unknown.
    bptt.experiments.records.RecordError
        When the file is missing or damaged.
    """
    describe(name, folder)
    choice("table", table, TABLES)
    return read_table(Path(folder) / f"{name}-{table}.csv")


def settings(name, variant, folder=FOLDER):
    """Settings of one variant of an experiment."""
    spec = describe(name, folder)
    choice("variant", variant, spec["variants"])
    return Settings(**spec["common"] | spec["variants"][variant])


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
