"""The launch button for Binder, made from the repository's own address.

Our own, because the theme wants one address written into ``_config.yml``, and a fork should need no edit.  Where the
address is unknown there is no button rather than a dead one.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

# git@host:owner/name.git, ssh://git@host/owner/name, https://user:secret@host/owner/name.git
REMOTE = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^/@]+@)?|[^/@]+@)(?P<host>github\.com|gitlab\.com)"
    r"[:/](?P<path>[^/]+/[^/]+?)(?:\.git)?/?"
)


def public_address(remote: str) -> str:
    """Return the web address of a repository, given any form of its git address.

    Parameters
    ----------
    remote : str
        What ``git remote get-url`` prints, or a web address.

    Returns
    -------
    str
        An https address on a host that Binder can fetch from by name, without credentials;
        empty for any other.

    Examples
    --------
    >>> public_address("git@github.com:owner/course.git")
    'https://github.com/owner/course'
    >>> public_address("/home/me/course")
    ''
    """
    match = REMOTE.fullmatch(remote.strip())
    return f"https://{match['host']}/{match['path']}" if match else ""


def address(source: Path, environment: Mapping[str, str]) -> str:
    """Return the repository's web address, or an empty string where it is unknown.

    Parameters
    ----------
    source : pathlib.Path
        A folder of the checkout.
    environment : mapping of str to str
        ``BOOK_REPOSITORY`` names the address; in CI it is put together from
        ``GITHUB_SERVER_URL`` and ``GITHUB_REPOSITORY``; else git's remote ``origin`` counts.

    Returns
    -------
    str
        As from `public_address`.
    """
    if "BOOK_REPOSITORY" in environment:
        return public_address(environment["BOOK_REPOSITORY"])
    if "GITHUB_REPOSITORY" in environment:
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        return public_address(f"{server}/{environment['GITHUB_REPOSITORY']}")
    try:
        command = ["git", "-C", str(source), "remote", "get-url", "origin"]
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:  # a checkout unpacked from an archive, on a machine without git
        return ""
    return public_address(done.stdout)


def configure(app: Sphinx, config: Config) -> None:
    """Tell the theme the repository's address, and with it the button."""
    if config.html_theme != "sphinx_book_theme":
        return
    url = address(Path(app.srcdir), os.environ)
    config.html_theme_options |= {
        "repository_url": url,
        "repository_branch": "HEAD",  # whatever branch the repository calls its own
        "use_repository_button": bool(url),
        "launch_buttons": {"binderhub_url": "https://mybinder.org", "notebook_interface": "jupyterlab"} if url else {},
    }


def setup(app: Sphinx) -> None:
    """Connect to the reading of the configuration."""
    app.connect("config-inited", configure)
