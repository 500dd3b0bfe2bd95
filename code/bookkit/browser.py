"""The reader's own Chromium, started so that it talks to nobody."""

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)


def start(playwright: Playwright) -> Browser:
    """Start the first Chromium on the PATH, without a window.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise FileNotFoundError("There is no Chromium on the PATH; Debian's package is chromium.")
    return playwright.chromium.launch(executable_path=found, args=list(QUIET))
