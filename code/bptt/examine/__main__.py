"""Check a backward pass from the command line: ``python -m bptt.examine mynet.py:forward,backward,params``.

The names are those of two functions and of an example of the parameters in that file; a fourth one is an example of a
sequence. With one name and the parameters, ``mynet.py:loss,params``, the loss is inside the function. Prints the
report; the exit status is 1 where something is wrong.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

from bptt.examine import mistakes


def read(place):
    """The things that ``file:name,name`` names, from the file, which is run.

    Raises
    ------
    SystemExit
        When there is no such file, or no such name in it.
    """
    file, _, names = place.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise SystemExit(f"{place} names no file; it needs to be like mynet.py:forward,backward,params")
    sys.path.insert(0, str(path.parent.resolve()))  # for what the file imports from beside itself
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if missing := [name for name in names.split(",") if not hasattr(module, name)]:
        raise SystemExit(f"{file} has no {missing[0]}; it needs {names.replace(',', ', ')}")
    return [getattr(module, name) for name in names.split(",")]


def main(arguments=None):
    """Print the report on the functions of a file; return 1 where something is wrong, and 0 where nothing is."""
    parser = argparse.ArgumentParser(prog="python -m bptt.examine", description=__doc__.split("\n\n")[1])
    parser.add_argument("place", help="such as mynet.py:forward,backward,params")
    parts = read(parser.parse_args(arguments).place)
    if len(parts) not in (2, 3, 4):
        parser.error(f"there are {len(parts)} names, but it needs forward,backward,params, or loss,params")
    report = mistakes.check(loss=parts[0], params=parts[1]) if len(parts) == 2 else mistakes.check(*parts)
    print(report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
