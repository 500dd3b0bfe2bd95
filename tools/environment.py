"""Make .venv and fill it with the tested versions; do nothing when that has been done.

`make` calls this with the reader's own Python, so it uses the standard library only.  The file
`.venv/installed` says what was installed.  From the first second to the last it says "unfinished":
an install that failed or was interrupted is never taken for done, and the next run starts afresh.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
AS_TEXT = {"encoding": "utf-8", "errors": "surrogateescape"}  # a path has any bytes, whatever the locale
PROBE_SECONDS = 5  # asked of a host that may be out of reach


def stop(sentence):
    """Leave with the cause in the last line."""
    sys.exit(f"\nNo environment: {sentence}")


def check_python():
    """Refuse a Python that the tested versions do not run on, and one without venv."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        stop(
            f"this is Python {sys.version.split()[0]}, and the course needs 3.11, 3.12 or 3.13; "
            "name one with `make PYTHON=/path/to/python3.12`."
        )
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        stop(
            "Python's venv module is missing; "
            "on Debian and Ubuntu `sudo apt-get install python3-venv` brings it."
        )


def torch_choice():
    """Return "cpu", or "plain" where the reader wants the package as the index has it."""
    asked = os.environ.get("TORCH") or "cpu"
    if asked not in ("cpu", "plain"):
        stop(f"TORCH is {asked!r}, but it must be `cpu` or `plain`.")
    return asked


def wanted():
    """Return two lines: what cannot be changed in place, and the versions, which can."""
    import tomllib  # here, because a Python too old for it must first be told so

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = [(ROOT / name).read_text("utf-8") for name in ("requirements.txt", "constraints.txt")]
    digest = hashlib.sha256(json.dumps([project, pins]).encode()).hexdigest()
    version = ".".join(map(str, sys.version_info[:2]))
    return f"Python {version}, torch {torch_choice()}, in {VENV}\n{digest}\n"


def found():
    """Return what the last run left in the stamp, or nothing."""
    return STAMP.read_text(**AS_TEXT) if STAMP.exists() else ""


def holds(statement):
    """Tell whether a statement runs without an error in the environment."""
    if not PYTHON.exists():
        return False
    return subprocess.run([PYTHON, "-c", statement], stderr=subprocess.DEVNULL).returncode == 0


def works():
    """Tell whether there is an environment of this Python, with a pip in it."""
    return holds(f"import pip, sys; assert sys.version_info[:2] == {tuple(sys.version_info[:2])}")


def make_venv():
    """Make an empty environment that says of itself that it is unfinished."""
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    STAMP.write_text("unfinished\n", **AS_TEXT)
    # The reader may have activated .venv, and then our own interpreter has just been deleted.
    outside = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([outside, "-m", "venv", VENV], check=True)


def torch_version():
    """Return the version that requirements.txt asks for."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith("torch==")).partition("==")[2]


def ask(*place):
    """Start asking pip which versions of torch there are."""
    command = [PYTHON, "-m", "pip", "index", "versions", "torch", "--retries=0", f"--timeout={PROBE_SECONDS}", *place]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **AS_TEXT)


def answer(probe, seconds=None):
    """Return the words that a probe says within a time."""
    try:
        said, _ = probe.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        probe.kill()
        said, _ = probe.communicate()
    return said.replace(",", " ").split()


def find_cpu_torch():
    """Return pip's arguments for the CPU build of torch, or none where nobody offers it.

    Two places may, and both are asked at once.  The places that pip is set up for are waited for:
    everything else comes from there.  PyTorch's own index may be out of reach, and gets five
    seconds in all.
    """
    build, index = torch_version() + "+cpu", ["--index-url", CPU_INDEX]
    start, near, far = time.monotonic(), ask(), ask(*index)
    if build in answer(near):
        far.kill()
        far.communicate()
        return [f"torch=={build}"]
    left = PROBE_SECONDS - (time.monotonic() - start)
    return [f"torch=={build}", *index] if build in answer(far, max(0, left)) else []


def pip_install(*arguments):
    """Install, or stop below pip's own words."""
    if subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *arguments], cwd=ROOT).returncode:
        stop("pip says why above; the same command can be run again.")


def install_torch():
    """Install the CPU build where the plain package would bring CUDA: on Linux."""
    there = f"import torch.version as v; assert v.__version__.startswith('{torch_version()}')"
    if sys.platform != "linux" or torch_choice() == "plain" or holds(there):
        return
    build = find_cpu_torch()
    if build:
        pip_install("--no-deps", *build)
    else:
        print("No CPU build of torch was found: taking the plain one, several GB.", flush=True)


def main():
    """Bring .venv to the tested versions."""
    check_python()
    goal, state = wanted(), found()
    if state == goal:
        return
    print("Installing the tested versions into .venv: a few minutes, about 2 GB.", flush=True)
    # An environment without a stamp is the reader's own: it is completed, not deleted.
    if not works() or (state and state.splitlines()[0] != goal.splitlines()[0]):
        make_venv()
    STAMP.write_text("unfinished\n", **AS_TEXT)
    install_torch()
    pip_install("-r", "requirements.txt", "-c", "constraints.txt")
    STAMP.write_text(goal, **AS_TEXT)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        stop("interrupted; the next run starts afresh.")
    except (OSError, subprocess.CalledProcessError) as error:
        stop(f"{error}.")
