"""What the tests of the site share: where it is, how wide a window is, and what goes wrong while a page is open."""

import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError

from bookkit import pages

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PAGES = [*pages.names(ROOT), "genindex", "search"]


@cache
def markup(name):
    return (SITE / f"{name}.html").read_text("utf-8")


def address(name):
    return (SITE / f"{name}.html").as_uri()


def listen(page, aloud=("error",)):
    """Gather in `page.heard` what goes wrong: requests abroad or in vain, exceptions, what the console says aloud."""
    page.heard = []
    page.on("request", lambda it: is_foreign(it.url) and page.heard.append(f"asks for {it.url}"))
    page.on("requestfailed", lambda it: page.heard.append(f"does not get {it.url}"))
    page.on("pageerror", lambda it: page.heard.append(f"throws {it}"))
    page.on("console", lambda it: it.type in aloud and page.heard.append(f"logs {it.text}"))


def is_foreign(url):
    return not url.startswith((SITE.as_uri(), "data:", "blob:"))


def picture(page, name):
    """Leave a picture of the page in `_build/screenshots`, and say where."""
    path = ROOT / "_build" / "screenshots" / (re.sub(r"[^\w.-]+", "-", name) + ".png")
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True)
    return path


# axe-core reads every element, whatever it is told to leave out. Without the boxes inside of formulas, which are read
# from their MathML, and without the words of code, which are plain text, it is done in a tenth of the time.
EMPTY_FORMULAS = """() => {
    const rooms = [...document.querySelectorAll(".katex-display .katex-html")]
        .map((box) => [box, box.getBoundingClientRect()]);
    for (const [box, { width, height }] of rooms)
        box.style.cssText = `display: block; width: ${width}px; height: ${height}px`;
    for (const box of document.querySelectorAll(".katex-html")) box.replaceChildren();
}"""
FLATTEN_CODE = """() => {
    for (const code of document.querySelectorAll(".highlight pre, .sig > :not(a)")) code.textContent = code.textContent;
}"""


# The theme waits a moment before it gives boxes that now scroll a tab stop; what never gets one, axe names.
HAVE_TAB_STOPS = """() => [...document.querySelectorAll("pre, .formula, .pst-scrollable-table-container, .cell_output > .output")]
    .every((box) => box.scrollWidth <= box.clientWidth || box.tabIndex === 0)"""


def wait_for_tab_stops(page):
    with suppress(TimeoutError):
        page.wait_for_function(HAVE_TAB_STOPS, timeout=20_000)


def violations(page, within="html", styles=None):
    """What axe-core objects to, of whatever level, in a part of the page.

    Contrast is judged in both themes, of the elements `styles` or of all; what can scroll, as on a telephone.
    """
    part = {"include": [[within]], "exclude": [[".katex-html"]]}
    some = {"include": [[styles or within]], "exclude": [[".katex-html"]]}
    contrast = {"runOnly": ["color-contrast"]}
    rest = {"rules": {"color-contrast": {"enabled": False}}, "resultTypes": ["violations"]}
    page.evaluate(EMPTY_FORMULAS)
    looks = []
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        looks.append(Axe().run(page, some, contrast))
    page.evaluate(FLATTEN_CODE)
    looks.append(Axe().run(page, part, rest))
    page.set_viewport_size(NARROW)
    wait_for_tab_stops(page)
    looks.append(Axe().run(page, part, {"runOnly": ["scrollable-region-focusable"]}))
    return [
        f"{found['id']}: {found['help']}\n    {node['html'][:160]}\n    {node['failureSummary']}"
        for look in looks
        for found in look.response["violations"]
        for node in found["nodes"][:3]
    ]
