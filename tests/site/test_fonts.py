"""The site's own faces: every character has one, a late one moves nothing, and their licences travel with them."""

import re
import time
import unicodedata
from base64 import b64decode
from functools import cache
from html import unescape
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from visits import NARROW, PAGES, SITE, WIDE, address, markup

FONTS = SITE / "_static" / "fonts"
FACE = re.compile(r'@font-face \{ font-family: "([^"]+)"; (.*?) \}')
# Those with the most formulas, the longest sources, and the only links.
LOOKED_AT = ["chapters/index", "chapters/2-vanishing-exploding/4-conditions", "chapters/4-lstm-bptt/1-joint-jacobian"]
LOOKED_AT += ["chapters/notation", "chapters/api/cells", "genindex"]


@cache
def families():
    """The characters of every family that the site ships."""
    found = {}
    for family, rest in FACE.findall((FONTS / "fonts.css").read_text("utf-8")):
        if source := re.search(r"url\((?:data:font/woff2;base64,)?([^)]+)\)", rest):
            inside = source[1].endswith(".woff2")
            font = TTFont(FONTS / source[1] if inside else BytesIO(b64decode(source[1])))
            found.setdefault(family, set()).update(font.getBestCmap())
    return found


def characters(kind):
    return families()[f"Course {kind}"] | families()[f"Course {kind} Symbols"]


def said(text):
    """What a reader sees of a page: no formulas, which have faces of KaTeX."""
    text = re.sub(r"<(head|script|style|svg)\b.*?</\1>", " ", text, flags=re.DOTALL)
    text = re.sub(r'<math.*?</math>|<span class="katex-html".*?(?=<(?!/?span))', " ", text, flags=re.DOTALL)
    code = " ".join(re.findall(r"<(?:pre|code)\b.*?</(?:pre|code)>", text, re.DOTALL))
    return tuple({*map(ord, unescape(re.sub(r"<[^>]*>", "", part)))} for part in (text, code))


@pytest.mark.parametrize("name", PAGES)
def test_every_character_of_a_page_has_a_face_of_the_site(site, name):
    text, code = said(markup(name))
    spaces = set(map(ord, "\n\t\u200b"))
    text = {code for code in text if not unicodedata.name(chr(code), "").startswith("CJK")}  # in the titles of sources
    lacking = {kind: text - characters(kind) - spaces for kind in ("Serif", "Sans")}
    lacking["Code"] = code - characters("Code") - spaces
    assert {kind: "".join(map(chr, sorted(codes))) for kind, codes in lacking.items() if codes} == {}


def test_every_character_of_the_explorables_has_a_face_of_the_site(site):
    script = (SITE / "_static" / "explore" / "explore.js").read_text("utf-8")
    assert {*map(ord, script)} - characters("Sans") - {ord("\n")} == set()


def test_raised_digits_come_from_one_face(site):
    raised = set(map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))
    for kind in ("Serif", "Sans", "Code"):
        assert not families()[f"Course {kind}"] & raised
        assert raised <= families()[f"Course {kind} Symbols"]


def test_every_face_travels_with_its_licence_and_without_a_reserved_name(site):
    licences = [path.read_text("utf-8") for path in FONTS.glob("LICENSE-*.txt")]
    assert len(licences) == 6
    assert all("SIL OPEN FONT LICENSE" in text.upper() or "Bitstream Vera" in text for text in licences)
    for path in FONTS.glob("*.woff2"):
        names = {record.nameID: str(record) for record in TTFont(path)["name"].names}
        assert names[1].startswith("Course"), path.name
        assert not any("Source" in names.get(k, "") for k in (1, 3, 4, 6)), path.name
        assert "Adobe" in names[0], path.name  # its makers


def test_the_fonts_are_small(site):
    early = ["serif-latin-normal", "serif-latin-italic", "sans-latin-normal", "mono-latin-normal"]
    assert sum((FONTS / f"{name}.woff2").stat().st_size for name in early) < 120_000


SHIFTS = """new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((shift) => (sum += shift.value))).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => document.fonts.ready.then(() => setTimeout(() => done(sum), 300)), 300);
})"""


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_font_that_comes_late_moves_nothing(browser, name, viewport):
    page = browser.new_context(viewport=viewport).new_page()
    late = []

    def delay(route):
        time.sleep(0.3 if not late else 0)
        late.append(route.request.url)
        route.continue_()

    page.route("**/*.woff2", delay)
    page.goto(address(name))
    moved = page.evaluate(SHIFTS)
    page.context.close()
    assert late
    assert moved == 0
