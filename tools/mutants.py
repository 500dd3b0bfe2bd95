"""Small mistakes, made on purpose, and who notices: ``make mutants``.

    python tools/mutants.py package cells chains growth --sample 20
    python tools/mutants.py book --sample 12

A mutant is one function of the package with one mistake: a sign, a factor or a term left out, a transposed matrix, a
shifted index, another comparison, a constant off by one or by a tenth. ``package`` runs each through the tests of its
own module; ``book`` through the claims of each page that calls the function. A mutant that nobody notices survives
and is printed. Samples are drawn with a fixed seed.
"""

import argparse
import ast
import contextlib
import copy
import importlib
import inspect
import io
import random
import sys
import time
import types
from pathlib import Path
from typing import NamedTuple

import page_run
import pytest

QUIETLY = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
PACKAGE = page_run.ROOT / "code" / "bptt"
TAUGHT = ("cells", "chains", "growth", "learning/clipping", "learning/flow")  # what pages teach with their claims


class Mutant(NamedTuple):
    """One mistake: the module, the function, the number of the node in it, and what becomes of that node."""

    module: str
    function: str
    node: int
    change: str
    line: int
    before: str
    after: str

    def __str__(self):
        return f"{self.module}.{self.function}, line {self.line}: {self.before}  →  {self.after}"


# Making mistakes


def changes(node):
    """Yield what may go wrong at one node of a syntax tree: a name for it, and the node with the mistake."""
    if isinstance(node, ast.BinOp):
        yield from _arithmetic(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign lost", node.operand
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "not transposed", node.value
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        yield "comparison", _with(node, ops=[COMPARISONS[type(node.ops[0])]()])
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield "one more", ast.Constant(node.value + 1)
    elif isinstance(node, ast.Constant) and type(node.value) is float:
        yield "a tenth more", ast.Constant(node.value * 1.1 if node.value else 0.1)


COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}


def _arithmetic(node):
    if isinstance(node.op, (ast.Add, ast.Sub)):
        yield "other sign", _with(node, op=ast.Sub() if isinstance(node.op, ast.Add) else ast.Add())
        yield "term dropped", node.left
    elif isinstance(node.op, ast.Mult):
        yield "factor dropped", node.left
        yield "factor dropped", node.right
    elif isinstance(node.op, ast.MatMult):
        yield "order", _with(node, left=node.right, right=node.left)
    elif isinstance(node.op, ast.Div):
        yield "times for by", _with(node, op=ast.Mult())
    elif isinstance(node.op, ast.Pow):
        yield "power dropped", node.left


def _with(node, **parts):
    new = copy.copy(node)
    for name, part in parts.items():
        setattr(new, name, part)
    return new


GUARDS = {"count", "number", "float_array", "generator", "choice", "fields", "errstate", "check_trace"}


def silent(node):
    """Tell whether a node computes nothing that a reader sees: a docstring, a refusal, a guard, an annotation."""
    if isinstance(node, ast.If):
        return isinstance(node.body[-1], ast.Raise)
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).split(".")[-1] in GUARDS
    return isinstance(node, (ast.Raise, ast.Assert, ast.JoinedStr, ast.arguments)) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def walk(function):
    """Yield the nodes of a function that compute, with their numbers, the same in every copy of it."""
    stack, number = list(function.body), 0
    while stack:
        node = stack.pop()
        if silent(node):
            continue
        yield number, node
        number += 1
        stack += list(ast.iter_child_nodes(node))


def functions(tree):
    """Yield the functions and methods of a module."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{one.name}", one) for one in node.body if isinstance(one, ast.FunctionDef))


def mutants(path):
    """Return every mutant of a module."""
    module, found = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts), []
    for name, function in functions(ast.parse(path.read_text("utf-8"))):
        for number, node in walk(function):
            before = ast.unparse(node) if isinstance(node, ast.expr) else ""
            options = list(enumerate(changes(node)))
            found += [
                Mutant(module, name, number, f"{k} {what}", node.lineno, before, ast.unparse(new))
                for k, (what, new) in options
            ]
    return found


def apply(mutant):
    """Put the mistake into the module, wherever its function has already been imported to."""
    module = importlib.import_module(mutant.module)
    tree = ast.parse(inspect.getsource(module))
    function = dict(functions(tree))[mutant.function]
    node = next(node for number, node in walk(function) if number == mutant.node)
    new = list(changes(node))[int(mutant.change.split()[0])][1]
    ast.fix_missing_locations(ast.copy_location(new, node))
    _replace(function, node, new)
    found = _compiled(tree, module, mutant.function)
    original = module
    for part in mutant.function.split("."):
        original = inspect.getattr_static(original, part)
    _plain(original).__code__ = _plain(found).__code__


def _replace(function, old, new):
    for parent in ast.walk(function):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and old in value:
                value[value.index(old)] = new


def _compiled(tree, module, path):
    names = dict(vars(module))
    exec(compile(tree, module.__file__, "exec"), names)
    first, *rest = path.split(".")
    found = names[first]
    for part in rest:
        found = inspect.getattr_static(found, part)
    return found


def _plain(function):
    """The function inside a property, a class method, or a decorator."""
    while not isinstance(function, types.FunctionType) or hasattr(function, "__wrapped__"):
        function = getattr(function, "fget", None) or getattr(function, "__wrapped__", None) or function.__func__
    return function


# Who notices?


def tests_notice(mutant, tests):
    """Run a module's own tests against a mutant; tell whether one fails."""
    apply(mutant)
    return _passes(tests) != 0


def page_notices(mutant, page):
    """Run a page against a mutant; return the claim that fails, another error, or nothing."""
    apply(mutant)
    try:
        page_run.run(page, lambda cell, record: None)
    except AssertionError as error:
        return f"claim: {error}"
    except Exception as error:  # a page that stops has noticed too, but not by a claim
        return f"{type(error).__name__}: {error}"
    return ""


def taught(page):
    """Return the functions that a page teaches, as file and name: those it calls, and what these call in their file."""
    seen, cells = set(), f"{page_run.short(page)}:"

    def look(frame, event, _):
        code, caller = frame.f_code, frame.f_back
        if event != "call" or caller is None or not code.co_filename.startswith(str(PACKAGE)):
            return
        inside = caller.f_code.co_filename == code.co_filename
        if caller.f_code.co_filename.startswith(cells) or (inside and _name(caller.f_code) in seen):
            seen.add(_name(code))

    sys.setprofile(look)
    try:
        page_run.run(page, lambda cell, record: None)
    finally:
        sys.setprofile(None)
    rooms = {one for one in seen if one[0].removeprefix(f"{PACKAGE}/").startswith(TAUGHT)}
    return {(file, name) for file, name in rooms if name != "init"}  # a page's statements hold for any weights


def _name(code):
    return code.co_filename, code.co_qualname


def of_page(page):
    """Return the mutants of the functions that a page teaches."""
    called = taught(page)  # in this process, so that every mutant starts with all that the page imports
    return [
        mutant
        for file in sorted({file for file, _ in called})
        for mutant in mutants(Path(file))
        if (file, mutant.function) in called
    ]


# The two reports


def report(name, found, notice, seconds):
    """Try mutants one by one; print those that survive and the score; return killed and tried."""
    killed, lived = 0, []
    for k, mutant in enumerate(found):
        print(f"\r{name}: {k} of {len(found)} tried, {len(lived)} lived", end="", file=sys.stderr, flush=True)
        answer = page_run.in_child(notice, mutant, seconds=seconds)
        if answer or answer is None:  # a mutant that runs for ever is noticed
            killed += 1
        else:
            lived.append(mutant)
    print("\r", end="", file=sys.stderr)
    print(f"{name}: {killed} of {len(found)} noticed", flush=True)
    for mutant in lived:
        print(f"    lived: {mutant}", flush=True)
    return killed, len(found)


def sample(found, size):
    """Return so many mutants, drawn with a fixed seed; all of them where there are no more."""
    return found if size is None or len(found) <= size else sorted(random.Random(0).sample(found, size))


def package(rooms, size):
    """Try the mutants of every module of some rooms against the tests that bear the module's name."""
    for path in sorted(file for room in rooms for file in (PACKAGE / room).glob("[!_]*.py")):
        tests = sorted((page_run.ROOT / "tests" / path.parent.name).glob(f"test_{path.stem}*.py"))
        importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
        begin = time.monotonic()
        if page_run.in_child(_passes, tests):
            raise SystemExit(f"The tests of {path.stem} fail without any mutant")
        yield report(
            path.relative_to(PACKAGE).with_suffix("").as_posix(),
            sample(mutants(path), size),
            lambda mutant, tests=tests: tests_notice(mutant, tests),
            60 + 10 * (time.monotonic() - begin),
        )


def _passes(tests):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(pytest.main([*QUIETLY, *map(str, tests)]))


def book(names, size):
    """Try the mutants of what each page teaches against the page's claims."""
    for page in page_run.pages():
        name = page_run.short(page)
        if names and not any(part in name for part in names):
            continue
        begin = time.monotonic()
        if not (found := sample(of_page(page), size)):
            continue
        limit = 60 + 10 * (time.monotonic() - begin)
        yield report(name, found, lambda mutant, page=page: page_notices(mutant, page), limit)


def main(arguments=None):
    """Run one of the two reports, and print its score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["package", "book"])
    parser.add_argument("names", nargs="*", help="rooms of the package, or parts of pages' names; all when left out")
    parser.add_argument("--sample", type=int, help="mutants for each module or page; all when left out")
    options = parser.parse_args(arguments)
    rooms = options.names or ["cells", "chains", "growth"]
    scores = list(package(rooms, options.sample) if options.what == "package" else book(options.names, options.sample))
    killed, tried = (sum(column) for column in zip(*scores, strict=True))
    print(f"in all: {killed} of {tried} noticed, {killed / tried:.1%}")


if __name__ == "__main__":
    main()
