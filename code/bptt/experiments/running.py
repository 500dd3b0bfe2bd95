"""Run an experiment: all seeds of a variant train as one stack, and what ends is kept at once.

The experiments of 1997 (``algorithm = "1997"``) go sequence by sequence, and every seed is kept as soon as it ends.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from bptt.arguments import count
from bptt.experiments import provenance, resumable
from bptt.experiments.archive import ALGORITHMS, FOLDER, TABLES, describe
from bptt.experiments.records import read_toml, write_table
from bptt.learning import online, stacked
from bptt.learning.training import Settings, pick_device, reach, solved_after


def run(name, folder=FOLDER, device="cpu", seeds=None, jobs=None, progress=False, command=None, into=None):
    """Run an experiment, or what is left of it, and store its tables.

    Parameters
    ----------
    name : str
    folder : str or pathlib.Path
        Where the settings are.
    device : str
    seeds : int, optional
        How many seeds, in place of what the file says.
    jobs : int, optional
        Number of processes that share the variants; left out, as for `resumable.run`, so that a cluster can be chosen.
    progress : bool
    command : str, optional
        What the provenance says that was typed.
    into : str or pathlib.Path, optional
        Where the results go; left out, beside the settings.

    Returns
    -------
    dict
        The rows of each table.

    Raises
    ------
    ValueError
        When the experiment is unknown, a setting impossible, or fewer seeds are asked for than are stored already.
    bptt.experiments.records.RecordError
        When a file cannot be read or written; what is stored already stays whole.
    """
    spec, begin, folder = describe(name, folder), time.perf_counter(), Path(folder)
    into = folder if into is None else Path(into)
    seeds = _seeds(spec, seeds)
    _keep_the_fuller(into / f"{name}.toml", seeds)
    by_seed = spec.get("algorithm") == "1997"
    names, grid = (_grid_by_seed if by_seed else _grid)(spec, seeds, str(pick_device(device)))
    train = train_seed if by_seed else train_variant
    parts = resumable.run(train, grid, into / ".runs", jobs, progress, provenance.stamp())
    named = list(zip(names, parts, strict=True))
    tables = {table: [{"variant": v} | row for v, part in named for row in part[table]] for table in TABLES}
    files = {table: into / f"{name}-{table}.csv" for table, rows in tables.items() if rows}
    for table, file in files.items():
        write_table(file, tables[table])
    seconds = [time.perf_counter() - begin, *(part["seconds"] for part in parts)]
    dates = [part["date"] for part in parts]
    what = {"command": command or f"run {name}", "seeds": seeds, "variants": list(spec["variants"])}
    provenance.write(into / f"{name}.toml", what, jobs, seconds, dates, files.values())
    return tables


def _seeds(spec, seeds):
    """The seeds of an experiment, or its first few."""
    first = spec.get("first_seed", 0)
    return list(range(first, first + (spec["seeds"] if seeds is None else count("seeds", seeds))))


def _keep_the_fuller(path, seeds):
    """Refuse to write few seeds over many."""
    if path.exists() and len(stored := read_toml(path).get("seeds", [])) > len(seeds):
        raise ValueError(f"seeds is {len(seeds)}, but {path} tells of {len(stored)}: needs as many, or another folder")


def _grid(spec, seeds, device):
    """What each variant is to be run with; what is impossible is refused before anything runs."""
    look = {key: spec[key] for key in ("window", "flow_at", "every_step") if key in spec}
    all_settings = [spec["common"] | changes for changes in spec["variants"].values()]
    grid = [{"settings": settings, "seeds": seeds, "device": device} | look for settings in all_settings]
    for point in grid:
        Settings(**point["settings"]).make(0)
    return list(spec["variants"]), grid


def _grid_by_seed(spec, seeds, _):
    """The same for the algorithm of 1997, where each seed is a point of its own."""
    if not online.COMPILED:
        raise ValueError('algorithm is 1997, but needs numba to end within a day: pip install ".[compiled]"')
    points = [(name, spec["common"] | changes, seed) for name, changes in spec["variants"].items() for seed in seeds]
    grid = [{"settings": settings, "seed": seed, "window": spec["window"]} for _, settings, seed in points]
    for point in grid:
        ALGORITHMS["1997"](**point["settings"]).make(0)
    return [name for name, *_ in points], grid


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
    rows = {"runs": [], "curves": [], "flow": list(_flow(histories)), "reach": list(_reach(seeds, histories))}
    rows["steps"] = []
    for seed, history in zip(seeds, histories, strict=True):
        rows["runs"].append({"seed": seed} | _outcome(history, settings))
        rows["curves"] += [{"seed": seed} | row for row in _curve(history, window)]
    for seed, history in list(zip(seeds, histories, strict=True))[:every_step]:
        pairs = enumerate(zip(history.loss, history.norm, strict=True))
        rows["steps"] += [{"seed": seed, "step": k, "loss": _short(E), "norm": _short(norm)} for k, (E, norm) in pairs]
    spent = round(time.process_time() - begin, 1)
    return rows | {"seconds": spent, "date": datetime.now(UTC).date().isoformat()}


def train_seed(settings, seed, window):
    """Train one network as in 1997; return the rows of its tables."""
    begin = time.process_time()
    found = online.train(ALGORITHMS["1997"](**settings), seed)
    starts = range(0, found.trained, window)
    parts = [(k, found.error[k : k + window], found.wrong[k : k + window]) for k in starts]
    run = {"seed": seed, "solved_after": found.solved_after, "trained": found.trained}
    run |= {"test_wrong": found.test_wrong, "test_error": _short(found.test_error)}
    rows = {table: [] for table in TABLES} | {"runs": [run]}
    rows["curves"] = [
        {"seed": seed, "step": k + len(error), "loss": _short(error.mean()), "wrong": int(wrong.sum())}
        for k, error, wrong in parts
    ]
    spent = round(time.process_time() - begin, 1)
    return rows | {"seconds": spent, "date": datetime.now(UTC).date().isoformat()}


def _flow(histories):
    """‖∂E_n/∂h_t‖ and ‖∂E_n/∂c_t‖ at each look: median over the seeds, smallest and largest."""
    for step in histories[0].flow:
        kinds = list(zip(*(history.flow[step] for history in histories), strict=True))
        for t in range(len(kinds[0][0])):
            row = {"step": step, "t": t + 1}
            for name, norms in zip("hc", kinds, strict=True):
                at = None if norms[0] is None else [norm[t] for norm in norms]
                for ending, summary in (("", np.median), ("_low", np.min), ("_high", np.max)):
                    row[name + ending] = None if at is None else _short(summary(at))
            yield row


def _reach(seeds, histories):
    """How far the gradient gets at each look, on h and on c, seed by seed."""
    for seed, history in zip(seeds, histories, strict=True):
        for step, flow in history.flow.items():
            h, c = (None if norms is None else _short(reach(norms)) for norms in flow)
            yield {"seed": seed, "step": step, "h": h, "c": c}


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
