"""The drawings of the LSTM say what the course says."""

import numpy as np
import pytest
from drawings import boxes, enters, labels, passes, places, points, sheet, wires

from bptt.figures import diagrams_lstm

ax = pytest.fixture(sheet)


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
def test_the_hidden_state_and_the_input_enter_every_box_of_the_cell(ax, stage):
    diagrams_lstm.cell(ax, stage)
    gates = {label: box for label, box in boxes(ax).items() if "tanh" not in label}
    assert len(gates) == stage
    for box in gates.values():
        sources = [min(points(wire)[:, 1]) for wire in wires(ax) if enters(wire, box)]
        rails = [places(ax)[state][1] for state in (r"$\mathbf{x}_t$", r"$\mathbf{h}_{t-1}$")]
        assert sorted(sources) == pytest.approx(rails)


def test_the_cell_state_enters_no_box_on_its_way(ax):
    diagrams_lstm.cell(ax)
    (carry,) = [wire for wire in wires(ax) if np.ptp(points(wire)[:, 0]) > 4.8]
    assert min(points(carry)[:, 1]) > 3.5
    assert not any(passes(carry, box) for box in boxes(ax).values())


def test_the_edges_of_the_paths_are_the_blocks_of_one_step(ax):
    diagrams_lstm.paths(ax)
    edges = [label for label in labels(ax) if "mathbf" not in label]
    blocks = [f"${block}_{t}$" for block in "ABFR" for t in (1, 2, 3) if t > 1 or block == "R"]
    assert sorted(edges) == sorted(blocks)


def test_only_the_carry_stays_above_and_only_the_output_gate_stays_below(ax):
    diagrams_lstm.three_routes(ax)
    top, bottom = places(ax)[r"$\mathbf{c}_1$"][1], places(ax)[r"$\mathbf{h}_1$"][1]
    carry, gates, output = (points(wire)[:, 1] for wire in wires(ax))
    assert min(carry) > top - 0.3
    assert sum(np.abs(gates - bottom) < 0.3) < sum(np.abs(output - bottom) < 0.3)


def test_two_wires_run_through_the_lstm_and_the_head_sees_one(ax):
    diagrams_lstm.many_to_one(ax)
    rows = {state: places(ax)[rf"$\mathbf{{{state}}}_0$"][1] for state in "ch"}
    assert rows["c"] > rows["h"] == places(ax)["head"][1]
    for y in rows.values():
        assert sum(np.allclose(points(wire)[0, 1], y) for wire in wires(ax)) >= 5


def test_errors_name_the_argument(ax):
    with pytest.raises(ValueError, match=r"^stage is 0, but needs a whole number of at least 1 and at most 4$"):
        diagrams_lstm.cell(ax, stage=0)
    with pytest.raises(TypeError, match=r"^stage is 'all', but needs a whole number"):
        diagrams_lstm.cell(ax, stage="all")
