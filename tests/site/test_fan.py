"""The fan of the first page in a real browser: a guess, the run, and then what the reader changes."""

import re

import numpy as np
import pytest
from explorables import node
from visits import NARROW, WIDE, address, listen, picture, violations

from bptt.figures import explore_fan

PAGE = "chapters/index"


@pytest.fixture
def visit(browser, request):
    """Return a function that opens the first page; a test that fails leaves a picture of it."""
    contexts, pages, failed = [], [], request.session.testsfailed

    def visit(fragment="#fan", viewport=WIDE, motion="reduce", **context):
        contexts.append(browser.new_context(viewport=viewport, reduced_motion=motion, **context))
        pages.append(contexts[-1].new_page())
        page = pages[-1]
        page.set_default_timeout(60_000)
        listen(page, aloud=("error", "warning"))
        page.asked = []
        page.on("request", lambda it: page.asked.append(it.url))
        page.goto(address(PAGE) + fragment)
        page.locator("#fan").scroll_into_view_if_needed()
        page.wait_for_selector("#fan.live")
        return page

    yield visit
    if request.session.testsfailed > failed and pages:
        picture(pages[-1], request.node.name)
    for context in contexts:
        context.close()


def at(page, stage):
    page.wait_for_selector(f"#fan .charts[data-at={stage}]")


def said(page):
    """The sentence below, once all has come to rest."""
    at(page, "done")
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.wait_for_selector("#fan.resting", state="attached")
    return page.locator("#fan .reading").inner_text()


def guess(page, number):
    page.get_by_label(re.compile("^Your guess")).fill(str(number))
    page.get_by_role("button", name="Let the gradients run").click()


def test_the_count_stands_beside_the_guess(visit):
    page = visit()
    assert page.locator("#fan .lines path").count() >= 0
    guess(page, 40)
    assert "1 keeps its gradient within a factor of ten; 38 fade and 61 blow up" in said(page)
    assert page.locator("#fan .count").inner_text() == "1 of 100 within a factor of ten at step 0. You guessed 40."
    labels = page.locator("#fan text.label").all_text_contents()
    assert [text for text in labels if text] == ["61 blown up", "1 within a factor of ten", "38 faded"]
    assert node(["parse", "fan", page.evaluate("location.hash")])[0]["guess"] == 40
    assert page.heard == []


def test_nothing_is_told_before_the_guess(visit):
    page = visit()
    at(page, "guess")
    assert not page.locator("#fan .count").is_visible()
    assert page.get_by_label("gain of the lit line").is_disabled()
    assert page.get_by_role("radio", name="LSTM", exact=True).is_disabled()
    assert page.locator("#fan .reading").inner_text() == "Choose a number, then let the gradients run."


def test_the_lit_line_has_the_size_that_bptt_says(visit):
    page = visit("#fan&run=true")
    page.get_by_label("gain of the lit line").focus()
    for key, gain in [("Home", 0.7), ("PageUp", None), ("ArrowRight", None)]:
        page.keyboard.press(key)
        text = said(page)
        shown = float(re.search(r"has the gain ([\d.]+)", text)[1])
        assert gain in (None, shown)
        tens = explore_fan.log_sizes(shown)[0] / np.log(10)
        digits, power = re.search(r"multiplied by ([\d.]+)\xa0×\xa010([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", text).groups()
        power = int(power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")))
        assert np.log10(float(digits)) + power == pytest.approx(tens, abs=0.003)
        assert "it fades" in text


def test_the_line_that_holds_can_be_found(visit):
    assert "it holds" in said(visit("#fan&run=true&gain=1.597"))
    assert "it blows up" in said(visit("#fan&run=true&gain=3"))


@pytest.mark.parametrize(("by_touch", "viewport"), [(False, WIDE), (True, NARROW)])
def test_a_press_lights_the_nearest_line(visit, by_touch, viewport):
    page = visit("#fan&run=true", viewport=viewport, has_touch=by_touch, is_mobile=by_touch)
    said(page)
    page.locator("#fan svg").first.scroll_into_view_if_needed()
    box = page.locator("#fan clipPath rect").first
    x, y, height = (float(box.get_attribute(side)) for side in ("x", "y", "height"))
    frame = page.locator("#fan .wide > svg").bounding_box()
    place = frame["x"] + x + 3, frame["y"] + y + height * 15 / 110  # 10⁴⁰ at step 1
    page.touchscreen.tap(*place) if by_touch else page.mouse.click(*place)
    lit = re.search(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)\. So it blows up", said(page))[1]
    assert abs(int(lit.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))) - 40) <= 2


def test_a_finger_that_scrolls_past_changes_nothing(visit):
    page = visit("#fan&run=true", viewport=NARROW, has_touch=True, is_mobile=True)
    before = said(page)
    frame = page.locator("#fan .wide > svg").bounding_box()
    x, y, start = frame["x"] + 150, frame["y"] + 200, page.evaluate("scrollY")
    fingers = page.context.new_cdp_session(page)
    for kind, points in [("touchStart", [0]), *[("touchMove", [k]) for k in range(1, 9)], ("touchEnd", [])]:
        fingers.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y - 20 * k} for k in points]}
        )
    page.wait_for_function("start => scrollY > start + 60", arg=start)
    assert said(page) == before


def test_the_arrow_keys_go_through_the_networks(visit):
    page = visit("#fan&run=true")
    said(page)
    page.get_by_role("radio", name="vanilla RNN").focus()
    for name, words in [("orthogonal weights", "keeps every length"), ("LSTM", "fading takes longer")]:
        page.keyboard.press("ArrowRight")
        assert page.get_by_role("radio", name=name, exact=True).is_checked()
        page.wait_for_function(
            "words => document.querySelector('#fan .reading').textContent.includes(words)", arg=words
        )
        assert words in said(page)


def test_others_can_be_drawn(visit):
    page = visit("#fan&run=true")
    before = said(page)
    page.get_by_role("button", name="Draw 100 others").click()
    page.wait_for_function("before => document.querySelector('#fan .reading').textContent !== before", arg=before)
    said(page)
    assert node(["parse", "fan", page.evaluate("location.hash")])[0]["seed"] == 10


def test_with_motion_the_lines_run_before_they_are_counted(visit):
    page = visit(motion="no-preference")
    guess(page, 3)
    at(page, "running")
    assert not page.get_by_text("38 faded").is_visible()
    assert "1 keeps its gradient" in said(page)


def test_its_figure_is_not_fetched_where_scripts_run(visit):
    page = visit("")
    page.wait_for_load_state("networkidle")
    assert not [url for url in page.asked if "_images" in url]


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_guess_picture_and_controls_are_in_one_view(visit, viewport):
    page = visit("#fan&run=true", viewport=viewport)
    said(page)
    top, bottom = (page.locator(f"#fan {part}").bounding_box() for part in (".guessing", ".reading"))
    assert bottom["y"] + bottom["height"] - top["y"] < viewport["height"] - 100
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_page_stays_where_it_is_when_the_fan_comes(browser, viewport):
    context = browser.new_context(viewport=viewport, reduced_motion="reduce")
    page = context.new_page()
    page.route("**/explore/load.js*", lambda route: route.abort())  # room is kept, and nothing comes
    page.goto(address(PAGE))
    below = "document.querySelector('#fan + .cell').getBoundingClientRect().top + scrollY"
    page.wait_for_timeout(300)
    reserved = page.evaluate(below)
    context.close()
    other = browser.new_context(viewport=viewport, reduced_motion="reduce")
    page = other.new_page()
    page.goto(address(PAGE) + "#fan&run=true")
    at(page, "done")
    page.wait_for_timeout(300)
    assert page.evaluate(below) == pytest.approx(reserved, abs=1)
    other.close()


def test_it_is_accessible(visit):
    page = visit("#fan&run=true", viewport=NARROW)
    said(page)
    assert violations(page, within="#fan") == []


def test_without_a_script_the_figure_stands_in(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(PAGE))
    assert page.locator("#fan .fallback").is_visible()
    assert page.locator("#fan + .cell .cell_output img").is_visible()
    context.close()
