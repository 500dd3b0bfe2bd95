"""The reader's own Chromium, started so that it talks to nobody."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
# Where macOS and Windows keep what is not on the PATH.
PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)


def find() -> str:
    """Return the program that the variable CHROMIUM names, or else the first Chromium there is.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    wanted = os.environ.get("CHROMIUM")
    found = next(filter(None, map(shutil.which, [wanted] if wanted else [*NAMES, *PLACES])), None)
    if found is None:
        where = f"at {wanted}, which CHROMIUM names" if wanted else "on the PATH; Debian's package is chromium"
        raise FileNotFoundError(f"There is no Chromium {where}.")
    return found


def start(playwright: Playwright, **environment: str) -> Browser:
    """Start that Chromium, without a window.

    Parameters
    ----------
    playwright : playwright.sync_api.Playwright
        What drives it.
    **environment : str
        Variables that it shall find set, beside those that are.
    """
    return playwright.chromium.launch(executable_path=find(), args=list(QUIET), env=os.environ | environment)
