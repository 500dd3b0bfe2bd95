"""The experiments of Chapter 5: what is run is said in a file, and one command runs it.

python -m bptt.experiments list
python -m bptt.experiments run adding
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bptt.experiments.archive import FOLDER, catalogue
from bptt.experiments.records import RecordError
from bptt.experiments.running import run


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m bptt.experiments", description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=FOLDER, type=Path, help="folder of settings and results (%(default)s)")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="name the experiments")
    action = actions.add_parser("run", help="run one, or what is left of it")
    action.add_argument("name")
    action.add_argument("--device", default="cpu", help="auto, cpu, cuda, … (%(default)s)")
    action.add_argument("--into", type=Path, help="folder for the results (that of the settings)")
    action.add_argument("--seeds", type=int, help="how many, in place of what the file says")
    action.add_argument("--jobs", type=int, default=1, help="processes that share the variants (%(default)s)")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run the command; return its exit status."""
    arguments = _parse(arguments)
    try:
        if arguments.action == "list":
            for name, spec in catalogue(arguments.data).items():
                print(f"{name:22}{len(spec['variants']):3} variants × {spec['seeds']:2} seeds  {spec['purpose']}")
            return 0
        command = f"python -m bptt.experiments run {arguments.name} --device {arguments.device} --jobs {arguments.jobs}"
        command += "" if arguments.seeds is None else f" --seeds {arguments.seeds}"
        command += "" if arguments.into is None else f" --into {arguments.into}"
        how = (arguments.device, arguments.seeds, arguments.jobs)
        run(arguments.name, arguments.data, *how, progress=True, command=command, into=arguments.into)
    except KeyboardInterrupt:
        print("stopped: finished variants are kept, and the same command goes on from there", file=sys.stderr)
        return 130
    except (RecordError, ValueError, TypeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
