"""The page that documents a package: a section for each module, made from its docstrings.

Our own, because autosummary writes stub files into the sources, and in the order of the alphabet.
"""

import pkgutil
from importlib import import_module
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

SECTION = """\
## `{name}`

```{{eval-rst}}
.. automodule:: {name}
   :members:
```
"""


class Api(SphinxDirective):
    """Document every module of the package that the argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the sections; the page is read again when a module is added."""
        package = import_module(self.arguments[0])
        self.env.note_dependency(str(Path(package.__file__).parent))
        names = (f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__))
        text = "\n".join(SECTION.format(name=name) for name in names)
        parent = nodes.section()
        self.state.nested_parse(StringList(text.splitlines(), ""), self.content_offset, parent, match_titles=True)
        for node in list(self.state.document.findall(nodes.substitution_reference)):
            node.replace_self(nodes.Text(node.rawsource))  # |z| in a docstring is an absolute value
        return parent.children


def is_bare_field(app: Sphinx, what: str, name: str, member: object, skip: bool, options: object) -> bool | None:
    """Leave out the fields of a named tuple: the docstring of the tuple describes them."""
    return True if str(getattr(member, "__doc__", "")).startswith("Alias for field number") else None


def setup(app: Sphinx) -> None:
    """Register the directive ``api``."""
    app.add_directive("api", Api)
    app.connect("autodoc-skip-member", is_bare_field)
