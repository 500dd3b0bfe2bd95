"""Where stored results come from: command, versions, code, seeds, machine, date, duration. No name, no path."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch

from bptt.experiments.records import RecordError, checksum, read_text, read_toml, write_toml

COMPILER = ("numba",) if find_spec("numba") else ()
PACKAGES = ("gradients-through-time", "torch", "numpy", "scipy", "joblib", *COMPILER)
LEARNING = Path(__file__).parents[1] / "learning"


def write(path, what, jobs, seconds, dates, tables):
    """Write the provenance of results beside them.

    Parameters
    ----------
    path : str or pathlib.Path
    what : dict
        ``command``, what was typed, and ``seeds`` and ``variants``: every variant was run with every seed.
    jobs : int or None
        Processes that shared the variants; None left it to joblib.
    seconds : sequence of float
        Duration of the last call, and then the processor time of each variant's training, whichever call it was in.
    dates : sequence of str
        When the variants were trained; the last one is told.
    tables : iterable of pathlib.Path
        Their checksums are kept, so that a table that was changed afterwards is noticed.

    Raises
    ------
    bptt.experiments.records.RecordError
        When it cannot be written.
    """
    call, *variants = seconds
    spent = {"processor": round(sum(variants), 1), "last_call": round(call, 1), "processes": jobs or "left to joblib"}
    write_toml(path, what | {
        "date": max(dates),
        "code": code(),
        "seconds": spent,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "machine": machine(),
        "tables": {table.name: checksum(table) for table in tables},
    })  # fmt: skip


def stamp():
    """What a training depends on besides its settings: code, versions, processor and its instructions."""
    versions = {name: version(name) for name in ("torch", "numpy", *COMPILER)}
    return {"code": code(), "versions": versions, "machine": machine()}


def code(folder=LEARNING):
    """Fingerprint of the code that trains, without its comments and docstrings."""
    return hashlib.sha256("".join(_bare(file) for file in sorted(Path(folder).glob("*.py"))).encode()).hexdigest()[:16]


def _bare(file):
    """Syntax of a module without its docstrings."""
    tree = ast.parse(read_text(file))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)


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
    kernels = os.environ.get("NUMBA_CPU_NAME") or torch.backends.cpu.get_cpu_capability()
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system(), "instructions": kernels}
