"""What replaying the pages does not see: counts, figures, lengths, exercises, and a check after every statement.

Each rule takes a notebook and yields what is wrong with it. The second half of this file breaks every rule once.
"""

import ast
import copy
import re
from collections import Counter
from pathlib import Path
from statistics import median

import nbformat
import pytest
import yaml

CHAPTERS = Path(__file__).parents[2] / "chapters"
PAGES = sorted(path for path in CHAPTERS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
LESSONS = [path for path in PAGES if path.parent != CHAPTERS]  # index is none: it only shows a picture
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def read(path):
    return nbformat.read(path, as_version=4)


def name(path):
    return path.relative_to(CHAPTERS).with_suffix("").as_posix()


# What a page consists of

TOKEN = re.compile(
    r"""
      ^[`:]{3,}\{exercise-start\}[^\n]*\n(?::[\w-]+:[^\n]*\n)*?:label:\s*(?P<exercise>\S+)
    | ^[`:]{3,}\{(?P<exercise_end>exercise-end)\}
    | ^[`:]{3,}\{solution-start\}\s*(?P<solution>\S+)(?P<options>(?:\n:[\w-]+:[^\n]*)*)
    | ^[`:]{3,}\{(?P<solution_end>solution-end)\}
    | ^[`:]{3,}\{(?P<hint>hint)\}
    | ^[`:]{3,}\{(?P<proof>prf:(?!proof)[\w-]+)\}(?P<title>[^\n]*)
    | ^[`:]{3,}\{math\}[^\n]*(?:\n:[\w-]+:[^\n]*)*?\n:label:\s*(?P<math>\S+)
    | \$\$[ \t]*\((?P<equation>[^)\s]+)\)[ \t]*$
    | \\begin\{(?P<environment>equation|align|gather|multline|eqnarray)\}
    """,
    re.VERBOSE | re.MULTILINE,
)
STATEMENTS = {"proof", "math", "equation", "environment"}
TITLE = re.compile(r"\} ★{1,3} \S.* \(\d+ minutes\)$")


def code_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def printed(cell):
    """What a code cell shows as text."""
    for output in cell.outputs:
        yield output.get("text", "")
        yield from (text for kind, text in output.get("data", {}).items() if kind.startswith("text/"))


def claims(cell):
    """Texts of the claims that a code cell has printed, without the bound."""
    lines = (line for text in printed(cell) for line in text.splitlines())
    return [line[2:].split(" — ")[0].split(" [a")[0].strip() for line in lines if line.startswith("✓ ")]


def tokens(nb):
    """Statements, claims, and the beginnings and ends of exercises and solutions, in the order of the page."""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for match in TOKEN.finditer(cell.source):
                kind = next(key for key in match.groupdict() if match[key] is not None)
                label = match["title"].strip() or match["proof"] if kind == "proof" else match[kind]
                yield ("statement" if kind in STATEMENTS else kind), label, match
        elif cell.cell_type == "code":
            yield from (("claim", text, None) for text in claims(cell))


# The rules


def is_executed_once_from_top_to_bottom(nb):
    counts = [cell.execution_count for cell in code_cells(nb)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}"


def prints_no_warning_and_no_error(nb):
    for cell in code_cells(nb):
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                yield f"cell {cell.id} shows {output.get('ename', output.get('text', ''))!r}"


def hides_nothing_behind_a_semicolon(nb):
    for cell in code_cells(nb):
        if any(line.rstrip().endswith(";") for line in cell.source.splitlines()):
            yield f"a line of cell {cell.id} ends in a semicolon: nbval would see other output than the reader"


def needs_nothing_but_the_installed_package(nb):
    for cell in code_cells(nb):
        for word in re.findall(
            r"sys\.path|get_ipython|^\s*[%!]+\w.*$|^\s*\w[\w, ]*=\s*[%!]+\w.*$", cell.source, re.MULTILINE
        ):
            yield f"cell {cell.id} uses {word.strip()!r}"


def has_one_idea_per_cell(nb):
    lengths = {cell.id: length(cell.source) for cell in code_cells(nb)}
    if lengths and median(lengths.values()) > 5:
        yield f"the median cell has {median(lengths.values())} lines; the house wants 3, and takes 5"
    for cell, lines in lengths.items():
        if lines > 20:
            yield f"cell {cell} has {lines} lines; the house wants 12, and takes 20"


def length(source):
    """Lines that are not blank. A claim counts as one, folded to fit the column; so do all imports of a cell together."""
    nodes = list(ast.walk(ast.parse(source)))
    claims = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "claim"]
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    folds = sum(claim.end_lineno - claim.lineno for claim in claims)
    folds += sum(one.end_lineno - one.lineno + 1 for one in imports) - bool(imports)
    return len([line for line in source.splitlines() if line.strip()]) - folds


def names_the_kernel_and_no_machine(nb):
    if dict(nb.metadata) != {"kernelspec": KERNEL, "language_info": {"name": "python"}}:
        yield f"the metadata is {dict(nb.metadata)}"
    for cell in nb.cells:
        if strange := set(cell.metadata) - {"mystnb", "tags"}:
            yield f"the metadata of cell {cell.id} holds {sorted(strange)}"


def names_every_cell(nb):
    for cell, times in Counter(cell.id for cell in nb.cells).items():
        if times > 1:
            yield f"{times} cells are called {cell}"
        if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?", cell) or not re.fullmatch(r"[a-z][a-z0-9-]+", cell):
            yield f"the name {cell} was drawn by chance, or cannot be an anchor"


def describes_every_figure(nb):
    for cell in code_cells(nb):
        figures = sum(any(kind.startswith("image/") for kind in output.get("data", {})) for output in cell.outputs)
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if figures > 1:
            yield f"cell {cell.id} shows {figures} figures; one has a description"
        if figures and len(alt.split()) < 5:
            yield f"the figure of cell {cell.id} has no alternative text in mystnb.image.alt"
        if alt and not figures:
            yield f"cell {cell.id} describes a figure that it does not show"
        if figures and cell.source.strip().splitlines()[-1] != "plt.show()":
            yield f"cell {cell.id} shows a figure, but does not end in plt.show()"


def shows_its_tables_as_tables(nb):
    for cell in code_cells(nb):
        tables = [o for o in cell.outputs if "".join(o.get("data", {}).get("text/markdown", "")).startswith("|")]
        if tables and cell.metadata.get("mystnb", {}).get("markdown_format") != "myst":
            yield f"the table of cell {cell.id} needs mystnb.markdown_format: myst in its metadata"


def rounds_what_it_prints(nb):
    for cell in code_cells(nb):
        for text in printed(cell):
            for number in re.findall(r"(?<![\w.])\d*\.\d+(?:e[-+]?\d+)?", text):
                if len(number.split("e")[0].replace(".", "").lstrip("0")) > 8:
                    yield f"cell {cell.id} prints {number}"
            if address := re.search(r"0x[0-9a-f]{6,}|/home/|/tmp/|site-packages", text):
                yield f"cell {cell.id} prints {address[0]}, which differs from machine to machine"


def follows_every_statement_with_a_claim(nb):
    seen, inside, pending = False, False, {False: None, True: None}  # in a solution: inside is True
    for kind, label, _ in tokens(nb):
        if kind == "statement":
            if pending[inside]:
                yield f"no ✓ between {pending[inside]} and {label}"
            pending[inside], seen = label, True
        elif kind == "claim":
            if not seen and not inside:
                yield f"a ✓ before the first statement: {label}"
            pending[inside] = None
        elif kind == "solution":
            inside = True
        elif kind == "solution_end":
            if pending[True]:
                yield f"no ✓ between {pending[True]} and the end of its solution"
            inside, pending[True] = False, None
    if pending[False]:
        yield f"no ✓ between {pending[False]} and the end of the page"


def claims_nothing_twice(nb):
    for text, times in Counter(text for cell in code_cells(nb) for text in claims(cell)).items():
        if times > 1:
            yield f"{times} claims read: {text}"


def solves_its_exercises(nb):
    exercises, place = {}, None
    for kind, label, match in tokens(nb):
        if kind == "exercise":
            exercises[place := label] = set()
            if not TITLE.search(match[0].splitlines()[0]):
                yield f"the title of {label} is not like ★★ Two switches (10 minutes)"
        elif kind == "solution":
            if label not in exercises:
                yield f"the solution of {label} has no exercise before it"
            place = label
            exercises.setdefault(label, set()).add("solution")
            if re.search(r":class:.*\bdropdown\b", match["options"]):
                exercises[label].add("fold around its solution")
        elif place and kind in ("hint", "exercise_end", "solution_end"):
            exercises[place].add(kind.replace("_end", "'s end"))
        elif place and kind == "claim" and "solution" in exercises[place] and "solution's end" not in exercises[place]:
            exercises[place].add("✓ in its solution")
    wanted = {"exercise's end", "hint", "solution", "fold around its solution", "✓ in its solution", "solution's end"}
    for label, found in exercises.items():
        for missing in sorted(wanted - found):
            yield f"exercise {label} has no {missing}"
    if len(exercises) < 4:
        yield f"there are {len(exercises)} exercises, and a page has at least four"
    if not any("If you do only two" in cell.source for cell in nb.cells):
        yield "no sentence says which exercises to do if one does only two"


def begins_with_an_unnumbered_title(nb):
    first = nb.cells[0].source.splitlines()[0] if nb.cells else ""
    if nb.cells[0].cell_type != "markdown" or not re.fullmatch(r"# (?!\d)\S.*", first):
        yield f"the page begins with {first!r}"


RULES = [
    is_executed_once_from_top_to_bottom,
    prints_no_warning_and_no_error,
    hides_nothing_behind_a_semicolon,
    needs_nothing_but_the_installed_package,
    has_one_idea_per_cell,
    names_the_kernel_and_no_machine,
    names_every_cell,
    describes_every_figure,
    shows_its_tables_as_tables,
    rounds_what_it_prints,
    follows_every_statement_with_a_claim,
    claims_nothing_twice,
    solves_its_exercises,
    begins_with_an_unnumbered_title,
]
FOR_ALL = [rule for rule in RULES if rule not in (has_one_idea_per_cell, solves_its_exercises)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_a_lesson(path, rule):
    assert list(rule(read(path))) == []


@pytest.mark.parametrize("rule", FOR_ALL, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", [path for path in PAGES if path not in LESSONS], ids=name)
def test_another_page(path, rule):
    assert list(rule(read(path))) == []


# The book


def files_of_toc():
    def walk(node):
        for child in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
            yield from walk(child)
        if isinstance(node, dict):
            yield from (node[key] for key in ("file", "root") if key in node)

    return set(walk(yaml.safe_load((CHAPTERS.parent / "_toc.yml").read_text(encoding="utf-8"))))


def test_every_page_is_in_the_table_of_contents():
    assert {f"chapters/{name(path)}" for path in PAGES} <= files_of_toc()


def test_everything_in_the_table_of_contents_exists():
    missing = [file for file in files_of_toc() if not any((CHAPTERS.parent / f"{file}{end}").exists() for end in (".md", ".ipynb"))]  # fmt: skip
    assert not missing


def test_no_two_pages_make_the_same_claim():
    texts = Counter(
        text for path in PAGES for text in {text for cell in code_cells(read(path)) for text in claims(cell)}
    )
    assert [text for text, times in texts.items() if times > 1] == []


def test_no_two_pages_label_two_statements_alike():
    labels = Counter(
        label for path in PAGES for kind, label, match in tokens(read(path)) if match and match["equation"]
    )
    assert [label for label, times in labels.items() if times > 1] == []


# The proof that the rules can fail: a small page that is right, and the ways to spoil it


def markdown(id, source):
    return nbformat.v4.new_markdown_cell(source, id=id)


def code(id, source, text=None):
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)] if text else []
    return nbformat.v4.new_code_cell(source, id=id, outputs=outputs)


def exercise(k):
    return [
        markdown(f"ex-{k}", f"```{{exercise-start}} ★ Exercise (5 minutes)\n:label: ex-{k}\n```\nDo it.\n```{{exercise-end}}\n```\n\n:::{{hint}}\n:class: dropdown\nTry.\n:::"),
        markdown(f"sol-{k}", f"```{{solution-start}} ex-{k}\n:class: dropdown\n```\nDone."),
        code(f"sol-{k}-code", "claim(...)", f"✓ Solution {k} is right — exactly equal\n"),
        markdown(f"sol-{k}-end", "```{solution-end}\n```"),
    ]  # fmt: skip


def good_page():
    cells = [
        markdown("title", "# A page\n\nWith a derivation $$1 + 1 = 2$$ in it."),
        code("setup", "import numpy as np"),
        markdown("equation", "So\n\n$$a = b$$ (eq-one)\n\nholds."),
        code("claim-one", "claim(...)", "✓ One holds — relative error < 1e-12 [article 1.1]\n"),
        markdown("theorem", ":::{prf:theorem} Two\n:label: thm-two\nIt is so.\n:::"),
        code("claim-two", "claim(...)\nclaim(...)", "✓ Two holds\n✓ Two holds elsewhere — at most 0.25\n"),
        code("figure", "ax.plot(x)\nplt.show()"),
        markdown("exercises", "## Exercises\n\nIf you do only two, take the first and the last."),
        *(cell for k in range(4) for cell in exercise(k)),
    ]
    nb = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    cell(nb, "figure").outputs = [figure()]
    cell(nb, "figure").metadata["mystnb"] = {"image": {"alt": "A curve that falls from left to right."}}
    return renumbered(nb)


def figure():
    return nbformat.v4.new_output(
        "display_data", {"image/png": "iVBOR", "text/plain": "<Figure size 640x340 with 1 Axes>"}
    )


def renumbered(nb):
    for count, one in enumerate(code_cells(nb), 1):
        one.execution_count = count
    return nb


def cell(nb, id):
    return next(cell for cell in nb.cells if cell.id == id)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rules_let_a_good_page_pass(rule):
    assert list(rule(good_page())) == []


def put(place, **fields):
    """Spoil one cell."""
    return lambda nb: cell(nb, place).update(fields)


def drop(id):
    """Take one cell away."""
    return lambda nb: nb.cells.remove(cell(nb, id))


def replace(id, old, new):
    """Change the source of a cell."""
    return lambda nb: cell(nb, id).update(source=cell(nb, id).source.replace(old, new))


def says(id, text, stream="stdout"):
    """Let a code cell print something else."""
    return put(id, outputs=[nbformat.v4.new_output("stream", name=stream, text=text)])


def shows(id, text):
    """Let a code cell end in a value."""
    return put(id, outputs=[nbformat.v4.new_output("execute_result", {"text/plain": text})])


SPOILED = [
    (is_executed_once_from_top_to_bottom, put("setup", execution_count=None), "execution counts are [None, 2, "),
    (is_executed_once_from_top_to_bottom, put("setup", execution_count=7), "execution counts are [7, 2, "),
    (prints_no_warning_and_no_error, says("setup", "Warning", stream="stderr"), "cell setup shows 'Warning'"),
    (prints_no_warning_and_no_error, put("setup", outputs=[nbformat.v4.new_output("error", ename="ValueError")]), "cell setup shows 'ValueError'"),
    (hides_nothing_behind_a_semicolon, replace("figure", "ax.plot(x)", "ax.plot(x);"), "a line of cell figure ends in a semicolon"),
    (needs_nothing_but_the_installed_package, put("setup", source="import sys\nsys.path.append('..')"), "cell setup uses 'sys.path'"),
    (needs_nothing_but_the_installed_package, put("setup", source="%matplotlib inline"), "cell setup uses '%matplotlib inline'"),
    (needs_nothing_but_the_installed_package, put("setup", source="x = 1\n!ls"), "cell setup uses '!ls'"),
    (needs_nothing_but_the_installed_package, put("setup", source="files = !ls"), "cell setup uses 'files = !ls'"),
    (has_one_idea_per_cell, put("setup", source="x = 1\n" * 21), "cell setup has 21 lines"),
    (has_one_idea_per_cell, lambda nb: [one.update(source="x = 1\n" * 6) for one in code_cells(nb)], "the median cell has 6"),
    (names_the_kernel_and_no_machine, lambda nb: nb.metadata.kernelspec.update(name="my-env"), "the metadata is {"),
    (names_the_kernel_and_no_machine, lambda nb: nb.metadata.language_info.update(version="3.11.7"), "the metadata is {"),
    (names_the_kernel_and_no_machine, put("setup", metadata={"execution": {"iopub.status.busy": "2025"}}), "the metadata of cell setup holds ['execution']"),
    (names_every_cell, put("claim-two", id="setup"), "2 cells are called setup"),
    (names_every_cell, put("setup", id="0f3a9c1e"), "the name 0f3a9c1e was drawn by chance"),
    (names_every_cell, put("setup", id="My_Cell"), "the name My_Cell was drawn by chance"),
    (describes_every_figure, put("figure", metadata={}), "the figure of cell figure has no alternative text"),
    (describes_every_figure, put("figure", metadata={"mystnb": {"image": {"alt": "A plot."}}}), "the figure of cell figure has no alternative text"),
    (describes_every_figure, put("figure", outputs=[figure(), figure()]), "cell figure shows 2 figures"),
    (describes_every_figure, put("figure", outputs=[]), "cell figure describes a figure that it does not show"),
    (describes_every_figure, put("figure", source="plt.show()\nax"), "cell figure shows a figure, but does not end in plt.show()"),
    (shows_its_tables_as_tables, put("setup", outputs=[nbformat.v4.new_output("display_data", {"text/markdown": "| a |\n|---|"})]), "the table of cell setup needs mystnb.markdown_format"),
    (rounds_what_it_prints, shows("setup", "0.12345678901"), "cell setup prints 0.12345678901"),
    (rounds_what_it_prints, says("setup", "error 1.2345678901e-16\n"), "cell setup prints 1.2345678901e-16"),
    (rounds_what_it_prints, shows("setup", "<matplotlib.legend.Legend at 0x7f58025cc400>"), "cell setup prints 0x7f58025cc400"),
    (follows_every_statement_with_a_claim, drop("claim-one"), "no ✓ between eq-one and Two"),
    (follows_every_statement_with_a_claim, says("claim-one", "One holds\n"), "no ✓ between eq-one and Two"),
    (follows_every_statement_with_a_claim, drop("claim-two"), "no ✓ between Two and the end of the page"),
    (follows_every_statement_with_a_claim, replace("equation", "holds.", "and\n\n$$b = c$$ (eq-three)"), "no ✓ between eq-one and eq-three"),
    (follows_every_statement_with_a_claim, replace("equation", "holds.", "and\n\n\\begin{align}b = c\\end{align}"), "no ✓ between eq-one and align"),
    (follows_every_statement_with_a_claim, replace("equation", "holds.", "```{math}\n:label: eq-four\nb = c\n```"), "no ✓ between eq-one and eq-four"),
    (follows_every_statement_with_a_claim, says("setup", "✓ Too early\n"), "a ✓ before the first statement: Too early"),
    (follows_every_statement_with_a_claim, replace("sol-3-end", "```{", "$$b = c$$ (eq-late)\n\n```{"), "no ✓ between eq-late and the end of its solution"),
    (claims_nothing_twice, says("claim-two", "✓ One holds — exactly equal\n"), "2 claims read: One holds"),
    (solves_its_exercises, drop("ex-2"), "the solution of ex-2 has no exercise before it"),
    (solves_its_exercises, drop("sol-2"), "exercise ex-2 has no solution"),
    (solves_its_exercises, drop("sol-2-code"), "exercise ex-2 has no ✓ in its solution"),
    (solves_its_exercises, drop("sol-2-end"), "exercise ex-2 has no solution's end"),
    (solves_its_exercises, replace("sol-2", ":class: dropdown\n", ""), "exercise ex-2 has no fold around its solution"),
    (solves_its_exercises, replace("ex-2", ":::{hint}", ":::{note}"), "exercise ex-2 has no hint"),
    (solves_its_exercises, replace("ex-2", "{exercise-end}", ""), "exercise ex-2 has no exercise's end"),
    (solves_its_exercises, lambda nb: [drop(id)(nb) for id in ("ex-3", "sol-3", "sol-3-code", "sol-3-end")], "there are 3 exercises"),
    (solves_its_exercises, replace("ex-1", "★ ", ""), "the title of ex-1 is not like ★★"),
    (solves_its_exercises, replace("ex-1", "5 minutes", "short"), "the title of ex-1 is not like ★★"),
    (solves_its_exercises, drop("exercises"), "no sentence says which exercises to do"),
    (begins_with_an_unnumbered_title, replace("title", "# A page", "# 1.2 A page"), "the page begins with '# 1.2 A page'"),
    (begins_with_an_unnumbered_title, drop("title"), "the page begins with 'import numpy as np'"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "spoil", "complaint"), SPOILED, ids=[case[2] for case in SPOILED])  # fmt: skip
def test_a_rule_catches_a_spoiled_page(rule, spoil, complaint):
    nb = copy.deepcopy(good_page())
    spoil(nb)
    assert any(problem.startswith(complaint) for problem in rule(nb)), list(rule(nb))


def test_every_rule_is_broken_once():
    assert {rule for rule, _, _ in SPOILED} == set(RULES)


def test_a_claim_in_a_solution_does_not_settle_a_statement_outside_it():
    nb = good_page()
    drop("claim-two")(nb)
    assert list(follows_every_statement_with_a_claim(nb)) == ["no ✓ between Two and the end of the page"]


def test_a_claim_in_a_solution_may_come_before_the_first_statement():
    nb = good_page()
    nb.cells = exercise(9) + nb.cells
    assert list(follows_every_statement_with_a_claim(nb)) == []
