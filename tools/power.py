"""How sharply every claim of the course is tested: ``make power``.

A claim can be true and test nothing: a bound that is ten thousand times too wide, two sides that come from the same
function, a bare True. Each page is run, each claim says how much of its bound it used, and the weakest come first.
What stands below is listed in ``tests/book/power.toml`` with its reason; anything else ends the command with an error.
"""

import ast
import sys
import tomllib
from typing import NamedTuple

import page_run

REASONS = page_run.ROOT / "tests" / "book" / "power.toml"
LEAST = 0.1  # of its bound a claim uses at least this


class Finding(NamedTuple):
    """A claim that may test nothing: where it is, what it says, and why it is here."""

    page: str
    cell: str
    text: str
    why: str
    used: float


def weak(record):
    """Say what is weak about a claim, or nothing."""
    if record.kind == "condition":
        return "condition"
    if record.kind == "bound" and record.used is not None and record.used < LEAST and not record.negligible:
        return "slack"
    return ""


def tested(page):
    """Run a page; return the record of each claim, with the identifier of its cell in front."""
    heard = []
    page_run.run(page, lambda cell, record: heard.append([cell, *record]))
    return heard


# Which functions of the package do the two sides of an equality come from?


def modules(source):
    """Names under which a page knows the package: of modules, and of what it took from them."""
    names = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "bptt":
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
    return names


def called(node, known, origin):
    """Functions of the package behind an expression: called in it, or behind the names that it uses."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in known:
            found.add(f"{known[part.value.id]}.{part.attr}")
        elif isinstance(part, ast.Name):
            found |= origin.get(part.id, {known[part.id]} if part.id in known else set())
    return found


def targets(node):
    """Names that an assignment, a loop or a definition binds."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    wholes = getattr(node, "targets", [getattr(node, "target", None)])
    return {part.id for whole in wholes if whole for part in ast.walk(whole) if isinstance(part, ast.Name)}


def same_sides(sources):
    """Yield the texts of equalities whose two sides come from the same functions of the package, and from no others."""
    known, origin = modules("\n".join(sources)), {}
    drawn = {"init", "default_rng"}
    for node in ast.walk(ast.parse("\n".join(sources))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "claim" and len(node.args) == 3:
            sides = [
                {name for name in called(side, known, origin) if name.split(".")[-1] not in drawn}
                for side in node.args[1:]
            ]
            if sides[0] and sides[0] == sides[1] and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.For, ast.FunctionDef)):
            value = node if isinstance(node, ast.FunctionDef) else getattr(node, "value", getattr(node, "iter", None))
            for name in targets(node):
                origin[name] = origin.get(name, set()) | called(value, known, origin)


# The report


def findings(page):
    """Return what is weak on one page, worst first."""
    found = page_run.in_child(tested, page)
    if found is None:
        raise SystemExit(f"{page_run.short(page)} takes too long")
    same = set(same_sides([source for _, source in page_run.cells(page)]))
    name, weakest = page_run.short(page), []
    for cell, text, kind, used, negligible in found:
        record = page_run.checks.Record(text, kind, used, negligible)
        why = weak(record) or ("same" if text in same and kind in ("rounding", "exact") else "")
        if why:
            weakest.append(Finding(name, cell, text, why, used or 0.0))
    return sorted(weakest, key=lambda finding: finding.used), len(found)


def reasons():
    """Return the reason of each exception by the text of its claim."""
    tables = tomllib.loads(REASONS.read_text("utf-8")).values()
    return {text: reason for table in tables for text, reason in table.items()}


WORDS = {
    "slack": "uses {used:.2g} of its bound",
    "same": "both sides come from the same functions",
    "condition": "a bare condition",
}


def main():
    """Print every weak claim that has no reason, and how many have one; return the exit status."""
    excused, total, open_ = reasons(), 0, []
    for page in page_run.pages():
        weakest, count = findings(page)
        total += count
        open_ += [finding for finding in weakest if finding.text not in excused]
    for finding in sorted(open_, key=lambda one: (one.why, one.used)):
        print(f"{finding.page}  {WORDS[finding.why].format(used=finding.used)}: {finding.text}")
    print(f"{total} claims, {len(excused)} exceptions with a reason, {len(open_)} without")
    return bool(open_)


if __name__ == "__main__":
    sys.exit(main())
