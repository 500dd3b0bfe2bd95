"""The pages of the book, and whether the site has them all.

The table of contents is read with Jupyter Book's own reader, so both mean the same by a page.
"""

import sys
from pathlib import Path

from sphinx_external_toc.parsing import parse_toc_yaml

SUFFIXES = (".ipynb", ".md")


def names(root: Path) -> list[str]:
    """Return the name of every page, in reading order.

    Parameters
    ----------
    root : Path
        Folder that holds ``_toc.yml``.

    Returns
    -------
    list of str
        Paths below `root` without a suffix, as Sphinx names a document: ``chapters/index``.
    """
    return list(parse_toc_yaml(root / "_toc.yml"))


def sources(root: Path) -> list[Path]:
    """Return the file of every page, in reading order.

    Raises
    ------
    FileNotFoundError
        If a page of the table of contents is neither a notebook nor a Markdown file.
    """
    return [_source(root, name) for name in names(root)]


def _source(root: Path, name: str) -> Path:
    for suffix in SUFFIXES:
        if (path := root / f"{name}{suffix}").exists():
            return path
    raise FileNotFoundError(f"_toc.yml lists {name}, but there is neither {name}.ipynb nor {name}.md")


def missing(root: Path, html: Path) -> list[str]:
    """Return what the site in `html` lacks: the index, or a page of the table of contents.

    Jupyter Book's exit status does not say so: version 2 builds nothing from this repository and
    exits 0.  An empty file counts as missing.
    """
    wanted = ["index.html", *(f"{name}.html" for name in names(root))]
    return [name for name in wanted if not _is_filled(html / name)]


def _is_filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def main() -> None:
    """Check the site that ``jupyter-book build .`` left in ``_build/html``."""
    root = Path.cwd()
    if lacking := missing(root, root / "_build/html"):
        sys.exit(f"The site lacks {', '.join(lacking)}.")


if __name__ == "__main__":
    main()
