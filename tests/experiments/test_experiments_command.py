"""The command: it lists, and answers every mistake with one sentence."""

import subprocess
import sys

from bptt.experiments import __main__ as command


def test_the_command_lists_and_answers_mistakes(folder, capsys):
    assert command.main(["--data", str(folder), "list"]) == 0
    assert "tiny                    2 variants ×  2 seeds  A test" in capsys.readouterr().out
    assert command.main(["--data", str(folder), "run", "huge"]) == 1
    assert capsys.readouterr().err == "name is 'huge', but needs one of tiny, broken\n"
    assert command.main(["--data", str(folder / "none"), "list"]) == 1
    assert capsys.readouterr().err.startswith("there is no ")


def test_the_module_runs_as_a_command(folder):
    command = [sys.executable, "-m", "bptt.experiments", "--data", str(folder), "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "broken" in done.stdout
