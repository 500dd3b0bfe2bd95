"""The files around the book: they name the same versions, and what they promise exists."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = ["book", "pdf", "test", "check", "lint", "coverage", "serve", "lab", "notebooks", "bench", "power", "mutants", "clean"]


def lines(name):
    """Return the lines of a requirements file that are neither blank nor comment nor option."""
    text = (ROOT / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith(("#", "-"))]


def requirements(name):
    return [Requirement(line) for line in lines(name)]


def only(specifier):
    (single,) = specifier
    return single


# --- versions -------------------------------------------------------------------------------------


def test_what_bptt_needs_is_required_in_the_same_words():
    assert set(PROJECT["dependencies"]) <= set(lines("requirements.txt"))


def imported(path):
    """Yield the top-level name of every module that a file imports, but for one that it tries and can do without."""
    tree = ast.parse(path.read_text("utf-8"))
    tried = {part for node in ast.walk(tree) if isinstance(node, ast.Try) for part in ast.walk(node)}
    for node in (node for node in ast.walk(tree) if node not in tried):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def test_bptt_imports_nothing_that_pip_would_not_bring_with_it():
    """Every page has it anyway, through Jupyter; a reader who installs the package alone has not."""
    brought = {Requirement(line).name.replace("-", "_") for line in PROJECT["dependencies"]}
    for path in (ROOT / "code/bptt").rglob("*.py"):
        assert set(imported(path)) - sys.stdlib_module_names - {"bptt"} <= brought, path.name


def test_every_constraint_is_one_exact_version_from_an_index():
    for constraint in requirements("constraints.txt"):
        pin = only(constraint.specifier)
        assert pin.operator == "==", constraint
        assert not pin.version.endswith("*"), constraint
        assert "+" not in pin.version, constraint
        assert constraint.url is None, constraint


def test_a_package_constrained_twice_is_so_for_different_pythons():
    named = [canonicalize_name(constraint.name) for constraint in requirements("constraints.txt")]
    for constraint in requirements("constraints.txt"):
        assert named.count(canonicalize_name(constraint.name)) == 1 or constraint.marker, constraint


def test_every_requirement_is_constrained_to_a_version_it_allows():
    pins = {canonicalize_name(pin.name): only(pin.specifier).version for pin in requirements("constraints.txt")}
    extras = [Requirement(line) for extra in PROJECT["optional-dependencies"].values() for line in extra]
    for requirement in [*requirements("requirements.txt"), *extras]:
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_the_version_is_the_same_wherever_it_is_told():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_licences_carry_the_same_year_and_name():
    code, text = ((ROOT / name).read_text("utf-8") for name in ("LICENSE", "LICENSE-text"))
    line = re.compile(r"Copyright \(c\) \d{4} The Gradients Through Time authors")
    assert line.search(code)[0] == line.search(text)[0]


# --- Binder ---------------------------------------------------------------------------------------


def test_binder_takes_the_cpu_build_of_the_same_torch():
    (torch,) = (line for line in lines(".binder/requirements.txt") if line.startswith("torch"))
    assert torch.removesuffix("+cpu") in PROJECT["dependencies"]
    assert torch.endswith("+cpu")
    assert "https://download.pytorch.org/whl/cpu" in (ROOT / ".binder/requirements.txt").read_text("utf-8")


def test_binder_asks_for_nothing_else_than_make():
    asked = {line.removesuffix("+cpu") for line in lines(".binder/requirements.txt")}
    assert any(line.startswith("jupyterlab-myst") for line in asked)
    assert asked <= set(lines("requirements.txt"))


def test_jupyterlab_takes_the_extension_that_renders_directives():
    command = [sys.executable, "-m", "jupyterlab.labextensions", "list"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    (line,) = (line for line in (told.stdout + told.stderr).splitlines() if "jupyterlab-myst v" in line)
    assert "enabled" in line
    assert "OK" in line


@pytest.mark.skipif(sys.platform == "win32", reason="repo2docker does not run on Windows")
def test_binder_can_turn_the_repository_into_an_image():
    command = [
        sys.executable,
        "-m",
        "repo2docker",
        "--no-build",
        "--debug",
        "--user-id=1000",
        "--user-name=reader",
        ".",
    ]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    dockerfile = told.stdout + told.stderr
    assert told.returncode == 0, dockerfile
    assert "environment_2epy_2d3_2e11" in dockerfile.replace("-", "_")
    copies, installs = dockerfile.index("COPY --chown=1000:1000 src/ ${REPO_DIR}/"), dockerfile.index("pip install")
    assert copies < dockerfile.index('pip install --no-cache-dir -r ".binder/requirements.txt"') == installs


# --- the two commands and CI ----------------------------------------------------------------------

needs_make = pytest.mark.skipif(sys.platform == "win32" or not shutil.which("make"), reason="no make, or Windows'")


def make(*arguments, **variables):
    """Run make as a reader would, also when these tests were themselves started by make."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | variables
    return subprocess.run(["make", *arguments], cwd=ROOT, env=outside, capture_output=True, text=True, check=False)


@needs_make
def test_make_alone_explains_every_target():
    assert [line.split()[1] for line in make().stdout.splitlines()] == ["help", *TARGETS]


@needs_make
def test_a_missing_python_is_told_in_a_sentence():
    told = make("env", "PYTHON=python9")
    assert told.returncode
    assert told.stdout == "No environment: there is no python9, and the course needs Python 3.11 to 3.13.\n"


@needs_make
def test_make_finds_a_locale_and_a_home_where_there_are_none(tmp_path):
    told = make("--print-data-base", "--dry-run", "lint", LC_ALL="C", HOME=str(tmp_path / "nowhere")).stdout.splitlines()
    assert "LC_ALL := C.UTF-8" in told
    assert f"HOME := {ROOT}/_build/home" in told


def test_the_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make book" in readme
    assert "make test" in readme


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permission")
def test_ci_runs_as_a_program():
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.mark.skipif(sys.platform == "win32", reason="a script for bash")
@pytest.mark.parametrize(
    ("said", "status", "last"),
    [
        ("=== 31 passed in 4.2s ===", 0, "31 passed, 0 failed"),
        ("= 2 failed, 31 passed, 3 skipped, 1 xfailed, 1 error in 448.0s (0:07:28) =", 2, "31 passed, 3 failed"),
        ("=== 31 passed in 4.2s ===\nmake: *** [Makefile:37: lint] Error 1", 2, "31 passed, 1 failed"),
        ("out of memory", 2, "0 passed, 1 failed"),
    ],
)
def test_the_last_line_of_ci_sums_up(tmp_path, said, status, last):
    for name, body in {"make": f"echo '{said}'; exit {status}", "chromium": "", "python3": ""}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    outside = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([ROOT / ".ci/run"], env=outside, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (status, last)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_says_what_it_prevents_and_may_only_read(path):
    text = path.read_text("utf-8")
    assert text.startswith("# Prevents: ")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in text
    for name, job in workflow["jobs"].items():
        assert "timeout-minutes" in job, name
        assert "permissions" not in job or name == "deploy", name


def test_only_the_deployment_may_write_and_it_runs_none_of_our_code():
    deploy = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text("utf-8"))["jobs"]["deploy"]
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"}
    assert all("run" not in step for step in deploy["steps"])


def test_no_file_names_a_registry():
    """A reader behind a mirror needs no edit: where packages come from is for pip and npm to know."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    hosts = re.compile(r"pypi\.(org|python)|python" r"hosted|registry\.npm" r"js|deb\.debian")
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and path != Path(__file__):
            assert not hosts.search(path.read_text("utf-8", errors="ignore")), name
