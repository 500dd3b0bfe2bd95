"""Run an experiment: all seeds of a variant train as one stack, and what ends is kept at once."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

from bptt.arguments import count
from bptt.experiments import provenance, resumable
from bptt.experiments.archive import FOLDER, TABLES, describe
from bptt.experiments.records import write_table
from bptt.learning import stacked
from bptt.learning.training import Settings, pick_device, solved_after


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
        Number of processes that share the variants; left out, as for `resumable.run`, so that a cluster can be chosen.
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
    bptt.experiments.records.RecordError
        When a file cannot be read or written; what is stored already stays whole.
    """
    spec, begin, folder = describe(name, folder), time.perf_counter(), Path(folder)
    first = spec.get("first_seed", 0)
    seeds = list(range(first, first + (spec["seeds"] if seeds is None else count("seeds", seeds))))
    grid = _grid(spec, seeds, str(pick_device(device)))
    parts = resumable.run(train_variant, grid, folder / ".runs", jobs, progress)
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
