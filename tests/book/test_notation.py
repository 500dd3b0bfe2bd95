"""The table of notation against the code: every name exists, every shape is that of a real run."""

import ast
import functools
import importlib
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from bptt.cells import lstm, rnn
from bptt.chains import jacobians
from bptt.growth import lyapunov

ROOT = Path(__file__).parents[2]
SIZES = {"T": 5, "N": 2, "D": 3, "H": 4}


def rows(text):
    """Rows of the first table: symbol, code, shape, the article's symbol. A bar inside a formula is written \\lvert."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


TABLE = rows((ROOT / "chapters" / "notation.md").read_text(encoding="utf-8"))
CODE = [row[1].strip("`") for row in TABLE]


def shapes(text):
    """Shapes in words, ``(T+1, N, H)``, as numbers, for the sizes of this test."""
    words = [word.strip(" ()").rstrip(",").split(",") for word in re.findall(r"\([^()]*\)", text)]
    return [tuple(size(word.strip()) for word in shape) for shape in words]


def size(word):
    """``T+1``, ``4H`` or ``H`` as a number; None for a word that is no size."""
    match = re.fullmatch(r"(\d*)([TNDH])(\+\d+)?", word)
    return int(match[1] or 1) * SIZES[match[2]] + int(match[3] or 0) if match else None


@functools.cache
def run():
    """Shape of everything in the table that a run of the package returns, or takes."""
    T, N, D, H = SIZES.values()
    rng = np.random.default_rng(0)
    x, dh = rng.standard_normal((T, N, D)), rng.standard_normal((T, N, H))
    params = rnn.init(D, H, rng)
    trace = rnn.forward(params, x)
    J = jacobians.rnn_steps(params, trace)
    found = {
        "jacobians.rnn_steps": J,
        "jacobians.product": jacobians.product(J),
        "jacobians.log_norms": jacobians.log_norms(J),
    }
    cell = lstm.init(D, H, rng)
    memory = lstm.forward(cell, x)
    blocks = jacobians.lstm_blocks(cell, memory)
    found |= {f"jacobians.Blocks.{name}": getattr(blocks, name) for name in "RFAB"}
    found |= {
        "jacobians.cell_steps": jacobians.cell_steps(cell, memory),
        "jacobians.lstm_steps": jacobians.lstm_steps(cell, memory),
        "lyapunov.exponents": lyapunov.exponents(J),
    }
    for module, parts in {"rnn": (params, trace), "lstm": (cell, memory)}.items():
        for part in parts:
            found |= {f"{module}.{type(part).__name__}.{field}": array for field, array in part._asdict().items()}
    for loss in (dh, dh[-1]):
        rnn.backward(params, trace, loss)
        lstm.backward(cell, memory, loss, dc=loss)
    return {code: [array.shape] for code, array in found.items()} | {
        name: [dh.shape, dh[-1].shape] for name in ("dh", "dc")
    }


# Variables of a derivation: no function takes them or returns them.
UNSEEN = {"z", "dz", "delta", "W_y", "sympy_chain.immediate_derivative", "sympy_chain.total_derivative"}


def test_the_table_has_four_columns_and_one_name_in_each_row():
    assert len(TABLE) > 30
    for row in TABLE:
        assert len(row) == 4, row
        assert re.fullmatch(r"`[\w.]+`", row[1]), row
        assert row[0], row
        assert row[2], row
        assert row[3], row


@pytest.mark.parametrize("code", [code for code in CODE if "." in code])
def test_every_name_with_a_dot_can_be_imported(code):
    module, *path = code.split(".")
    (file,) = ROOT.glob(f"code/bptt/**/{module}.py")
    found = importlib.import_module(".".join(file.relative_to(ROOT / "code").with_suffix("").parts))
    for attribute in path:
        found = getattr(found, attribute)


@functools.cache
def identifiers():
    """Every name that the package or a page uses."""
    sources = [path.read_text(encoding="utf-8") for path in ROOT.glob("code/bptt/**/*.py")]
    for path in ROOT.glob("chapters/**/*.ipynb"):
        sources += [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    return {getattr(node, "id", getattr(node, "arg", None)) for node in nodes}


@pytest.mark.parametrize("code", sorted({code for code in CODE if "." not in code}))
def test_every_name_without_a_dot_is_in_use(code):
    assert code in identifiers()


@pytest.mark.parametrize(("code", "shape"), [(row[1].strip("`"), row[2]) for row in TABLE if shapes(row[2])])
def test_every_shape_is_that_of_a_run(code, shape):
    if code not in UNSEEN:
        assert set(shapes(shape)) <= set(run()[code])


def test_every_array_of_the_networks_stands_in_the_table():
    for kind in (rnn.Params, rnn.Trace, lstm.Params, lstm.Trace):
        module = kind.__module__.rpartition(".")[2]
        for field in kind._fields:
            names = {f"{module}.{kind.__name__}.{field}", f"rnn.{kind.__name__}.{field}"}
            assert names & set(CODE), f"{module}.{kind.__name__}.{field} has no row"


def test_no_name_stands_for_two_things():
    twice = {code for code in CODE if CODE.count(code) > 1}
    assert twice <= {"dh"}  # a loss on the last state, or at every step: the shape tells which


def test_the_reading_of_shapes_can_fail():
    assert shapes("(T+1, N, H)") == [(6, 2, 4)]
    assert shapes("(4H,)") == [(16,)]
    assert shapes("(N, H) or (T, N, H)") == [(2, 4), (5, 2, 4)]
    assert shapes("(T, N, H), the diagonals") == [(5, 2, 4)]
    assert shapes("(T+1,) nats") == [(6,)]
    assert shapes("number") == []
    assert shapes("(outputs, H)") == [(None, 4)]
