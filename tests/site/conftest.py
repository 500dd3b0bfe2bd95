"""The built site and a browser, for the tests that look at it."""

import os
import shutil
from pathlib import Path

import matplotlib
import pytest
from playwright.sync_api import sync_playwright
from visits import ROOT, SITE

from bookkit import pages
from bookkit.browser import start


def skip_or_fail(reason):
    """Without browser or site there is nothing to test here; under CI that is a failure."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def site():
    if lacking := pages.missing(ROOT, SITE):
        skip_or_fail(f"The site lacks {', '.join(lacking)}; make book builds it.")
    return SITE


FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{fonts}/cache</cachedir></fontconfig>
"""


@pytest.fixture(scope="session")
def bare_machine(tmp_path_factory):
    """Variables for a browser that finds DejaVu and no other font: what a bare Debian has, on whatever machine."""
    fonts = tmp_path_factory.mktemp("fonts")
    for path in (Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("DejaVuS*.ttf"):
        shutil.copy(path, fonts)
    (fonts / "fonts.conf").write_text(FONTCONFIG.format(fonts=fonts))
    return {"FONTCONFIG_FILE": str(fonts / "fonts.conf")}


@pytest.fixture(scope="module")
def browser(site, bare_machine):
    """A browser, for one file only: while it is there, no other can be started in this process, not even to print."""
    with sync_playwright() as playwright:
        try:
            chromium = start(playwright, **bare_machine)
        except FileNotFoundError as error:
            skip_or_fail(str(error))
        yield chromium
        chromium.close()
