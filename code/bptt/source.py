"""Show the package's own code on a page, so that the page notices when the code changes."""

from __future__ import annotations

import ast
import inspect
import textwrap


def show(function):
    """Print the source of a function without its docstring.

    Parameters
    ----------
    function : callable
        A function of the package.

    Examples
    --------
    >>> show(show)
    def show(function):
        print(_without_docstring(textwrap.dedent(inspect.getsource(function))))
    """
    print(_without_docstring(textwrap.dedent(inspect.getsource(function))))


def _without_docstring(text):
    lines, body = text.splitlines(), ast.parse(text).body[0].body
    if ast.get_docstring(ast.parse(text).body[0]) is not None:
        del lines[body[0].lineno - 1 : body[0].end_lineno]
    return "\n".join(lines)
