"""The look of the figures: colours that everyone can tell apart, defined in one place; shapes that recur."""

import itertools
import re
import tomllib
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from bptt.figures import plotting
from bptt.figures.plotting import COLOURS, INK

ROOT = Path(__file__).parents[2]
PALETTE = tomllib.loads((ROOT / "code/bptt/figures/palette.toml").read_text(encoding="utf-8"))
HEX = re.compile(r"#[0-9a-fA-F]{6}\b")

# Colour vision, on linear RGB, in the severest case: Machado, Oliveira and Fernandes, "A physiologically-based model
# for simulation of color vision deficiency", IEEE Transactions on Visualization and Computer Graphics 15(6),
# 1291-1298, 2009, doi:10.1109/TVCG.2009.113, matrices for severity 1.
VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# Linear sRGB to XYZ, and the white D65, as in IEC 61966-2-1.
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    """Linear RGB of ``#rrggbb``."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """Contrast ratio of WCAG 2."""
    dark, light = sorted(XYZ[1] @ linear(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    """CIELAB of linear RGB."""
    ratio = XYZ @ np.clip(rgb, 0, 1) / (XYZ @ np.ones(3))
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other, vision="normal"):
    """Distance in CIELAB as seen by someone with such colour vision."""
    return float(np.linalg.norm(lab(VISION[vision] @ linear(one)) - lab(VISION[vision] @ linear(other))))


def test_the_colour_arithmetic_gives_values_known_from_elsewhere():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    np.testing.assert_allclose(lab(linear("#ff0000")), [53.24, 80.09, 67.20], atol=0.05)
    np.testing.assert_allclose(lab(linear("#ffffff")), [100, 0, 0], atol=1e-6)
    assert distance("#ff0000", "#00aa00") > 100 > 40 > distance("#c04040", "#607010", "deutan")
    assert all(np.allclose(np.sum(matrix, axis=1), 1, atol=2e-6) for matrix in VISION.values())  # grey stays grey


@pytest.mark.parametrize("paper", ["#ffffff", "#121212"])
@pytest.mark.parametrize("name", COLOURS)
def test_every_colour_stands_out_from_the_paper(name, paper):
    assert contrast(COLOURS[name], paper) >= 3


@pytest.mark.parametrize("vision", VISION)
def test_any_two_colours_can_be_told_apart(vision):
    pairs = itertools.combinations(COLOURS, 2)
    apart = {(one, other): distance(COLOURS[one], COLOURS[other], vision) for one, other in pairs}
    assert {pair: round(far, 1) for pair, far in apart.items() if far < 20} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "faint", "accent", "tick"])
def test_text_of_the_site_can_be_read(text, theme):
    site = PALETTE["site"]
    for paper in ("paper", "shade"):
        assert contrast(site[f"{text}_{theme}"], site[f"{paper}_{theme}"]) >= 4.5


def test_ink_on_figures_can_be_read_and_grid_lines_stay_back():
    assert contrast(INK["text"], "#ffffff") >= 7
    assert 1.1 < contrast(INK["grid"], "#ffffff") < 2


def test_one_colour_for_each_part_of_the_network_and_none_twice():
    parts = ["input_gate", "forget_gate", "output_gate", "candidate", "cell_state", "hidden_state", "vanilla_rnn"]
    assert list(COLOURS) == parts
    assert len(set(COLOURS.values())) == len(parts)


def written_colours():
    """Each colour in hexadecimal that stands anywhere but in the palette, with its place."""
    folders = [
        "chapters/**/*.md",
        "chapters/**/*.ipynb",
        "code/**/*.py",
        "_static/*.css",
        "_static/*.js",
        "_static/*.svg",
    ]
    for path in sorted(path for folder in folders for path in ROOT.glob(folder)):
        text = re.sub(r'"image/(png|svg\+xml)": .*', "", path.read_text(encoding="utf-8"))
        for line in text.splitlines():
            for colour in HEX.findall(line):
                yield colour.lower(), line.strip(), path.relative_to(ROOT).as_posix()


def test_a_colour_written_outside_the_palette_is_one_of_it():
    known = {colour for table in PALETTE.values() for colour in table.values()}
    strangers = [f"{path}: {line[:80]}" for colour, line, path in written_colours() if colour not in known]
    assert not strangers


def test_a_colour_is_written_only_where_none_can_be_looked_up():
    # In formulas, in drawings made by hand, and in comments and examples.
    allowed = re.compile(r"\\textcolor\{#|fill=|stroke=|>>> print|^\s*--|^/\*|^#")
    strays = [f"{path}: {line[:80]}" for _, line, path in written_colours() if not allowed.search(line)]
    assert not strays


# Style and shapes


@pytest.fixture
def ax():
    with plt.rc_context():
        figure, ax = plt.subplots()
        yield ax
        plt.close(figure)


def test_the_style_is_one_that_matplotlib_knows_and_use_style_sets_it():
    with plt.rc_context():
        plotting.use_style()
        for name, value in plotting.STYLE.items():
            assert mpl.rcParams[name] == (list(value) if name == "figure.figsize" else value)


def test_figures_are_made_at_twice_the_resolution(monkeypatch):
    formats = []
    monkeypatch.setattr(plotting, "set_matplotlib_formats", lambda *names: formats.extend(names))
    with plt.rc_context():
        plotting.use_style()
    assert formats == ["retina"]


def test_curves_take_the_colours_of_the_palette_in_turn():
    assert [style["color"] for style in plotting.STYLE["axes.prop_cycle"]] == list(COLOURS.values())


def test_decay_draws_powers_of_ten_far_beyond_float64(ax):
    distance, log_size = np.arange(4), -1000.0 * np.arange(4)
    before = log_size.copy()
    log_size.flags.writeable = distance.flags.writeable = False
    plotting.decay(ax, distance, log_size, "a curve", colour="cell_state", linestyle="--")
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_ydata(), before / np.log(10))
    assert line.get_xdata().tolist() == [0, 1, 2, 3]
    assert (line.get_label(), line.get_color(), line.get_linestyle()) == ("a curve", COLOURS["cell_state"], "--")
    assert ax.yaxis.get_major_formatter()(-400.0, None) == "$10^{-400}$"
    assert ax.yaxis.get_major_formatter()(0.5, None) == "$10^{0.5}$"
