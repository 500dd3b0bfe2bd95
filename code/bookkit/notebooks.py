"""Run pages again, in place: ``python -m bookkit.notebooks [page …]``.

Our own, because ``nbconvert --execute --inplace`` leaves times, and half of a page that fails.  A page is a notebook
with its outputs, and the outputs are part of what is checked.  So what is stored must depend on the page and on nothing
else: no times, no version of Python, no state of a reader's editor.  A page that fails is left as it was.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from bookkit import pages

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# Written by editors and kernels; different on every machine or at every run.
VOLATILE = ("execution", "ExecuteTime", "collapsed", "scrolled")
PAGE_SECONDS = 600  # nobody waits longer for one cell


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Keep of the metadata only what the page itself means, and every cell's id."""
    notebook.metadata.kernelspec = KERNEL.copy()
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        for name in VOLATILE:
            cell.metadata.pop(name, None)
    return notebook


def execute(path: Path) -> None:
    """Run a page from top to bottom in a fresh kernel and store its outputs.

    Raises
    ------
    CellExecutionError
        If a cell fails.  The file is then as it was.
    """
    store(executed(path), path)


def executed(path: Path) -> nbformat.NotebookNode:
    """Return a page with the outputs of a fresh run; the file stays as it is."""
    notebook = tidy(nbformat.read(path, as_version=4))
    NotebookClient(
        notebook,
        timeout=PAGE_SECONDS,
        kernel_name=KERNEL["name"],
        record_timing=False,
        coalesce_streams=True,  # one text, in however many pieces it was sent
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    return tidy(notebook)


def store(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Replace the file in one step, so that an interruption leaves the old one or the new one."""
    draft = path.with_suffix(".draft")
    draft.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    draft.replace(path)


def main(arguments: list[str]) -> None:
    """Run the named pages, or every notebook of the table of contents."""
    listed = [path for path in pages.sources(Path.cwd()) if path.suffix == ".ipynb"]
    chosen = [Path(name).resolve() for name in arguments] or listed
    failed = [path.name for number, path in enumerate(chosen, 1) if not _report(path, number, chosen)]
    if failed:
        sys.exit(f"\nNot run to the end, and left as before: {', '.join(failed)}.")


def _report(path: Path, number: int, chosen: list[Path]) -> bool:
    """Run one page, say so in one line, and tell whether it succeeded."""
    start = time.perf_counter()
    print(f"{number}/{len(chosen)} {path.name} … ", end="", flush=True)
    try:
        execute(path)
    except CellExecutionError as error:
        print(f"failed\n{error}")
        return False
    print(f"{time.perf_counter() - start:.0f} s")
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
