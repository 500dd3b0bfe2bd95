"""The explorables in a real browser: driven by mouse, touch and keyboard, and held to bptt by what they show.

`make book` builds the site that is opened here, as files, from a folder.
"""

import gzip
import re

import numpy as np
import pytest
from explorables import SETTINGS, biases, defaults, node, presets, small_lstm, two_unit
from visits import NARROW, PAGES, ROOT, WIDE, address, listen, markup, picture, violations

from bptt.cells import rnn
from bptt.chains import jacobians
from bptt.figures import explore_numerics
from bptt.growth import spectra

PAGE = {
    "two-unit": "chapters/2-vanishing-exploding/2-products-of-jacobians",
    "cliff": "chapters/4-lstm-bptt/4-clipping",
    "gate": "chapters/3-lstm/3-time-scales",
    "paths": "chapters/4-lstm-bptt/3-vanish-and-explode",
}
CHART = {"two-unit": ".sizes > svg", "cliff": ".map > svg", "gate": ".kept > svg", "paths": ".wide > svg"}
every_explorable = pytest.mark.parametrize("name", PAGE)


@pytest.fixture
def visit(browser, request):
    """Return a function that opens the page of an explorable; a test that fails leaves a picture of it."""
    contexts, pages, failed = [], [], request.session.testsfailed

    def visit(name, fragment="", theme="light", viewport=WIDE, motion="reduce", wait=True, block=None, **context):
        contexts.append(browser.new_context(viewport=viewport, color_scheme=theme, reduced_motion=motion, **context))
        pages.append(contexts[-1].new_page())
        one = pages[-1]
        one.set_default_timeout(60_000)
        one.asked = []
        one.on("request", lambda it: one.asked.append(it.url))
        listen(one, aloud=("error", "warning"))
        if block:
            one.route(block, lambda route: route.abort())
        one.goto(address(PAGE[name]) + fragment)
        if wait:
            one.wait_for_selector(f"#{name}.live", state="attached")
        return one

    yield visit
    if request.session.testsfailed > failed and pages:
        picture(pages[-1], request.node.name)
    for context in contexts:
        context.close()


# ── what is shown, and what bptt says ────────────────────────────────────────────────────────────

SMALL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
NUMBER = re.compile(r"−?\d[\d,]*(?:\.\d+)?(?:\xa0×\xa010[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?(?:\xa0%)?")  # never over two lines


def shown(page, name):
    """The numbers of the description, when it has come to rest, and the half of the last digit of each."""
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.wait_for_selector(f"#{name}.resting", state="attached")
    values, halves = [], []
    for text in NUMBER.findall(page.locator(f"#{name} .reading").inner_text()):
        digits, _, tens = text.removesuffix("\xa0%").partition("\xa0×\xa010")
        unit = 10.0 ** int(tens.translate(SMALL) or 0) / (100 if text.endswith("%") else 1)
        values.append(float(digits.replace("−", "-").replace(",", "")) * unit)
        halves.append(0.5 * unit / 10 ** len(digits.partition(".")[2]))
    return np.array(values), np.array(halves)


def state(page, name):
    """The setting in the address bar."""
    return node(["parse", name, page.evaluate("location.hash")])[0]


def of_two_units(s):
    ours, _ = two_unit(s)
    W, a = ours["W"], explore_numerics.ACTIVATIONS[ours["activation"]]
    found = explore_numerics.ellipses(W, ours["activation"], ours["drive"], ours["strength"])
    sizes, top = np.exp(found.log_norms), int(found.log_norms.argmax())
    params = rnn.Params(np.eye(2), W, np.zeros(2))
    xi = ours["strength"] * explore_numerics.noise(4711, 120).reshape(60, 1, 2)
    led = ours["drive"] != "noise"
    trace = (
        explore_numerics._led(params, a, ours["drive"], ours["strength"], 60)
        if led
        else rnn.forward(params, xi, activation=a)
    )
    J = jacobians.rnn_steps(params, trace)
    rates = [a.gamma * spectra.spectral_radius(W), a.gamma * spectra.sigma_max(W)]
    return [
        s["step"],
        sizes[s["step"]],
        60,
        sizes[60],
        sizes[top],
        top,
        *rates,
        spectra.sigma_max(J).min(),
        spectra.spectral_radius(J).max(),
    ]


def of_walks(s):
    free = explore_numerics.walk(s["w"], s["b"], s["rate"], steps=s["steps"])
    held = explore_numerics.walk(s["w"], s["b"], s["rate"], s["max_norm"], s["steps"])
    jumps, longest = (np.hypot(np.diff(path.w), np.diff(path.b)) for path in (free, held))
    thrown = []
    if (jumps > 1).any():
        k = int(np.argmax(jumps > 1))
        thrown = [k + 1, jumps[k], free.w[k + 1], free.b[k + 1]]
    apart = (free.w != held.w).any() or (free.b != held.b).any()
    ends = [value for path in ((free, held) if apart else (free,)) for value in (path.loss[-1], path.w[-1], path.b[-1])]
    return [*thrown, s["steps"], *ends, longest.max(initial=0)]


def of_a_gate(s):
    (b_f, b_i), lag = biases(s), s["lag"]
    found = explore_numerics.gate(b_f, b_i, lag)
    f, level = found.kept[1], found.filled[1] / (1 - found.kept[1])  # the sum of all powers of f
    units = [explore_numerics.gate(b, 0.0, 1).kept[1] for b in explore_numerics.chrono_biases(lag)]
    chrono = [lag, np.mean(np.array(units) ** lag)] if s["chrono"] else []
    return [f, np.log(0.5) / np.log(f), -1 / np.log(f), lag, found.kept[lag], 1, level, *chrono]


def of_routes(s):
    found, d = explore_numerics.paths(*small_lstm(s)[0]), s["distance"]
    sizes = [np.exp(curve[d]) for curve in (found.whole, found.article, found.forget)]
    apart = (found.whole[-1] - found.forget[-1]) / np.log(10)
    return [d, *sizes, 60, np.exp(found.whole[-1]), *([apart] if apart >= 0.05 else [])]


SAYS = {"two-unit": of_two_units, "cliff": of_walks, "gate": of_a_gate, "paths": of_routes}


def holds(page, name, **setting):
    """What the page says of a setting is what bptt says of it."""
    got, halves = shown(page, name)
    found = state(page, name)
    for key, value in setting.items():
        assert found[key] == pytest.approx(value), key
    expected = np.array(SAYS[name](found), dtype=float)
    assert len(got) == len(expected)
    assert (np.abs(got - expected) <= 1.001 * halves).all(), f"shown: {got}, by bptt: {expected}, at {found}"
    assert page.heard == []


# ── driven ───────────────────────────────────────────────────────────────────────────────────────


@every_explorable
def test_every_preset_says_what_bptt_says(visit, name):
    page = visit(name, f"#{name}")
    for title, preset in zip(SETTINGS[name]["presets"], presets(name), strict=True):
        button = page.get_by_role("button", name=title, exact=True)
        button.click()
        holds(page, name, **{key: value for key, value in preset.items() if not isinstance(value, list)})
        assert button.get_attribute("aria-pressed") == "true"


KEYS = {
    "two-unit": [
        ("step m", ["End"], {"step": 60}),
        ("input strength s", ["ArrowRight"] * 3, {"strength": 0.3}),
        ("W22", ["ArrowLeft", "ArrowLeft"], {"W": [0.9, 2, 0, 0.7]}),
        ("spectral radius ρ", ["Home"], {"W": [0, 2.29, 0, 0]}),
    ],
    "cliff": [
        ("steps k", ["Home", "ArrowRight", "ArrowRight"], {"steps": 2}),
        ("maximal norm c", ["ArrowRight"], {"max_norm": 2}),
    ],
    "gate": [("forget bias bf", ["ArrowRight"] * 5, {"forget_bias": 1.5}), ("lag k", ["ArrowLeft"], {"lag": 80})],
    "paths": [("weight scale g", ["End"], {"gain": 8}), ("distance n − k", ["ArrowDown"], {"distance": 39})],
}


@every_explorable
def test_the_keyboard_moves_sliders(visit, name):
    page = visit(name, f"#{name}")
    for label, keys, setting in KEYS[name]:
        page.get_by_label(label, exact=True).focus()
        for key in keys:
            page.keyboard.press(key)
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        holds(page, name, **setting)


def test_the_keyboard_reaches_switches_and_choices(visit):
    page = visit("two-unit", "#two-unit")
    page.get_by_label("activation").select_option("sigmoid")
    page.get_by_label("inputs", exact=True).select_option("turns")
    holds(page, "two-unit", activation="sigmoid", drive="turns")
    page = visit("gate", "#gate")
    page.get_by_label("tie the input gate").focus()
    page.keyboard.press("Space")
    holds(page, "gate", companion=True)
    assert page.get_by_label("input-gate bias").is_disabled()
    assert page.locator("#gate-input_bias + output").inner_text() == "−1"


# How far along the sides of its chart something is pressed, and where it ends.
PRESSED = {
    "two-unit": ((0.5, 0.5), lambda s: s["step"] == pytest.approx(30, abs=1)),
    "cliff": ((0.5, 0.3), lambda s: (s["w"], s["b"]) == pytest.approx((5.2, -2.42), abs=0.03)),
    "gate": ((0.75, 0.8), lambda s: s["lag"] == 1000),
    "paths": ((0.25, 0.5), lambda s: s["distance"] == pytest.approx(15, abs=1)),
}


def place(page, name, along, down):
    """A point of the chart in the window's pixels."""
    page.locator(f"#{name} {CHART[name]}").scroll_into_view_if_needed()
    box = page.locator(f"#{name} {CHART[name]} clipPath rect").first
    x, y, width, height = (float(box.get_attribute(side)) for side in ("x", "y", "width", "height"))
    frame = page.locator(f"#{name} {CHART[name]}").bounding_box()
    return frame["x"] + x + along * width, frame["y"] + y + down * height


@every_explorable
def test_the_mouse_drags_in_a_chart(visit, name):
    page = visit(name, f"#{name}")
    (along, down), wanted = PRESSED[name]
    page.mouse.move(*place(page, name, 0.4, 0.7))
    page.mouse.down()
    page.mouse.move(*place(page, name, along, down), steps=4)
    page.mouse.up()
    page.mouse.move(*place(page, name, 0.9, 0.9))
    holds(page, name)
    assert wanted(state(page, name))


@every_explorable
def test_a_finger_taps_in_a_chart(visit, name):
    page = visit(name, f"#{name}", viewport=NARROW, has_touch=True, is_mobile=True)
    (along, down), wanted = PRESSED[name]
    page.touchscreen.tap(*place(page, name, along, down))
    holds(page, name)
    assert wanted(state(page, name))


def touch(page, way):
    """Put a finger down at the first point, move it along the others, and lift it."""
    fingers = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(way) - 1), "touchEnd"]
    for kind, points in zip(kinds, [*([point] for point in way), []], strict=True):
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})


@every_explorable
def test_a_finger_that_scrolls_past_a_chart_changes_nothing(visit, name):
    page = visit(name, f"#{name}", viewport=NARROW, has_touch=True, is_mobile=True)
    x, y = place(page, name, 0.3, 0.9)
    before, start = state(page, name), page.evaluate("scrollY")
    touch(page, [(x, y - 20 * k) for k in range(9)])
    page.wait_for_function("start => scrollY > start + 60", arg=start)
    shown(page, name)
    assert state(page, name) == before
    assert page.evaluate("location.hash") == f"#{name}"


@every_explorable
def test_a_finger_drags_sideways_in_a_chart(visit, name):
    page = visit(name, f"#{name}", viewport=NARROW, has_touch=True, is_mobile=True)
    (along, down), wanted = PRESSED[name]
    start, (x, y) = place(page, name, along + 0.2, down), place(page, name, along, down)
    fingers = page.context.new_cdp_session(page)
    for kind, points in [
        ("touchStart", [start]),
        ("touchMove", [(x + 20, y)]),
        ("touchMove", [(x, y)]),
        ("touchEnd", []),
    ]:
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})
    holds(page, name)
    assert wanted(state(page, name))


@pytest.mark.parametrize("by_touch", [False, True])
def test_the_half_life_can_be_dragged(visit, by_touch):
    page = visit("gate", "#gate", has_touch=by_touch)
    handle = page.locator("#gate circle.half").bounding_box()
    start = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    end = place(page, "gate", 0.5, 0.5)
    if by_touch:
        touch(page, [start, end])
    else:
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=3)
        page.mouse.up()
    holds(page, "gate", forget_bias=5.0)  # half-life 103, as near to 100 as a step of 0.1 allows


# Curves: the pixels of a path, read on the axes beside it.
READ = """([box, path]) => {
    const svg = document.querySelector(box), axes = [...svg.querySelectorAll(".axis")];
    const ticks = (axis) => [...axis.querySelectorAll(".tick")].map((tick) => [tick.textContent, tick.getAttribute("transform")]);
    return [svg.querySelector(`path.${path}`).getAttribute("d"), ticks(axes[0]), ticks(axes[1])];
}"""


def curve(page, name, box, path, value=float):
    """The points of a curve in the units of the vertical axis."""
    d, _, ticks = page.evaluate(READ, [f"#{name} {box}", path])
    pixels = np.array([float(pair.split(",")[1]) for pair in d[1:].split("L")])
    labels = [value(text.replace("−", "-")) for text, _ in ticks]
    heights = [float(move[:-1].split(",")[1]) for _, move in ticks]
    return np.polyval(np.polyfit(heights, labels, 1), pixels)


def exponent(text):
    return int(text.removeprefix("10").translate(SMALL))


def test_the_curves_are_those_of_bptt(visit):
    page = visit("two-unit", "#two-unit&W=0.9,1.5,-1,-0.9&drive=turns&strength=3")
    W = np.array([[0.9, 1.5], [-1.0, -0.9]])
    found = explore_numerics.ellipses(W, drive="turns", strength=3.0)
    np.testing.assert_allclose(
        curve(page, "two-unit", ".sizes > svg", "actual", exponent), found.log_norms / np.log(10), atol=0.02
    )
    page = visit("paths", "#paths&gain=6")
    found = explore_numerics.paths(gain=6.0)
    for path, logs in [("whole", found.whole), ("printed", found.article), ("forget", found.forget)]:
        np.testing.assert_allclose(curve(page, "paths", ".wide > svg", path, exponent), logs / np.log(10), atol=0.03)
    page = visit("gate", "#gate&forget_bias=3")
    steps = 10 ** (np.arange(161) / 40)
    np.testing.assert_allclose(
        curve(page, "gate", ".kept > svg", "retention"), explore_numerics.gate(3.0, 0.0, 1).kept[1] ** steps, atol=0.003
    )
    page = visit("cliff", "#cliff&steps=20")
    np.testing.assert_allclose(
        curve(page, "cliff", ".loss > svg", "held"),
        explore_numerics.walk(5.05, -2.62, max_norm=1.0, steps=20).loss,
        atol=0.002,
    )


def test_the_legend_names_chrono_cells_when_they_are_drawn(visit):
    page = visit("gate", "#gate")
    name = page.locator("#gate .legend").get_by_text("nine chrono cells")
    assert not name.is_visible()
    page.get_by_label("a chrono layer").check()
    holds(page, "gate", chrono=True)
    assert name.is_visible()


def test_walks_that_are_the_same_are_told_as_one(visit):
    page = visit("cliff", "#cliff&w=6&b=-2&max_norm=50")
    holds(page, "cliff", max_norm=50)
    assert "No gradient was long enough to be clipped" in page.locator("#cliff .reading").inner_text()


def test_play_moves_on_and_pauses(visit):
    page = visit("cliff", "#cliff&steps=0", motion="no-preference")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("+document.getElementById('cliff-steps').value > 3")
    page.get_by_role("button", name="Pause").click()
    holds(page, "cliff")


def test_without_motion_play_is_one_step(visit):
    page = visit("cliff", "#cliff&steps=4")
    page.get_by_role("button", name="Next").click()
    holds(page, "cliff", steps=5)


# ── links ────────────────────────────────────────────────────────────────────────────────────────


def test_a_link_opens_its_setting_and_brings_it_into_view(visit):
    page = visit("paths", "#paths&gain=2.5&companion=true&distance=12")
    holds(page, "paths", gain=2.5, companion=True, distance=12)
    assert page.locator("#paths-gain").input_value() == "2.5"
    assert page.locator("#paths-companion").is_checked()
    assert 0 <= page.locator("#paths").bounding_box()["y"] < 150
    page.evaluate("new Promise((done) => { addEventListener('hashchange', done); location.hash = '#paths&gain=0'; })")
    holds(page, "paths", gain=0, companion=False)


@pytest.mark.parametrize("fragment", ["#gate&lag=0", "#gate&colour=red", "#gate&companion", "#gate&lag=%E0%A4"])
def test_a_bad_link_gives_the_default_and_a_note(visit, fragment):
    page = visit("gate", fragment)
    assert page.locator("#gate .note").inner_text().startswith("This link's setting cannot be read: ")
    assert page.locator("#gate-forget_bias").input_value() == str(defaults("gate")["forget_bias"])
    assert page.heard == []
    page.get_by_role("button", name="Bias 5", exact=True).click()
    holds(page, "gate", forget_bias=5)
    assert not page.locator("#gate .note").is_visible()


def test_a_link_to_another_place_is_left_alone(visit):
    page = visit("gate", "#exercises", wait=False)
    page.locator("#gate").scroll_into_view_if_needed()
    page.wait_for_selector("#gate.live")
    assert page.evaluate("location.hash") == "#exercises"


# ── everywhere ───────────────────────────────────────────────────────────────────────────────────


@every_explorable
def test_an_explorable_is_accessible_and_fits_a_telephone(visit, name):
    page = visit(name, f"#{name}", viewport=NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    for slider in page.locator(f"#{name} input[type=range]").all():
        assert slider.bounding_box()["width"] > 120  # room for a thumb
    assert page.heard == []
    assert violations(page, within=f"#{name}") == []


def test_the_script_comes_when_the_explorable_comes_near(visit):
    page = visit("gate", wait=False)
    assert not [url for url in page.asked if url.endswith("explore.js")]
    page.locator("#gate").scroll_into_view_if_needed()
    page.wait_for_selector("#gate.live")
    assert len([url for url in page.asked if url.endswith("explore.js")]) == 1


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@every_explorable
def test_the_page_stays_where_it_is_when_an_explorable_comes_to_life(visit, name, viewport):
    page = visit(name, viewport=viewport, wait=False)
    below = f"document.querySelector('#{name} + .cell').getBoundingClientRect().top + scrollY"
    before = page.evaluate(below)
    page.evaluate(f"document.getElementById('{name}').scrollIntoView()")
    page.wait_for_selector(f"#{name}.live")
    page.wait_for_timeout(100)
    assert page.evaluate(below) == pytest.approx(before, abs=1)


def test_an_explorable_works_without_a_network(visit):
    page = visit("two-unit", wait=False)
    page.context.set_offline(True)
    page.locator("#two-unit").scroll_into_view_if_needed()
    page.wait_for_selector("#two-unit.live")
    page.get_by_role("button", name="Normal", exact=True).click()
    holds(page, "two-unit")


@every_explorable
def test_without_a_script_a_figure_and_a_sentence_stand_in(visit, name):
    page = visit(name, wait=False, java_script_enabled=False)
    assert page.locator(f"#{name} .fallback").is_visible()
    assert page.locator(f"#{name} + .cell .cell_output img").is_visible()
    assert page.locator(f"#{name} input").count() == 0


def test_a_script_that_does_not_arrive_leaves_the_figure(visit):
    page = visit("gate", wait=False, block="**/explore.js")
    page.locator("#gate").scroll_into_view_if_needed()
    page.wait_for_selector("#gate.failed")
    assert page.locator("#gate .fallback").is_visible()
    assert page.locator("#gate + .cell .cell_output img").is_visible()


def test_paper_shows_the_default(visit):
    page = visit("cliff", "#cliff&w=6")
    static = page.locator("#cliff + .cell .cell_output img")
    assert not static.is_visible()
    page.emulate_media(media="print")
    assert static.is_visible()
    assert page.locator("#cliff .fallback").count() == 0
    assert not page.locator("#cliff .charts").is_visible()
    assert not page.locator("#cliff input").first.is_visible()


# ── in the files ─────────────────────────────────────────────────────────────────────────────────


def test_only_pages_with_an_explorable_load_them(site):
    having = {name for name in PAGES if 'class="stage"' in markup(name)}
    assert having == {*PAGE.values(), "chapters/2-vanishing-exploding/3-learning", "chapters/index"}
    assert {name for name in PAGES if "explore/load.js" in markup(name)} == having


def test_all_explorables_together_are_small(site):
    files = [site / "_static" / name for name in ("explore/explore.js", "explore/load.js", "explore.css")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < 50_000  # a third of what they may be


def test_every_module_names_no_colour():
    for path in (ROOT / "_static" / "explore").glob("*.mjs"):
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", path.read_text("utf-8")), path.name
