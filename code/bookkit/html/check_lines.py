"""Code cells on the site: an anchor for each, claims as check lines instead of console text, and sources as code."""

import ast
import json
from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from bookkit.collect import claims
from bookkit.html.typeset import rounded, typeset


def anchor(cell: str) -> str:
    """Return the anchor of a cell on its page, given the cell's id in the notebook."""
    return f"cell-{cell}"


def is_claim(line: str) -> bool:
    """Tell whether a printed line is a claim."""
    return line.startswith(claims.MARK)


def check_line(claim: claims.Claim, text: nodes.Node | None = None) -> nodes.list_item:
    """Return a claim as an item of a list: tick, text, bound, and the article's equation.

    Parameters
    ----------
    claim : Claim
        What was printed.
    text : docutils.nodes.Node, optional
        What shows the text, such as a link; plain text by default.

    Returns
    -------
    docutils.nodes.list_item
        With one paragraph.
    """
    tick = nodes.inline("", claims.MARK, classes=["tick"])
    paragraph = nodes.paragraph("", "", tick, *([text] if text else typeset(claim.text)))
    if claim.bound:
        paragraph += nodes.inline("", " —\u00a0", classes=["dash"])  # the line may break before the dash
        paragraph += nodes.inline("", "", *typeset(rounded(claim.bound)), classes=["bound"])
    for word, numbers in (("article", claim.article), ("against article", claim.against)):
        if numbers:
            tag = nodes.inline("", f"{word} {', '.join(numbers)}", classes=["article-number"])
            paragraph += [nodes.Text(" "), tag]
    return nodes.list_item("", paragraph)


def is_source(text: str) -> bool:
    r"""Tell whether a printed output is the source of functions or classes.

    Examples
    --------
    >>> is_source("def f(x):\n    return x"), is_source("f = 3"), is_source("a table")
    (True, False, False)
    """
    try:
        parts = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(part, ast.FunctionDef | ast.ClassDef) for part in parts)


def split_output(block: nodes.literal_block) -> list[nodes.Node]:
    """Return a printed output as check lines where it states claims, and as it was elsewhere."""
    parts: list[nodes.Node] = []
    for found, lines in groupby(block.astext().splitlines(), is_claim):
        if found:
            items = [check_line(claims.parse(line)) for line in lines]
            parts.append(nodes.bullet_list("", *items, classes=["claims"]))
        elif text := "\n".join(lines).strip("\n"):
            parts.append(nodes.literal_block(text, text, **block.non_default_attributes()))
    return parts


def on_read(app: Sphinx, doctree: nodes.document) -> None:
    """Give every code cell of a notebook its anchor, and its claims their look."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    ids = [cell["id"] for cell in json.loads(path.read_text("utf-8"))["cells"]]
    for cell in doctree.findall(lambda node: getattr(node, "attributes", {}).get("nb_element") == "cell_code"):
        cell["ids"].append(anchor(ids[cell["cell_index"]]))
        for block in list(cell.findall(nodes.literal_block)):
            if "stream" in block["classes"] and any(map(is_claim, block.astext().splitlines())):
                block.replace_self(split_output(block))
            elif "stream" in block["classes"] and is_source(block.astext()):
                block["language"] = "python"
                block["classes"].append("source")


def setup(app: Sphinx) -> None:
    """Connect to the reading of pages."""
    app.connect("doctree-read", on_read)
