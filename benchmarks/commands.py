"""The two commands and the short one, with the environment there and everything else deleted.

Whole processes, with all that they start: by the clock, and as seconds of processor, which other work on the machine
changes little. When the site still ran every page, and the tests one after another with two threads each, `make book`
took five and a half minutes on two cores, and `make test` another twenty.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "chapters" / "4-lstm-bptt" / "1-joint-jacobian.ipynb"


class Command(NamedTuple):
    what: str
    words: tuple[str, ...]
    bar: int  # seconds by the clock


COMMANDS = (
    Command("`make book`, from nothing", ("make", "book"), 90),
    Command("`make book`, after an edit of one page", ("make", "book"), 15),
    Command("`make check`", ("make", "check"), 90),
    Command("`make test`", ("make", "test"), 420),
)


def table(show):
    """Time the commands one after another, on two cores; return what missed its bar."""
    subprocess.run(["make", "clean"], cwd=ROOT, check=True, capture_output=True)
    show("| command | by the clock | processor | bar, by the clock |")
    show("|---|---:|---:|---:|")
    missed = []
    for command in COMMANDS:
        clock, processor = seconds(command.words)
        show(f"| {command.what} | {clock:.0f} s | {processor:.0f} s | ≤ {command.bar} s |")
        if clock > command.bar:
            missed.append(f"{command.what}: {clock:.0f} s, but the bar is {command.bar} s")
        os.utime(PAGE)  # for Sphinx, an edit
    return missed


def seconds(words):
    """How long a command takes, by the clock and of all processors."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(words, cwd=ROOT, env=outside, check=True, capture_output=True)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
