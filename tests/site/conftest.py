"""The built site and a browser, for the tests that look at it."""

import os

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


@pytest.fixture(scope="module")
def browser(site):
    """A browser, for one file only: while it is there, no other can be started in this process, not even to print."""
    with sync_playwright() as playwright:
        try:
            chromium = start(playwright)
        except FileNotFoundError as error:
            skip_or_fail(str(error))
        yield chromium
        chromium.close()
