"""Race `bptt` against torch and against the bare arithmetic, and keep one table per group in benchmarks/RESULTS.md.

    python benchmarks/run.py            all groups
    python benchmarks/run.py rnn        only this group

A group is a module beside this one with a function ``races()`` that yields `harness.Race`, or with a ``table(show)`` of
its own that returns what missed its bar; its docstring stands above its table. Each group is written as soon as it
ends, in the place of its last results.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import harness

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
GROUPS = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in {"run", "harness"})
TITLE = "# Benchmarks\n\nMade by `make bench`. Medians; the contestants of a size take turns in one run.\n"


def main(names):
    if unknown := set(names) - set(GROUPS):
        raise SystemExit(f"no group {', '.join(sorted(unknown))}: there are {', '.join(GROUPS)}")
    harness.check_threads()
    conditions = f"{harness.machine()} {harness.keep_memory()}"
    missed = 0
    for name in names or GROUPS:
        lines, bars = race(name, conditions)
        keep(name, lines)
        missed += len(bars)
    return missed


def race(name, conditions):
    """Run one group and print it; return its lines, and what missed its bar."""
    lines, group = [], import_module(name)

    def show(line=""):
        print(line, flush=True)
        lines.append(line)

    show(f"## {name}\n\n{group.__doc__.strip()}\n\n{conditions}\n")
    missed = group.table(show) if hasattr(group, "table") else harness.table(group.races(), show)
    show(
        "\n" + ("\n".join(["Missed:", "", *(f"- {line}" for line in missed)]) if missed else "Every bar is met.") + "\n"
    )
    return lines, missed


def keep(name, lines):
    """Put the results of a group in their place among those of the others."""
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    sections = {text.split("\n", 1)[0]: f"## {text}" for text in old.split("\n## ")[1:]}
    sections[name] = "\n".join(lines)
    body = [section.rstrip() + "\n" for _, section in sorted(sections.items())]
    RESULTS.write_text("\n".join([TITLE, *body]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
