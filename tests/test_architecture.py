"""The floors of the package: who may import whom, read from the source itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BPTT, BOOKKIT = ROOT / "code" / "bptt", ROOT / "code" / "bookkit"

# The one table of floors, the lowest first. A module imports from floors below its own, never from beside or above,
# and from other people's packages only those named here. The ground floor holds what everything may stand on.
FLOORS = [
    {"arguments": {"numpy"}, "records": set(), "source": set()},
    {
        "activations": {"numpy", "scipy"},
        "checks": {"numpy"},
        "clipping": {"numpy"},
        "diagnose": {"numpy", "torch"},
        "intervals": {"scipy"},
        "matrices": {"numpy", "scipy"},
        "meanfield": {"numpy", "scipy"},
        "networks": {"numpy", "torch"},
        "one_unit": {"numpy", "scipy"},
        "provenance": set(),
        "scaled": {"numpy"},
        "spectra": {"numpy", "scipy"},
        "stacked_cells": {"torch"},
        "sweep": {"joblib", "tqdm"},
        "tasks": {"numpy"},
    },
    {
        "rnn": {"numpy"},
        "lstm": {"numpy"},
        "gru": {"numpy"},
        "powers": {"numpy", "scipy"},
        "symbolic": {"sympy"},
        "symbolic_jacobian": {"sympy"},
        "symbolic_lstm": {"sympy"},
        "training": {"numpy", "torch", "tqdm"},
    },
    {
        "jacobians_lstm": {"numpy"},
        "driven": {"numpy"},
        "lyapunov": {"numpy", "scipy"},
        "autograd": {"numpy", "torch"},
        "stacked": {"numpy", "torch", "tqdm"},
    },
    {
        "jacobians": {"numpy"},
        "paths": {"numpy"},
        "autograd_lstm": {"numpy", "torch"},
        "experiments": {"numpy", "torch"},
    },
    {
        "miniatures": {"numpy"},
        "plotting": {"numpy", "matplotlib", "matplotlib_inline"},
        "replication": {"numpy"},
    },
    {"explore": {"numpy", "matplotlib"}, "shapes": {"numpy", "matplotlib"}},
    {"diagrams": {"numpy"}, "diagrams_lstm": {"numpy"}, "fan": {"numpy", "matplotlib"}},
]
FLOOR = {module: height for height, floor in enumerate(FLOORS) for module in floor}
MAY_IMPORT = {module: packages for floor in FLOORS for module, packages in floor.items()}

# Heavy packages have few doors.
ONLY_IN = {
    "sympy": {"symbolic", "symbolic_jacobian", "symbolic_lstm"},
    "torch": {
        "autograd",
        "autograd_lstm",
        "diagnose",
        "experiments",
        "networks",
        "stacked",
        "stacked_cells",
        "training",
    },
    "joblib": {"sweep"},
    "tqdm": {"stacked", "sweep", "training"},
    "matplotlib": {"plotting", "explore", "shapes", "fan"},
}

MODULES = sorted(path for path in BPTT.glob("*.py") if path.name != "__init__.py")
every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)


def imports(source):
    """Full names of what a source imports, wherever in it: ``from bptt import rnn`` is ``bptt.rnn``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            yield from (
                (f"{node.module}.{alias.name}" if node.module == "bptt" else node.module) for alias in node.names
            )


def trespasses(module, source):
    """What a module of the package imports but may not."""
    for name in imports(source):
        package, _, rest = name.partition(".")
        if package == "bptt":
            below = FLOOR.get(rest.split(".")[0], len(FLOORS)) < FLOOR[module]
        else:
            below = package in sys.stdlib_module_names or package in MAY_IMPORT[module]
        if not below:
            yield name


@every_module
def test_every_module_stands_on_a_floor_and_imports_from_below(path):
    assert path.stem in FLOOR, "give the module a place in FLOORS"
    assert list(trespasses(path.stem, path.read_text(encoding="utf-8"))) == []


def test_the_rule_itself_catches_trespassers():
    assert list(trespasses("rnn", "from bptt.jacobians import product")) == ["bptt.jacobians"]
    assert list(trespasses("rnn", "from bptt import lstm, activations")) == ["bptt.lstm"]
    assert list(trespasses("rnn", "import bptt.plotting")) == ["bptt.plotting"]
    assert list(trespasses("rnn", "def f():\n    import torch")) == ["torch"]
    assert list(trespasses("rnn", "from scipy.special import expit")) == ["scipy.special"]
    assert list(trespasses("checks", "import bookkit.pages")) == ["bookkit.pages"]
    assert list(trespasses("checks", "from bptt import unheard_of")) == ["bptt.unheard_of"]
    assert list(trespasses("diagrams", "import math\nimport numpy as np\nfrom bptt.plotting import INK")) == []
    with pytest.raises(AssertionError, match="written in full"):
        list(imports("from . import rnn"))


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_heavy_package_has_few_doors(package):
    doors = {
        path.stem for path in MODULES for name in imports(path.read_text("utf-8")) if name.split(".")[0] == package
    }
    assert doors <= ONLY_IN[package]


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
    assert (ROOT / "tests" / f"test_{path.stem}.py").exists()


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
    (docstring,) = ast.parse((BPTT / "__init__.py").read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
