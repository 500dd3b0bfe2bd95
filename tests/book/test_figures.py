"""Figures drawn again look like the stored ones: once a week, since nbval compares texts and no pixels.

Another version of Matplotlib or FreeType moves a line by a pixel. A curve that goes elsewhere, another colour or another
letter shows in the mean over a few pixels, and that is what is compared.
"""

import base64
import io

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from PIL import Image, ImageChops, ImageFilter
from test_notebooks import PAGES, name

from bookkit import notebooks

REACH = 3  # pixels; means over 7 × 7 of them
LIMIT = 75  # of 255; a figure that is moved by a pixel, down and to the right, differs by 55 to 67


def on_paper(png):
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def difference(one, other):
    """The largest difference of two figures in any place and colour, in means over a few pixels; of 255."""
    if np.abs(np.subtract(one.size, other.size)).max() > 2:
        return 255
    common = (0, 0, *np.minimum(one.size, other.size))
    means = [image.crop(common).filter(ImageFilter.BoxBlur(REACH)) for image in (one, other)]
    return np.abs(np.subtract(*(np.asarray(mean, dtype=int) for mean in means))).max()


def figures(nb):
    """The figures of a page by the names of their cells."""
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            if png := output.get("data", {}).get("image/png"):
                yield cell.id, on_paper(base64.b64decode(png))


@pytest.mark.weekly
@pytest.mark.parametrize("path", PAGES, ids=name)
def test_figures_drawn_again_look_like_the_stored_ones(path, tmp_path):
    stored = dict(figures(nbformat.read(path, as_version=4)))
    drawn = dict(figures(notebooks.executed(path)))
    assert drawn.keys() == stored.keys()
    changed = [cell for cell in drawn if difference(drawn[cell], stored[cell]) > LIMIT]
    for cell in changed:
        drawn[cell].save(tmp_path / f"{cell}.png")
    assert not changed, f"as they are now: {tmp_path}"


def figure(up=0.0, colour="#0072b2", label="steps", style="-", size=(6.4, 4.8)):
    fig, ax = plt.subplots(figsize=size)
    x = np.linspace(0, 1, 200)
    ax.plot(x, np.sin(3 * x) + up, color=colour, linestyle=style)
    ax.set(xlabel=label, ylim=(-1, 2))
    png = io.BytesIO()
    fig.savefig(png, format="png", dpi=200)
    plt.close(fig)
    return on_paper(png.getvalue())


@pytest.mark.parametrize(
    "change", [{"up": 0.02}, {"colour": "#d55e00"}, {"label": "Steps"}, {"style": "--"}, {"size": (6.5, 4.8)}], ids=str
)
def test_a_changed_figure_is_seen(change):
    assert difference(figure(), figure(**change)) > LIMIT


@pytest.mark.parametrize("move", [(0, 0), (1, 0), (0, 1), (1, 1)], ids=str)
def test_a_pixel_to_the_side_is_no_change(move):
    assert difference(figure(), ImageChops.offset(figure(), *move)) < LIMIT
    width, height = figure().size
    wider = Image.new("RGB", (width + move[0], height + move[1]), "white")
    wider.paste(figure())
    assert difference(figure(), wider) < LIMIT
