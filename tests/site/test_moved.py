"""Old addresses, as a browser meets them."""

import re

import pytest
from visits import ROOT, SITE, address

from bookkit.outside import moved

TABLE = moved.table(ROOT)


@pytest.mark.parametrize("old", TABLE)
def test_what_took_over_is_there(old, site):
    for to, anchors in TABLE[old].items():
        name, wanted = (anchors, []) if to == "to" else (to, anchors)
        there = set(re.findall(r' id="([^"]+)"', (SITE / "chapters" / f"{name}.html").read_text("utf-8")))
        assert set(wanted) <= there


@pytest.mark.parametrize(
    ("anchor", "name"), [("", "4-conditions"), ("thm-norm", "4-conditions"), ("thm-jsr", "5-conditions-in-full")]
)
def test_an_old_link_leads_to_the_place(browser, anchor, name):
    page = browser.new_page()
    rest = f"#{anchor}" if anchor else ""
    page.goto(address("chapters/2-vanishing-exploding/3-conditions") + rest)
    page.wait_for_url(re.compile(f"{name}.html{rest}$"))
    page.locator("article h1").wait_for()
    page.close()


def test_an_old_link_leads_on_without_a_script(browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address("chapters/2-vanishing-exploding/5-learning"))
    page.wait_for_url(re.compile("3-learning.html$"))
    context.close()
