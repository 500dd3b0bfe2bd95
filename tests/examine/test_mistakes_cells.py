"""Every cell has a door and a description of its own."""

from handwritten import puzzle

from bptt.examine.mistakes_cells import CELLS, describe


def test_every_cell_runs_forward_and_back():
    for cell in CELLS:
        assert puzzle(cell).probes[4][2].any()


def test_no_two_cells_are_described_alike():
    assert len({describe(cell) for cell in CELLS}) == len(CELLS)


def test_the_words():
    assert describe(CELLS[0]) == "RNN with tanh"
    assert [describe(cell) for cell in CELLS if cell.exit == "none" and not cell.peephole] == [
        "LSTM, h = o c without tanh",
        "LSTM, h = o c without tanh, forget bias 1 added in the forward pass",
    ]
    assert describe(CELLS[-1]) == "GRU, reset gate before the product with W_h, h = (1-u) h + u g"
