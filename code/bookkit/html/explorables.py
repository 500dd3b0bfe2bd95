"""Explorables: figures that compute in the reader's browser, so that a reader without a kernel can change them.

A page has a box of the class ``explorable`` whose other class is the name of a module in ``_static/explore``. In a
notebook the box is text, and the cell after it draws the same figure. On the site the box becomes the explorable, and
the figure of the cell stands in for it where no script runs, and on paper.

The modules take D3 from npm. A browser opens no module from a folder, so they are bundled into one script.
"""

import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

from bookkit.assets import npm, static

LOGGER = logging.getLogger(__name__)
CLASS = "explorable"
FALLBACK = "On the site, where scripts may run, this figure can be changed. Below is its default setting."


class stage(nodes.General, nodes.Element):
    """Where an explorable plays; until a script comes it says what is below."""


def modules_of(app: Sphinx) -> Path:
    """Return the folder of the modules."""
    return Path(app.srcdir) / "_static" / "explore"


def bundle(source: Path, target: Path, modules: Path) -> None:
    """Write ``explore.js``, all explorables, ``load.js``, which fetches it when it is needed, and D3's licence.

    Parameters
    ----------
    source : pathlib.Path
        The folder with ``index.mjs`` and ``load.mjs``.
    target : pathlib.Path
        Where to write.
    modules : pathlib.Path
        ``node_modules``, with esbuild and D3 in it.

    Raises
    ------
    RuntimeError
        A module cannot be read; esbuild's message.
    """
    options = ["--bundle", "--format=iife", "--minify", "--target=es2021", "--charset=utf8", "--log-level=error"]
    options += ["--banner:js=// With modules of D3, see LICENSE-d3.txt."]
    entries = [f"explore={source / 'index.mjs'}", f"load={source / 'load.mjs'}"]
    command = [npm.NODE, modules / "esbuild" / "bin" / "esbuild", *entries, *options, f"--outdir={target}"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"The explorables could not be bundled:\n{done.stderr.strip()}")
    parts = sorted([*modules.glob("d3-*/LICENSE"), modules / "internmap" / "LICENSE"])
    licences = [f"{path.parent.name}\n\n{path.read_text('utf-8').strip()}\n" for path in parts]
    static.write(target / "LICENSE-d3.txt", "\n\n".join(licences))


def prepare(app: Sphinx) -> None:
    """Bundle the modules into the site."""
    if app.builder.format == "html" and modules_of(app).exists():
        try:
            bundle(modules_of(app), static.folder(app) / "explore", npm.packages(app))
        except RuntimeError as error:
            raise SystemExit(str(error)) from None  # any other exception ends in a page of traceback


class Stages(SphinxPostTransform):
    """Give every box its anchor and its stage; a name without a module is a warning."""

    default_priority = 100
    formats = ("html",)

    def run(self, **_: object) -> None:
        """Look through the page."""
        for box in self.document.findall(nodes.admonition):
            names = [name for name in box["classes"] if name != CLASS and not name.startswith("admonition")]
            if CLASS not in box["classes"]:
                continue
            if len(names) != 1 or not (modules_of(self.app) / f"{names[0]}.mjs").exists():
                LOGGER.warning("There is no explorable by the name of %r", " ".join(names), location=box)
                continue
            box["ids"] = names
            for figure in box.next_node(descend=False, siblings=True).findall(nodes.image):
                figure["loading"] = "lazy"  # no browser fetches it that runs scripts, and so shows none of it
            box += stage(label=box[0].astext())


def add_loader(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Give the loader to the pages that need it, and to no other."""
    if doctree is not None and next(doctree.findall(stage), None) is not None:
        app.add_js_file("explore/load.js", loading_method="defer")


def visit_stage(self: HTML5Translator, node: stage) -> None:
    """Write an empty stage with the sentence that stands in for it."""
    opening = self.starttag(node, "div", "", CLASS="stage", role="group", **{"aria-label": node["label"]})
    self.body.append(f'{opening}<p class="fallback">{FALLBACK}</p></div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the node, the transform and the script."""
    app.add_node(stage, html=(visit_stage, None))
    app.add_post_transform(Stages)
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", add_loader)
