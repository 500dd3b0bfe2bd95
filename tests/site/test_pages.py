"""The site as a reader meets it: every page in a real browser, straight from the folder.

The pages are opened as files, as from a USB stick, so that anything a page needs from elsewhere is
seen to be missing.  `make book` builds the site; a page that fails leaves a screenshot in
`_build/screenshots`.
"""

import io
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from urllib.parse import quote, unquote, urlsplit

import pytest
from PIL import Image
from visits import NARROW, PAGES, ROOT, SITE, WIDE, address, listen, markup, picture, violations

every_page = pytest.mark.parametrize("name", PAGES)


@pytest.fixture
def open_page(browser):
    """Return a function that opens a page of the site; `.heard` is what went wrong meanwhile."""
    contexts = []

    def open_page(name, theme="light", viewport=WIDE, javascript=True, rest="", block=None):
        context = browser.new_context(
            viewport=viewport,
            color_scheme=theme,
            java_script_enabled=javascript,
            reduced_motion="reduce",  # a colour half way through its change has no contrast to speak of
        )
        context.set_default_timeout(120_000)  # a busy machine is slow, and that is no fault of the page
        contexts.append(context)
        page = context.new_page()
        listen(page)
        if block:
            page.route(block, lambda route: route.abort())
        page.goto(address(name) + rest)
        return page

    yield open_page
    for context in contexts:
        context.close()


def expect_none(problems, page, name):
    """Fail with the problems, and leave a picture of the page."""
    if problems:
        pytest.fail("\n".join([f"{name}, see {picture(page, name)}:", *problems]))


# ── in the browser ───────────────────────────────────────────────────────────────────────────────


# Contrast is a matter of styles, and slow to judge: each combination of styles is looked at once.
MARK_STYLES = """() => {
    const seen = new Set();
    for (const leaf of document.querySelectorAll("body *")) {
        if (leaf.childElementCount || !leaf.textContent.trim() || leaf.closest(".katex-html")) continue;
        const above = [leaf, leaf.parentElement, leaf.parentElement.parentElement];
        const style = above.map((element) => `${element.tagName}.${element.className}`).join();
        if (!seen.has(style)) leaf.dataset.style = seen.add(style).size;
    }
}"""


# Without the site's own faces, in those of the machine, which the fixture `browser` limits to DejaVu.
BARE = """() => {
    for (const [name, value] of [["--serif", "serif"], ["--sans", "sans-serif"], ["--mono", "monospace"]])
        document.documentElement.style.setProperty(name, value);
}"""
OWN = "for (const name of ['--serif', '--sans', '--mono']) document.documentElement.style.removeProperty(name)"


def too_wide(page, fonts):
    """What makes a page wider than the window, in a sentence."""
    width = page.evaluate("document.documentElement.scrollWidth")
    return [f"is {width} pixels wide at {NARROW['width']}, in {fonts}"] if width > NARROW["width"] else []


# A formula whose last part and the full stop after it stand on two lines.
TORN = """() => [...document.querySelectorAll(".together")].filter((group) => {
    const last = [...group.querySelectorAll(".base")].at(-1), stop = group.lastChild;
    if (stop.nodeType !== Node.TEXT_NODE || !last) return false;
    const range = document.createRange();
    range.selectNode(stop);
    return last.getBoundingClientRect().height && range.getBoundingClientRect().top > last.getBoundingClientRect().bottom;
}).map((group) => `tears its full stop from ${group.querySelector("annotation").textContent}`)"""


@every_page
def test_a_page_is_quiet_and_accessible_and_fits_a_telephone(open_page, name):
    page = open_page(name, viewport=NARROW)
    wide = too_wide(page, "its own faces") + page.evaluate(TORN)
    page.evaluate(BARE)
    wide += too_wide(page, "DejaVu alone")
    page.evaluate(OWN)
    page.set_viewport_size(WIDE)
    page.evaluate(MARK_STYLES)
    expect_none([*page.heard, *wide, *violations(page, styles="[data-style]")], page, name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_is_known_before_anything_is_drawn(open_page, theme):
    page = open_page("chapters/notation", theme, block="**/pydata-sphinx-theme.js")
    assert page.evaluate("document.documentElement.dataset.theme") == theme


def test_figures_melt_into_the_dark_page(open_page):
    plain = (name for name in PAGES if "explorable" not in article(name))  # its script would take the figure's place
    name = next(name for name in plain if "cell_output" in markup(name) and "<img" in article(name))
    page = open_page(name, "dark")
    figure = Image.open(io.BytesIO(page.locator(".cell_output img").first.screenshot()))
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(18, 18, 18)"
    assert figure.convert("RGB").getpixel((2, 2)) == (18, 18, 18)


def test_a_link_into_a_folded_solution_opens_it(open_page):
    name = next(name for name in PAGES if '<details class="solution' in article(name))
    page = open_page(name)
    anchor = page.locator("details.solution .cell[id]").first.get_attribute("id")
    page = open_page(name, rest=f"#{anchor}")
    assert page.locator(f"#{anchor}").is_visible()


def test_a_fold_opens_with_the_keyboard(open_page):
    page = open_page(next(name for name in PAGES if "<details" in article(name)))
    fold = page.locator("article details").first
    fold.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None


def test_a_page_reads_without_a_script(open_page):
    name = next(name for name in PAGES if "katex-display" in article(name))
    page = open_page(name, javascript=False)
    assert page.locator(".katex-display").first.is_visible()
    assert page.locator("nav.bd-links a").first.is_visible()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("forget bias", "chapters/3-lstm/3-time-scales"),
        ("spectral radius", "chapters/2-vanishing-exploding/4-conditions"),
        ("sigma_max", "chapters/notation"),
        ("W_h", "chapters/notation"),
        ("ρ", "chapters/2-vanishing-exploding/4-conditions"),
    ],
)
def test_search_finds_words_and_symbols_from_a_folder(open_page, words, name):
    page = open_page("search", rest=f"?q={quote(words)}")
    page.wait_for_selector(f'#search-results li a[href*="{name}.html"]')  # results come one after the other
    expect_none(page.heard, page, "search")


def test_a_page_read_to_its_end_gets_a_mark_that_stays(open_page):
    first, second = PAGES[2:4]
    page = open_page(first)
    assert page.locator(".bd-links .read").count() == 0
    page.locator(".prev-next-footer").scroll_into_view_if_needed()
    page.wait_for_selector(".bd-links .read")
    page.goto(address(second))
    page.wait_for_selector(".bd-links .read")
    marked = page.locator(".bd-links a:has(.read)")
    assert [link.split("/")[-1] for link in marked.evaluate_all("links => links.map((link) => link.pathname)")] == [
        f"{first}.html".split("/")[-1]
    ]
    expect_none(page.heard, page, "read")


# ── in the files ─────────────────────────────────────────────────────────────────────────────────


class Reader(HTMLParser):
    """The anchors of a page, what it links to, and what it loads."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads = Counter(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids[attributes["id"]] += 1
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        elif tag in {"link", "script", "img"}:
            self.loads += filter(None, [attributes.get("href"), attributes.get("src")])


@cache
def read(name):
    return Reader(markup(name))


def article(name):
    return re.search(r"<article.*?</article>|$", markup(name), re.DOTALL)[0]


def target(name, link):
    """The file and the anchor that a link on a page leads to; None for one to another host."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    path = SITE / f"{name}.html"
    return (path.parent / unquote(parts.path)).resolve() if parts.path else path, unquote(parts.fragment)


@every_page
def test_every_link_and_anchor_leads_somewhere(site, name):
    broken = []
    for link in read(name).links:
        if (found := target(name, link)) is None:
            continue
        path, anchor = found
        if not path.is_file():
            broken.append(link)
        elif anchor and path.suffix == ".html":
            page = path.relative_to(SITE).with_suffix("").as_posix()
            broken += [] if anchor in read(page).ids else [link]
    assert broken == []


@every_page
def test_everything_a_page_loads_is_in_the_site(site, name):
    assert [load for load in read(name).loads if not (it := target(name, load)) or not it[0].is_file()] == []


@every_page
def test_no_two_elements_share_an_anchor(site, name):
    ids = read(name).ids - Counter(["search-input"])  # the theme's, on its search page
    assert [anchor for anchor, times in ids.items() if times > 1] == []


@every_page
def test_formulas_are_rendered(site, name):
    assert "katex-error" not in article(name)
    said = re.sub(r"<(pre|code|annotation|script)\b.*?</\1>|<[^>]*>", "", article(name), flags=re.DOTALL)
    assert re.findall(r".{0,40}(?:\$|\\\().{0,40}", said) == []


@every_page
def test_equations_are_numbered_in_order_under_the_number_of_the_page(site, name):
    page = re.search(r'<h1><span class="section-number">([\d.]+)', article(name))
    numbers = re.findall(r'class="eqno">\(([\d.]+)\)', article(name))
    labelled = re.findall(r'<div class="math[^"]*" id=', article(name))
    assert len(numbers) == len(labelled)
    if numbers:
        chapter = f"{page[1]}." if page else ""
        assert numbers == [f"{chapter}{k}" for k in range(1, len(numbers) + 1)]


def test_the_site_has_one_palette(site):
    """Hand-drawn files name no colour that the palette does not."""
    palette = set(re.findall("#[0-9a-f]{6}", (SITE / "_static/palette.css").read_text("utf-8")))
    for path in (path for path in (ROOT / "_static").rglob("*.*") if path.suffix != ".png"):
        assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text("utf-8"))) <= palette, path
