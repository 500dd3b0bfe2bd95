"""The floors of the package: who may import whom, read from the source itself."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BPTT, BOOKKIT = ROOT / "code" / "bptt", ROOT / "code" / "bookkit"

# The rooms of the package, lowest floor first, and the packages of other people that a room may use. A room imports
# from the rooms below it, never from beside or above; the files of one room may use each other, but not in a circle.
FLOORS = [
    {"": {"numpy"}},
    {"cells": {"numpy", "scipy"}, "growth": {"numpy", "scipy"}},
    {
        "chains": {"numpy"},
        "referees": {"numpy", "torch", "sympy"},
        "learning": {"numpy", "scipy", "torch", "tqdm", "numba"},
    },
    {
        "experiments": {"numpy", "torch", "joblib", "tqdm"},
        "figures": {"numpy", "matplotlib", "matplotlib_inline"},
    },
    {"examine": {"numpy", "torch"}},
]
FLOOR = {room: height for height, floor in enumerate(FLOORS) for room in floor}
MAY_IMPORT = {room: packages for floor in FLOORS for room, packages in floor.items()}

MODULES = sorted(path for path in BPTT.glob("**/*.py") if path.name != "__init__.py")
every_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(BPTT).with_suffix("").as_posix()
)


def room_of(path):
    """The folder of a module within the package; the ground floor has no name."""
    return path.parent.relative_to(BPTT).as_posix().removeprefix(".")


def imports(source):
    """Full names of what a source imports, wherever in it: ``from bptt.cells import rnn`` is ``bptt.cells.rnn``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def trespasses(room, source):
    """What a module in a room imports but may not."""
    for name in imports(source):
        package, *rest = name.split(".")
        if package == "bptt":
            other = rest[0] if rest[0] in FLOOR else "" if (BPTT / f"{rest[0]}.py").exists() else None
            below = other is not None and (other == room or FLOOR[other] < FLOOR[room])
        else:
            below = package in sys.stdlib_module_names or package in MAY_IMPORT[room]
        if not below:
            yield name


@every_module
def test_every_module_stands_on_a_floor_and_imports_from_below(path):
    assert room_of(path) in FLOOR, "give the folder a place in FLOORS"
    assert list(trespasses(room_of(path), path.read_text(encoding="utf-8"))) == []


def test_the_rule_itself_catches_trespassers():
    assert list(trespasses("cells", "from bptt.chains import jacobians")) == ["bptt.chains.jacobians"]
    assert list(trespasses("cells", "from bptt.growth import spectra")) == ["bptt.growth.spectra"]
    assert list(trespasses("", "from bptt.cells import rnn")) == ["bptt.cells.rnn"]
    assert list(trespasses("cells", "def f():\n    import torch")) == ["torch"]
    assert list(trespasses("", "import bookkit.claims")) == ["bookkit.claims"]
    assert list(trespasses("", "from bptt import unheard_of")) == ["bptt.unheard_of"]
    assert list(trespasses("figures", "import math\nimport numpy as np\nfrom bptt.cells import rnn, lstm")) == []
    with pytest.raises(AssertionError, match="written in full"):
        list(imports("from . import rnn"))


def test_no_module_imports_in_a_circle():
    names = {".".join(path.relative_to(BPTT.parent).with_suffix("").parts): path for path in MODULES}
    needs = {
        name: {module for module in names for found in imports(path.read_text("utf-8")) if f"{found}.".startswith(f"{module}.")}
        for name, path in names.items()
    }  # fmt: skip
    graphlib.TopologicalSorter(needs).prepare()


def test_the_two_packages_do_not_know_each_other():
    for package, other in ((BPTT, "bookkit"), (BOOKKIT, "bptt")):
        for path in package.glob("**/*.py"):
            assert not [name for name in imports(path.read_text("utf-8")) if name.split(".")[0] == other], path.name


# Python's own module `code`


def test_code_is_a_folder_and_no_package():
    assert not (ROOT / "code" / "__init__.py").exists()
    for path in ROOT.glob("code/**/*.py"):
        assert not [name for name in imports(path.read_text("utf-8")) if name.split(".")[0] == "code"], path.name


def test_import_code_is_the_module_of_the_standard_library():
    ask = "import code, pdb; print(code.__file__); code.InteractiveConsole"
    found = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ROOT not in Path(found.strip()).parents
    assert Path(found.strip()).name == "code.py"


# Size and style


def code_lines(node, source):
    """Lines of a module, class or function that are code: no docstring, no comment, no blank line."""
    lines = source.splitlines()
    numbers = set(range(node.body[0].lineno, node.body[-1].end_lineno + 1))
    for inner in ast.walk(node):
        if isinstance(inner, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(inner) is not None:
            numbers -= set(range(inner.body[0].lineno, inner.body[0].end_lineno + 1))
    return sum(1 for number in numbers if lines[number - 1].strip() and not lines[number - 1].strip().startswith("#"))


@every_module
def test_modules_and_functions_are_short(path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert code_lines(tree, source) <= 150, "a module is about 150 lines at most, docstrings not counted"
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    long = {node.name: n for node in functions if (n := code_lines(node, source)) > 21}
    assert not long, "a function is about 10 lines, and no more than 21"


@every_module
def test_no_function_calls_itself(path):
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            calls = [node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]  # fmt: skip
            assert function.name not in calls, f"{function.name} calls itself: a chain of 1,100 steps would be too long"


@every_module
def test_every_module_has_its_tests(path):
    name = path.stem if path.stem != "__main__" else f"{path.parent.name}_command"  # no two test files have one name
    assert (ROOT / "tests" / room_of(path) / f"test_{name}.py").exists()


@every_module
def test_every_public_name_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.stem}.{node.name}"


def test_there_is_no_drawer_for_odds_and_ends():
    assert not [
        path for path in ROOT.glob("code/**/*.py") if path.stem in {"utils", "util", "helpers", "common", "misc"}
    ]
    for path in BPTT.glob("**/__init__.py"):
        (docstring,) = ast.parse(path.read_text(encoding="utf-8")).body
        assert isinstance(docstring, ast.Expr), "a room's own file says what is in it, and no more"
