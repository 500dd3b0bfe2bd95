"""The files that the site serves from ``_static``: a folder for those that a build makes, and news of all of them."""

import filecmp
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def folder(app: Sphinx) -> Path:
    """Return the folder whose content this build copies into the site's ``_static``.

    It lies beside the doctrees, inside the build folder: git ignores it, and cleaning removes it.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The build.

    Returns
    -------
    pathlib.Path
        An existing folder, listed in ``html_static_path``.
    """
    path = Path(app.doctreedir).with_name(".assets")
    path.mkdir(parents=True, exist_ok=True)
    if str(path) not in app.config.html_static_path:
        app.config.html_static_path.append(str(path))
    return path


def write(path: Path, text: str) -> None:
    """Write a text file only if that changes it, so that an unchanged build stays unchanged.

    Parameters
    ----------
    path : pathlib.Path
        Where to write.
    text : str
        What the file shall contain.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def is_copied(source: Path, target: Path) -> bool:
    """Tell whether every file of a folder lies in another, as it is; templates, which change on their way, aside."""
    files = [path for path in source.rglob("[!.]*") if path.is_file() and not path.name.endswith("_t")]
    copies = [target / path.relative_to(source) for path in files]
    return all(copy.exists() and filecmp.cmp(file, copy) for file, copy in zip(files, copies, strict=True))


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """Have one page read again when a static file has changed: Sphinx copies none where it writes no page."""
    folders = [Path(app.srcdir, path) for path in app.config.html_static_path]
    is_stale = not all(is_copied(path, Path(app.outdir) / "_static") for path in folders)
    return [app.config.root_doc] if is_stale and app.config.root_doc in env.found_docs else []


def setup(app: Sphinx) -> None:
    """Connect to the search for outdated pages."""
    app.connect("env-get-outdated", outdated)
