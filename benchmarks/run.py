"""Race `bptt` against torch and against the bare arithmetic, and print one table per group.

    python benchmarks/run.py            all groups, and write benchmarks/RESULTS.md
    python benchmarks/run.py rnn        only this group, nothing is written

A group is a module beside this one with a function ``races()`` that yields `harness.Race`, or with a ``table(show)`` of
its own that returns what missed its bar; its docstring stands above its table.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import harness

HERE = Path(__file__).parent
GROUPS = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in {"run", "harness"})


def main(names):
    if unknown := set(names) - set(GROUPS):
        raise SystemExit(f"no group {', '.join(sorted(unknown))}: there are {', '.join(GROUPS)}")
    lines, missed = [], []

    def show(line=""):
        print(line, flush=True)
        lines.append(line)

    harness.check_threads()
    show("# Benchmarks\n\nMade by `make bench`. Medians; the contestants of a size take turns in one run.\n")
    show(harness.machine())
    show(harness.keep_memory())
    for name in names or GROUPS:
        group = import_module(name)
        show(f"\n## {name}\n\n{group.__doc__.strip()}\n")
        missed += group.table(show) if hasattr(group, "table") else harness.table(group.races(), show)
    show("\n" + ("\n".join(["Missed:", "", *(f"- {line}" for line in missed)]) if missed else "Every bar is met."))
    if not names:
        (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
