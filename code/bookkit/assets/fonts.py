"""The faces that the site is set in, so that it looks the same on every machine and asks no other host.

They come from npm.  Each is cut to the characters that the course writes and to the weights it uses (``fonts.toml``).
A late face moves nothing.  The faces that nearly every line needs are asked for at once, and where one comes too late
for the first picture, that page keeps a face of the reader's machine, brought to the same size.  Symbols are few, and
travel within the style sheet.
"""

import shutil
import tomllib
from hashlib import sha256
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from bookkit.assets import faces, npm, static
from bookkit.assets.faces import Family

TABLE = Path(__file__).with_suffix(".toml")


def make(modules: Path) -> Path:
    """Write the faces, their style sheet and their licences, unless they are there.

    Parameters
    ----------
    modules : pathlib.Path
        ``node_modules``.  The faces are kept beside what they are cut from, and go with it.

    Returns
    -------
    pathlib.Path
        The folder.
    """
    target = modules / ".course-fonts"
    stamp = target / "made.txt"
    state = sha256(b"".join(map(Path.read_bytes, [TABLE, Path(faces.__file__), npm.stamp(modules)]))).hexdigest()
    if stamp.exists() and stamp.read_text("utf-8") == state:
        return target
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    table = tomllib.loads(TABLE.read_text("utf-8"))
    families = [Family(key, table, modules) for key in table["family"]]
    parts = [part for it in families for part in (it.stack(), *it.faces(target), *it.symbols(), *it.stand_ins())]
    static.write(target / "fonts.css", "\n".join(parts) + "\n")
    for folder in {folder for family in families for folder in family.licences()}:
        static.write(target / f"LICENSE-{folder.name}.txt", (folder / "LICENSE").read_text("utf-8"))
    static.write(stamp, state)  # last, so that half of the work is never taken for done
    return target


def prepare(app: Sphinx) -> None:
    """Put the faces into the site."""
    if app.builder.format == "html":
        made, target = make(npm.packages(app)), static.folder(app) / "fonts"
        shutil.copytree(made, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("made.txt"))
        app.add_css_file("fonts/fonts.css", priority=300)


# What a page must have to need a face at once: text always, the others by what stands on it.
NEEDS = {
    "fonts/serif-latin-normal.woff2": nodes.Element,
    "fonts/sans-latin-normal.woff2": nodes.Element,
    "fonts/serif-latin-italic.woff2": nodes.emphasis,
    "fonts/mono-latin-normal.woff2": (nodes.literal, nodes.literal_block),
    "katex/fonts/KaTeX_Main-Regular.woff2": (nodes.math, nodes.math_block),
    "katex/fonts/KaTeX_Main-Bold.woff2": (nodes.math, nodes.math_block),
    "katex/fonts/KaTeX_Math-Italic.woff2": (nodes.math, nodes.math_block),
}


def note_needs(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Tell the template which faces the page asks for before its style sheets have come."""
    kinds = {type(node) for node in doctree.findall(nodes.Element)} if doctree else {nodes.Element}
    context["early_fonts"] = [name for name, wanted in NEEDS.items() if any(issubclass(kind, wanted) for kind in kinds)]


def setup(app: Sphinx) -> None:
    """Connect to the start of the build and to the writing of pages."""
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", note_needs)
