"""The experiments of Chapter 5: what is run is said in a file, and one command runs it.

    python -m bptt.experiments list
    python -m bptt.experiments run adding

An experiment is a table of ``experiments.toml`` or ``replication.toml`` beside its results: settings that all its runs
share (``common``), and what each variant changes (``variants``). All seeds of a variant train as one stack. Results
are small tables beside the file: ``NAME-runs.csv``, one row for each seed; ``NAME-curves.csv``, the loss in means over
windows of steps; ``NAME-flow.csv``, ‖∂E/∂h_t‖ against t; for some ``NAME-steps.csv``, every single step; and
``NAME.toml``, where they come from.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bptt import provenance, stacked, sweep
from bptt.arguments import count
from bptt.records import RecordError, read_table, read_toml, write_table
from bptt.training import Settings, pick_device, solved_after, train

FOLDER = Path("chapters/5-training/data")
FILES = ("experiments.toml", "replication.toml")
TABLES = ("runs", "curves", "flow", "steps")


def catalogue(folder=FOLDER):
    """All experiments of a folder by name, as their files describe them.

    Raises
    ------
    bptt.records.RecordError
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
    if name not in known:
        raise ValueError(f"name is {name!r}, but needs one of {', '.join(known)}")
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
    bptt.records.RecordError
        When the file is missing or damaged.
    """
    describe(name, folder)
    if table not in TABLES:
        raise ValueError(f"table is {table!r}, but needs one of {', '.join(TABLES)}")
    return read_table(Path(folder) / f"{name}-{table}.csv")


def settings(name, variant, folder=FOLDER):
    """Settings of one variant of an experiment."""
    spec = describe(name, folder)
    if variant not in spec["variants"]:
        raise ValueError(f"variant is {variant!r}, but needs one of {', '.join(spec['variants'])}")
    return Settings(**spec["common"] | spec["variants"][variant])


def run(name, folder=FOLDER, device="cpu", seeds=None, jobs=None, progress=False, command=None):
    """Run an experiment, or what is left of it, and store its tables.

    Parameters
    ----------
    name : str
    folder : str or pathlib.Path
        Where the settings are, and the results go.
    device : str
    seeds : int, optional
        How many seeds, in place of what the file says.
    jobs : int, optional
        Number of processes that share the variants; left out, as for `sweep.run`, so that a cluster can be chosen.
    progress : bool
    command : str, optional
        What the provenance says that was typed.

    Returns
    -------
    dict
        The rows of each table.

    Raises
    ------
    ValueError
        When the experiment is unknown or a setting impossible.
    bptt.records.RecordError
        When a file cannot be read or written; what is stored already stays whole.
    """
    spec, begin, folder = describe(name, folder), time.perf_counter(), Path(folder)
    first = spec.get("first_seed", 0)
    seeds = list(range(first, first + (spec["seeds"] if seeds is None else count("seeds", seeds))))
    grid = _grid(spec, seeds, str(pick_device(device)))
    parts = sweep.run(train_variant, grid, folder / ".runs", jobs, progress)
    tables = {
        table: [
            {"variant": variant} | row
            for variant, part in zip(spec["variants"], parts, strict=True)
            for row in part[table]
        ]
        for table in TABLES
    }
    for table, rows in tables.items():
        if rows:
            write_table(folder / f"{name}-{table}.csv", rows)
    seconds = [time.perf_counter() - begin, *(part["seconds"] for part in parts)]
    provenance.write(folder / f"{name}.toml", command or f"run {name}", seeds, jobs, seconds)
    return tables


def _grid(spec, seeds, device):
    """What each variant is to be run with; what is impossible is refused before anything runs."""
    look = {key: spec[key] for key in ("window", "flow_at", "every_step") if key in spec}
    all_settings = [spec["common"] | changes for changes in spec["variants"].values()]
    grid = [{"settings": settings, "seeds": seeds, "device": device} | look for settings in all_settings]
    for point in grid:
        Settings(**point["settings"]).make(0)
    return grid


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
    bptt.records.RecordError
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


def train_variant(settings, seeds, device="cpu", window=20, flow_at=(), every_step=0):
    """Train all seeds of one variant as a stack; return the rows of its tables.

    One thread: the stack is small, and other processes may have the other cores.
    """
    begin, threads, settings = time.process_time(), torch.get_num_threads(), Settings(**settings)
    torch.set_num_threads(1)
    try:
        histories = stacked.train([(settings, seed) for seed in seeds], device, flow_at=flow_at)
    finally:
        torch.set_num_threads(threads)
    rows = {"runs": [], "curves": [], "flow": list(_flow(histories)), "steps": []}
    for seed, history in zip(seeds, histories, strict=True):
        rows["runs"].append({"seed": seed} | _outcome(history, settings))
        rows["curves"] += [{"seed": seed} | row for row in _curve(history, window)]
    for seed, history in list(zip(seeds, histories, strict=True))[:every_step]:
        pairs = enumerate(zip(history.loss, history.norm, strict=True))
        rows["steps"] += [{"seed": seed, "step": k, "loss": _short(E), "norm": _short(norm)} for k, (E, norm) in pairs]
    return rows | {"seconds": round(time.process_time() - begin, 1)}


def _flow(histories):
    """‖∂E/∂h_t‖ at each look: median over the seeds, smallest and largest."""
    for step in histories[0].flow:
        norms = np.stack([history.flow[step] for history in histories])
        for t, at in enumerate(norms.T, start=1):
            yield {
                "step": step,
                "t": t,
                "norm": _short(np.median(at)),
                "low": _short(at.min()),
                "high": _short(at.max()),
            }


def _outcome(history, settings):
    return {
        "solved_after": solved_after(history.wrong, settings.N),
        "test_wrong": history.test_wrong,
        "test_loss": _short(history.test_loss),
        "diverged": int(not np.isfinite(history.loss).all()),
        "largest_norm": _short(history.norm.max()),
    }


def _curve(history, window):
    """Mean loss, median and largest norm over windows of steps; ``step`` is the end of the window."""
    for start in range(0, len(history.loss), window):
        part = slice(start, start + window)
        loss, norm = history.loss[part], history.norm[part]
        yield {
            "step": start + len(loss),
            "loss": _short(loss.mean()),
            "norm": _short(np.median(norm)),
            "largest_norm": _short(norm.max()),
        }


def _short(value):
    """Five digits, as JSON can hold them: the tables stay small, and no plot shows more."""
    return float(f"{value:.5g}") if np.isfinite(value) else str(value)


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m bptt.experiments", description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=FOLDER, type=Path, help="folder of settings and results (%(default)s)")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="name the experiments")
    action = actions.add_parser("run", help="run one, or what is left of it")
    action.add_argument("name")
    action.add_argument("--device", default="cpu", help="auto, cpu, cuda, … (%(default)s)")
    action.add_argument("--seeds", type=int, help="how many, in place of what the file says")
    action.add_argument("--jobs", type=int, default=1, help="processes that share the variants (%(default)s)")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run the command; return its exit status."""
    arguments = _parse(arguments)
    try:
        if arguments.action == "list":
            for name, spec in catalogue(arguments.data).items():
                print(f"{name:22}{len(spec['variants']):3} variants × {spec['seeds']:2} seeds  {spec['purpose']}")
            return 0
        command = f"python -m bptt.experiments run {arguments.name} --device {arguments.device} --jobs {arguments.jobs}"
        command += "" if arguments.seeds is None else f" --seeds {arguments.seeds}"
        run(arguments.name, arguments.data, arguments.device, arguments.seeds, arguments.jobs, True, command)
    except KeyboardInterrupt:
        print("stopped: finished runs are kept, and the same command goes on from there", file=sys.stderr)
        return 130
    except (RecordError, ValueError, TypeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
