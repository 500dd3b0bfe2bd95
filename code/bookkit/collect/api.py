"""The pages that document a package from its docstrings: one for each folder, and a table of contents for all.

Our own, because autosummary writes stub files into the sources, a page for each module, in the order of the alphabet.
Here a page says in which order its modules stand.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)
SECTION = """\
## `{name}`

```{{eval-rst}}
.. automodule:: {name}
   :members:
```
"""
FOLDER = re.compile(r"^```\{api\} (?P<package>\S+)\n(?P<modules>[^`]*)```", re.MULTILINE)


def modules_in(package: str, first: Iterable[str] = ()) -> list[str]:
    """Return the names of the modules of a folder that others import, some first and the rest by the alphabet."""
    found = iter_modules(import_module(package).__path__)
    names = {module.name for module in found if not module.ispkg and not module.name.startswith("_")}
    return [*(name for name in first if name in names), *sorted(names.difference(first))]


def members(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield the public functions and classes that a module defines, in its order, with their first lines."""
    for name, member in vars(module).items():
        made = inspect.isfunction(member) or inspect.isclass(member)
        if made and member.__module__ == module.__name__ and not name.startswith("_"):
            yield name, first_line(member)


def first_line(documented: object) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def summary(names: Iterable[str]) -> str:
    """Return a table of modules, each with a link to its section and its first line, as Markdown."""
    lines = ["| module | what it is for |", "|---|---|"]
    for name in names:
        says = re.sub(r"`+", "`", first_line(import_module(name))).replace("|", "\\|")
        lines.append(f"| {{py:mod}}`{name.rpartition('.')[2]} <{name}>` | {says} |")
    return "\n".join([*lines, "", ""])


def inline(text: str) -> list[nodes.Node]:
    """Return a line of a docstring: what stands between backticks is code."""
    words = re.split(r"`+([^`]+)`+", text)
    return [(nodes.literal if k % 2 else nodes.inline)("", word) for k, word in enumerate(words) if word]


def reference(env: BuildEnvironment, target: str, role: str, text: str) -> addnodes.pending_xref:
    """Return a reference to where something is documented."""
    options = {"refdoc": env.docname, "refexplicit": True, "refwarn": True}
    content = nodes.literal("", text)
    return addnodes.pending_xref("", content, refdomain="py", reftype=role, reftarget=target, **options)


class Api(SphinxDirective):
    """Document the modules of one folder; its name is the argument, the content names those that come first."""

    required_arguments, has_content = 1, True

    def run(self) -> list[nodes.Node]:
        """Return the sections; a name without a module is a warning."""
        package, first = self.arguments[0], " ".join(self.content).split()
        names = modules_in(package, first)
        known(self.env)[self.env.docname] = package, sorted(names)
        for name in set(first).difference(names):
            LOGGER.warning("There is no module %s.%s", package, name, location=self.get_location())
        text = "\n".join(SECTION.format(name=f"{package}.{name}") for name in names)
        parent = nodes.section()
        self.state.nested_parse(StringList(text.splitlines(), ""), self.content_offset, parent, match_titles=True)
        for node in list(self.state.document.findall(nodes.substitution_reference)):
            node.replace_self(nodes.Text(node.rawsource))  # |z| in a docstring is an absolute value
        head, table = nodes.section(), summary(f"{package}.{name}" for name in names)
        self.state.nested_parse(StringList(table.splitlines(), ""), self.content_offset, head)
        page = self.state.document.next_node(nodes.section)  # MyST has put the sections there, below its title
        page[1:1] = head.children
        return parent.children


class ApiContents(SphinxDirective):
    """List every public function of the folders whose pages the content names, in one line each."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return a section for each folder."""
        return [self.folder(name) for name in " ".join(self.content).split()]

    def folder(self, name: str) -> nodes.section:
        """Return the section of one folder, in the order of its page."""
        relative, path = self.env.relfn2path(f"{name}.md")
        self.env.note_dependency(relative)
        page = FOLDER.search(Path(path).read_text("utf-8"))
        package = import_module(page["package"])
        uri = self.env.app.builder.get_relative_uri(self.env.docname, relative.removesuffix(".md"))
        title = nodes.title("", "", nodes.reference("", package.__name__, internal=True, refuri=uri))
        says = nodes.paragraph("", "", *inline(first_line(package)))
        section = nodes.section("", title, says, ids=[package.__name__])
        for module in modules_in(package.__name__, page["modules"].split()):
            section += self.module(import_module(f"{package.__name__}.{module}"))
        return section

    def module(self, module: ModuleType) -> list[nodes.Node]:
        """Return the lines of one module."""
        self.env.note_dependency(module.__file__)
        link = reference(self.env, module.__name__, "mod", module.__name__.rpartition(".")[2])
        items = [
            nodes.list_item(
                "", nodes.paragraph("", "", reference(self.env, f"{module.__name__}.{name}", "obj", name), *says)
            )
            for name, line in members(module)
            for says in [[nodes.Text(": "), *inline(line)]]
        ]
        head = nodes.paragraph("", "", link, nodes.Text(". "), *inline(first_line(module)), classes=["api-module"])
        return [head, nodes.bullet_list("", *items, classes=["api-contents"])]


def known(env: BuildEnvironment) -> dict[str, tuple[str, list[str]]]:
    """Return the folder and its modules, for every page that documents one."""
    if not hasattr(env, "bookkit_api"):
        env.bookkit_api = {}
    return env.bookkit_api


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """Have a page read again whose folder has got a module, or lost one."""
    pages = {name: seen for name, seen in known(env).items() if name in env.found_docs}
    return [name for name, (package, modules) in pages.items() if modules_in(package) != modules]


def is_bare_field(app: Sphinx, what: str, name: str, member: object, skip: bool, options: object) -> bool | None:
    """Leave out the fields of a named tuple: the docstring of the tuple describes them."""
    return True if str(getattr(member, "__doc__", "")).startswith("Alias for field number") else None


def setup(app: Sphinx) -> None:
    """Register the directives ``api`` and ``api-contents``."""
    app.add_directive("api", Api)
    app.add_directive("api-contents", ApiContents)
    app.connect("autodoc-skip-member", is_bare_field)
    app.connect("env-get-outdated", outdated)
