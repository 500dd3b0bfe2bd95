"""Where stored results come from: command, versions, seeds, machine, date, duration. No name, no path."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bptt.experiments.records import RecordError, read_toml, write_toml

PACKAGES = ("gradients-through-time", "torch", "numpy", "scipy", "joblib")


def write(path, command, seeds, jobs, seconds):
    """Write the provenance of results beside them.

    Parameters
    ----------
    path : str or pathlib.Path
    command : str
        What was typed.
    seeds : list of int
        Every variant was run with each.
    jobs : int or None
        Processes that shared the variants; None left it to joblib.
    seconds : sequence of float
        Duration of the last call, and then the processor time of each variant's training, whichever call it was in.

    Raises
    ------
    bptt.experiments.records.RecordError
        When it cannot be written.
    """
    call, *variants = seconds
    spent = {"processor": round(sum(variants), 1), "last_call": round(call, 1), "processes": jobs or "left to joblib"}
    write_toml(path, {
        "command": command,
        "seeds": seeds,
        "date": datetime.now(UTC).date().isoformat(),
        "seconds": spent,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "machine": machine(),
    })  # fmt: skip


def tell(path):
    """Say in one line where results come from: command, seeds, minutes of one processor core, date.

    Raises
    ------
    bptt.experiments.records.RecordError
        When the file is missing or damaged.
    """
    made = read_toml(path)
    try:
        minutes = max(1, round(made["seconds"]["processor"] / 60))
        seeds = f"seeds {made['seeds'][0]} to {made['seeds'][-1]}"
        return f"{made['command']}: {seeds}, {minutes} min of one core, {made['date']}"
    except KeyError as error:
        raise RecordError(f"{path} has no {error}: restore it, or delete it and run it again") from error


def machine(cpuinfo="/proc/cpuinfo"):
    """What decides the speed and the last digits: processor, cores, system."""
    model = platform.processor() or platform.machine()
    if (info := Path(cpuinfo)).exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system()}
