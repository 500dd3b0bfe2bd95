"""Build the site, and never leave half of one behind.

Three ways for a failed build to look like a good one are closed here:

- Jupyter Book can exit 0 and have built nothing, so the pages are counted (`bookkit.pages`).
- Sphinx reads only what has changed: a warning that failed this build is not repeated by the next
  one.  After a failure everything that Sphinx remembers is forgotten.
- A build that was interrupted leaves pages behind.  A marker says so until the end is reached.

No page is run: the site shows the outputs that the notebooks hold, and `make test` computes them again.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from bookkit import pages

# Half of the time of a small build went into the search for garbage among the nodes of pages, of which there is none.
# jsonschema reads a grammar of web addresses when it is imported, for two seconds; the configuration holds none.
JUPYTER_BOOK = """
import gc, sys
gc.set_threshold(200_000, 50)
sys.modules["rfc3987_syntax"] = None
from jupyter_book.cli.main import main
main()"""
PROGRAM = [sys.executable, "-P", "-c", JUPYTER_BOOK]
OPTIONS = ["build", ".", "-W", "-n", "--keep-going"]  # a warning is an error; show them all
TROUBLE = re.compile(r"\b(WARNING|ERROR|CRITICAL): |\w*[Ee]rror: ")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # Sphinx paints its words even for a log file


def build(root: Path) -> Path:
    """Build the book in `root` and return the page to open.

    Raises
    ------
    RuntimeError
        If Jupyter Book reports a failure, or a page of the table of contents is missing.  The
        message ends with the causes, and there is no site.
    """
    out = root / "_build"
    marker = out / "unfinished"
    if marker.exists():
        forget(out)
    out.mkdir(exist_ok=True)
    marker.touch()
    if causes := run(root) or _lacking(root):
        causes += tracebacks(out / "html")
        forget(out)
    marker.unlink()
    if causes:
        raise RuntimeError("\n".join(["The book was not built:", *causes]))
    write_root(root)
    return out / "html" / "index.html"


ROOT_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta http-equiv="refresh" content="0; url={page}" />
<link rel="canonical" href="{page}" />
</head>
<body><p><a href="{page}">{title}</a></p></body>
</html>
"""


def write_root(root: Path) -> None:
    """Write the page at the root of the site, which leads on, with a title and a link: Jupyter Book's has neither."""
    first = f"{pages.names(root)[0]}.html"
    html = root / "_build" / "html"
    found = re.search("<title>(.*?)</title>", (html / first).read_text("utf-8"), re.DOTALL)
    title = found[1].split("&#8212;")[0].strip() if found else first
    (html / "index.html").write_text(ROOT_PAGE.format(title=title, page=first), "utf-8")


def forget(out: Path) -> None:
    """Delete the site and what Sphinx remembers of it."""
    for folder in ("html", ".doctrees"):
        shutil.rmtree(out / folder, ignore_errors=True)


def run(root: Path) -> list[str]:
    """Run Jupyter Book, show what it says, and return the causes if it failed."""
    said = []
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
    with subprocess.Popen([*PROGRAM, *OPTIONS], cwd=root, **streams) as process:
        for line in process.stdout:
            said.append(COLOUR.sub("", line).rstrip())
            print(said[-1], flush=True)
    if process.returncode == 0:
        return []
    spoken = list(dict.fromkeys(filter(None, said)))
    return list(filter(TROUBLE.search, spoken)) or spoken[-3:] or ["Jupyter Book gave no reason."]


def _lacking(root: Path) -> list[str]:
    lacking = pages.missing(root, root / "_build" / "html")
    return [f"{name} is missing, though Jupyter Book reported success." for name in lacking]


def tracebacks(html: Path) -> list[str]:
    """Return the report that Jupyter Book kept of every page that failed to run."""
    return [report.read_text(encoding="utf-8") for report in sorted(html.glob("reports/**/*.log"))]


def main() -> None:
    """Build the book of the current folder."""
    root = Path.cwd()
    try:
        index = build(root)
    except RuntimeError as error:
        sys.exit(f"\n{error}")
    print(f"\nThe book is ready, {len(pages.names(root))} pages.  Open {index}")


if __name__ == "__main__":
    main()
