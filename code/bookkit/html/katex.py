"""Formulas as HTML, rendered by KaTeX while the book is built.

Our own, because sphinxcontrib-katex asks a server on a socket, with time limits, links another host's style sheet,
ships no fonts, and lets a loose formula pass.  A page here needs no script and no other host: only KaTeX's style sheet
and fonts, from npm (`bookkit.assets.npm`).
"""

import json
import re
import shutil
import subprocess
from base64 import b64encode
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from bookkit.assets import npm, static

LOGGER = logging.getLogger(__name__)
CLOSING, OPENING = re.compile(r"[.,;:!?)\]’”]+"), re.compile(r"[(\[‘“]+$")
# Every browser that knows custom properties reads woff2; the two older formats treble the size.
OLD_FONTS = re.compile(r',url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)')
FACE = re.compile(r"src:url\(fonts/(?P<name>KaTeX_(?P<family>[^-)]+)[^)]*)\)")


def style_sheet(dist: Path) -> str:
    """Return KaTeX's style sheet, changed so that a late face moves nothing.

    Letters that come too late for the first picture are those of the text around them.  Signs that stretch travel
    within the sheet: no other face has their sizes.
    """

    def source(face: re.Match) -> str:
        if not face["family"].startswith(("Size", "Caligraphic")):
            return f"font-display:optional;{face[0]}"
        content = b64encode((dist / "fonts" / face["name"]).read_bytes()).decode()
        return f"src:url(data:font/woff2;base64,{content})"

    css = OLD_FONTS.sub("", (dist / "katex.min.css").read_text("utf-8"))
    return FACE.sub(source, css).replace("Times New Roman,serif", "var(--serif)")


class Renderer:
    """A node process that renders formulas, one after the other.

    It hangs on a pipe and not on a socket: there is nothing to wait for at its start, and it ends
    with the build, even with one that fails.

    Parameters
    ----------
    dist : pathlib.Path
        The folder with ``katex.min.js``.
    """

    def __init__(self, dist: Path) -> None:
        command = [npm.NODE, Path(__file__).with_suffix(".js"), dist / "katex.min.js"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8")

    def render(self, latex: str, display: bool = False) -> str:
        """Return the HTML of a formula.

        Parameters
        ----------
        latex : str
            The formula.
        display : bool
            Whether it stands on a line of its own.

        Returns
        -------
        str
            HTML with MathML inside, for screen readers.

        Raises
        ------
        ValueError
            KaTeX cannot read the formula; its message.
        """
        print(json.dumps({"latex": latex, "display": display}), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["html"]

    def close(self) -> None:
        """End the process."""
        with self.process:  # closes its input, and waits
            pass


def prepare(app: Sphinx) -> None:
    """Start the renderer, and put KaTeX's style sheet and fonts into the site."""
    if app.builder.format != "html":
        return
    dist = npm.packages(app) / "katex" / "dist"
    target = static.folder(app) / "katex"
    css = style_sheet(dist)
    static.write(target / "katex.css", css)
    (target / "fonts").mkdir(exist_ok=True)
    for name in re.findall(r"url\(fonts/([^)]+)\)", css):
        shutil.copy(dist / "fonts" / name, target / "fonts")
    shutil.copy(dist.parent / "LICENSE", target / "LICENSE.txt")
    app.add_css_file("katex/katex.css")
    app.builder.katex = Renderer(dist)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """End the renderer with the build."""
    if hasattr(app.builder, "katex"):
        app.builder.katex.close()


def html(self: HTML5Translator, node: nodes.Element, display: bool) -> str:
    """Return a formula as HTML; one that KaTeX cannot read is a warning, and shown raw."""
    latex = node.astext()
    try:
        return self.builder.katex.render(latex, display)
    except ValueError as error:
        LOGGER.warning("KaTeX cannot read %r: %s", latex, error, location=node)
        return f'<code class="katex-error">{escape(latex)}</code>'


BASE, END = '<span class="base">', "</span></span>"


def mark_last(formula: str) -> str:
    """Return the HTML of a formula with its last part, between two breaks of the line, in an element of its own."""
    before, base, last = formula.rpartition(BASE)
    return f'{before}<span class="last">{base}{last.removesuffix(END)}</span>{END}' if base else formula


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line."""
    formula = html(self, node, display=False)
    if "together" in node.parent.get("classes", []):
        formula = mark_last(formula)
    self.body.append(f'<span class="math">{formula}</span>')
    raise nodes.SkipNode


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula: a box that scrolls where it is narrow, and its number beside it."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(f'<div class="formula">{html(self, node, display=True)}</div>')
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>")
    raise nodes.SkipNode


class Together(SphinxPostTransform):
    """Keep a formula in a line together with the full stop after it, or the bracket before it.

    A browser may break a line on both sides of a formula, whatever stands there.
    """

    default_priority = 800  # what else looks for formulas has found them
    formats = ("html",)

    def run(self, **_: object) -> None:
        """Walk over a copy of the list: the tree changes underneath."""
        for formula in list(self.document.findall(nodes.math)):
            line, k = formula.parent, formula.parent.index(formula)
            before, after = line[:k][-1:], line[k + 1 :][:1]
            opening = OPENING.search(before[0]) if before and isinstance(before[0], nodes.Text) else None
            closing = CLOSING.match(after[0]) if after and isinstance(after[0], nodes.Text) else None
            group = nodes.inline("", "", classes=["together"])
            if opening:
                line[k - 1] = nodes.Text(before[0][: opening.start()])
                group += nodes.Text(opening[0])
            if closing:
                line[k + 1] = nodes.Text(after[0][closing.end() :])
            if opening or closing:
                line[k] = group
                group += formula
                group += nodes.Text(closing[0]) if closing else []


def setup(app: Sphinx) -> None:
    """Register the renderer as ``html_math_renderer: katex``."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    app.add_post_transform(Together)
    app.connect("builder-inited", prepare)
    app.connect("build-finished", finish)
