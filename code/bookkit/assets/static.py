"""The folder of files that a build generates and the site serves from ``_static``."""

from pathlib import Path

from sphinx.application import Sphinx


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
