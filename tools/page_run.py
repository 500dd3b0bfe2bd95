"""Run a page without a kernel: its code cells, one after another, in this process.

Neither outputs nor pictures are kept: what is looked at are the claims. A kernel for each page would cost seconds
where a mutant needs a fraction of one.
"""

import contextlib
import io
import json
import os
import select
import signal
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

from bptt import checks

ROOT = Path(__file__).resolve().parent.parent


def pages():
    """Return the paths of all notebooks, in the order of their names."""
    return sorted(path for path in (ROOT / "chapters").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def short(page):
    """Return how a page is named in a report: its path below ``chapters``, without the ending."""
    return page.relative_to(ROOT / "chapters").with_suffix("").as_posix()


def cells(page):
    """Return the identifier and the source of every code cell."""
    notebook = json.loads(page.read_text("utf-8"))
    return [(cell["id"], "".join(cell["source"])) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run(page, listener):
    """Execute a page; every claim that holds is handed to `listener` with the identifier of its cell.

    Raises
    ------
    AssertionError
        The first claim that fails.
    Exception
        Whatever else a cell raises.
    """
    mpl.use("agg")
    current = [""]
    hear = lambda record: listener(current[0], record)
    checks.LISTENERS.append(hear)
    names = {"__name__": "__main__"}
    try:
        with contextlib.chdir(page.parent), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for current[0], source in cells(page):
                exec(compile(source, f"{short(page)}:{current[0]}", "exec"), names)
                plt.close("all")
    finally:
        checks.LISTENERS.remove(hear)


def in_child(function, *arguments, seconds=600):
    """Call a function in a forked process; return what it returns, as JSON holds it, or None when it takes too long.

    The child starts with everything that is imported here, and cannot change anything here.

    Raises
    ------
    RuntimeError
        When the function raises: with its error in words.
    """
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.close(reading)
        with os.fdopen(writing, "w") as answer:
            try:
                said = {"answer": function(*arguments)}
            except BaseException as error:  # a child never returns into the code that forked it
                said = {"error": f"{type(error).__name__}: {error}"}
            json.dump(said, answer)
            answer.flush()
            os._exit(0)
    os.close(writing)
    answer = _wait(child, reading, seconds)
    if answer and "error" in answer:
        raise RuntimeError(answer["error"])
    return answer and answer["answer"]


def _wait(child, reading, seconds):
    """Read all that a child writes until it ends, or end it."""
    parts = []
    with os.fdopen(reading, "rb") as pipe:
        while select.select([pipe], [], [], seconds)[0]:
            if not (part := pipe.read1(65536)):
                break
            parts.append(part)
        else:
            os.kill(child, signal.SIGKILL)
            parts = []
    os.waitpid(child, 0)
    return json.loads(b"".join(parts)) if parts else None
