"""Races: time one of our functions beside what else computes the same thing, turn by turn.

A time alone says little on a machine that does other work. So the contestants of a race take turns, a few hundred
times or for a few seconds, and what counts is the ratio of the medians.
"""

from __future__ import annotations

import ctypes
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from threadpoolctl import threadpool_info


class Rival(NamedTuple):
    """What we race against: ``run()`` does the same work; our time over its time should be at most `bar`."""

    name: str
    run: Callable
    bar: float | None = None


class Race(NamedTuple):
    """One size: ``ours()`` against each of the rivals, all of them in the same run."""

    what: str
    ours: Callable
    rivals: list[Rival]


def medians(functions, seconds=4.0, at_least=9, at_most=400, patience=60.0, pause=0.002):
    """Median time of each function in seconds, measured in turns; where turns are long, three of them are enough.

    A pause before each turn lets the threads of the previous contestant fall asleep: they spin for a while when
    their work is done, and would slow down the next.
    """
    for run in functions:
        run()
    times, start = [], time.perf_counter()
    while len(times) < 3 or (
        (spent := time.perf_counter() - start) < patience
        and (len(times) < at_least or (spent < seconds and len(times) < at_most))
    ):
        times.append([_time(run, pause) for run in functions])
    return np.median(times, axis=0)


def _time(run, pause):
    time.sleep(pause)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def table(races, show=print):
    """Run the races; show a table in Markdown, one ratio a row; return what missed its bar."""
    missed = []
    show("| size | ours | against | theirs | ours ÷ theirs | bar |")
    show("|---|---:|---|---:|---:|---:|")
    for race in races:
        ours, *theirs = medians([race.ours, *(rival.run for rival in race.rivals)])
        for rival, time_of_rival in zip(race.rivals, theirs, strict=True):
            ratio = ours / time_of_rival
            bar = "" if rival.bar is None else f"≤ {rival.bar:g}"
            show(f"| {race.what} | {_ms(ours)} | {rival.name} | {_ms(time_of_rival)} | {_ratio(ratio)} | {bar} |")
            if rival.bar is not None and ratio > rival.bar:
                missed.append(f"{race.what} against {rival.name}: {ratio:.2f}, but the bar is {rival.bar:g}")
    return missed


def _ratio(ratio):
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def _ms(seconds):
    return f"{1e3 * seconds:.3g} ms"


def machine():
    """What the races ran on, in one paragraph: no name, only what decides the speed."""
    model = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    blas = next(pool for pool in threadpool_info() if pool["user_api"] == "blas")
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}; Python {platform.python_version()}; "
        f"NumPy {np.__version__} with {blas['internal_api']} {blas['version']}, {blas['num_threads']} threads; "
        f"torch {torch.__version__}, {torch.get_num_threads()} threads; float64."
    )


def keep_memory():
    """Let malloc keep what is freed, for all contestants, where it is glibc's; say whether it does.

    Else each large array is mapped afresh, and on a virtual machine the first touch of its pages can cost as much as
    the arithmetic on them. In a race that is noise: who pays for it depends on who ran before.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return "Memory is mapped as it comes."
    trim_threshold, mmap_max = -1, -4
    kept = mallopt(mmap_max, 0) and mallopt(trim_threshold, 2**31 - 1)
    return "Freed memory is kept, for all contestants." if kept else "Memory is mapped as it comes."


def check_threads():
    """Refuse to race when NumPy and torch do not have the same number of threads."""
    ours = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    if ours != {torch.get_num_threads()}:
        raise SystemExit(f"NumPy has {ours} threads, but torch {torch.get_num_threads()}: set OMP_NUM_THREADS")
