"""The colours of the course as CSS custom properties, from the one file that defines them."""

import tomllib
from pathlib import Path

from sphinx.application import Sphinx

from bookkit.assets import static


def custom_properties(palette: dict[str, dict[str, str]]) -> str:
    """Return a style sheet with one custom property per colour.

    Parameters
    ----------
    palette : dict of dict of str
        Tables of colours, as in ``palette.toml``.

    Returns
    -------
    str
        CSS. The colour ``name`` of the table ``table`` is ``--table-name``.

    Examples
    --------
    >>> print(custom_properties({"colours": {"forget_gate": "#c2302c"}}))
    :root {
      --colours-forget-gate: #c2302c;
    }
    """
    lines = [
        f"  --{table}-{name.replace('_', '-')}: {colour};"
        for table, colours in palette.items()
        for name, colour in colours.items()
    ]
    return "\n".join([":root {", *lines, "}"])


def read(app: Sphinx) -> dict[str, dict[str, str]]:
    """Return the tables of colours that the book's palette defines."""
    return tomllib.loads((Path(app.srcdir) / app.config.palette).read_text("utf-8"))


def prepare(app: Sphinx) -> None:
    """Write the style sheet of the colours into the site."""
    css = custom_properties(read(app))
    static.write(static.folder(app) / "palette.css", css + "\n")
    app.add_css_file("palette.css", priority=400)  # before the sheets that use it


def setup(app: Sphinx) -> None:
    """Register the option ``palette``, the path of the file from the book's root."""
    app.add_config_value("palette", "code/bptt/figures/palette.toml", "html")
    app.connect("builder-inited", prepare)
