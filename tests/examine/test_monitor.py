"""The monitor: when it looks, what it writes down, and that a training is the same with it and without."""

import builtins
import csv
import io

import numpy as np
import pytest
import torch
from broken import keeper
from torch import nn

from bptt.examine.diagnose import diagnose
from bptt.examine.monitor import Monitor


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def train(steps, every=None, **options):
    """Train a small classifier; return its weights and its monitor, if there is one."""
    torch.manual_seed(1)
    model = nn.ModuleDict({"rnn": nn.LSTM(3, 6, num_layers=2, dropout=0.2), "out": nn.Linear(6, 1)})
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    monitor = Monitor(model, every, **options) if every else lambda closure: None
    for _ in range(steps):
        x = torch.randn(12, 5, 3)
        closure = lambda x=x: model["out"](model["rnn"](x)[0][-1]).square().sum(dim=1)
        monitor(closure)
        optimiser.zero_grad()
        closure().mean().backward()
        optimiser.step()
    return list(model.parameters()), monitor


def test_a_training_is_the_same_with_it_and_without():
    for one, other in zip(train(7, every=2)[0], train(7)[0], strict=True):
        assert torch.equal(one, other)


def test_it_looks_when_it_is_its_turn():
    _, monitor = train(7, every=3)
    expected = [(step, f"rnn layer {k}") for step in (0, 3, 6) for k in (1, 2)]
    assert [(row["step"], row["layer"]) for row in monitor.rows] == expected


def test_what_is_written_down_is_what_diagnose_sees():
    model, x = nn.LSTM(3, 6), torch.randn(12, 5, 3)
    closure = lambda: model(x)[0][-1].sum(dim=1)
    monitor = Monitor(model)
    monitor(closure)
    (row,), (part,) = monitor.rows, diagnose(model, closure).parts
    for wire, last in (("h", -1), ("c", -2)):
        left = np.median(part.flow[wire][0] / part.flow[wire][last])
        assert row[f"left_{wire}"] == pytest.approx(left)
        assert row[f"rate_{wire}"] == pytest.approx(left ** (1 / (12 + last)))
    assert row["f"] == pytest.approx(part.gates["f"].mean())


def test_memory_in_the_cell_alone():
    model, closure = keeper()
    monitor = Monitor(model)
    monitor(closure)
    (row,) = monitor.rows
    assert row["left_c"] > 0.9
    assert np.isnan(row["rate_h"])


def test_the_table_can_be_read_back():
    _, monitor = train(4, every=2)
    rows = list(csv.DictReader(io.StringIO(monitor.to_csv())))
    assert [float(row["rate_c"]) for row in rows] == [row["rate_c"] for row in monitor.rows]


class Board:
    def __init__(self):
        self.scalars = []

    def add_scalar(self, name, value, step):
        self.scalars.append((name, value, step))


def test_a_writer_gets_the_same_numbers():
    board = Board()
    _, monitor = train(4, every=2, writer=board)
    assert ("gradient flow/rnn layer 1/rate_c", monitor.rows[2]["rate_c"], 2) in board.scalars
    assert not any(np.isnan(value) for _, value, _ in board.scalars)


def test_without_tensorboard_a_folder_is_refused(monkeypatch):
    find = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("torch.utils.tensorboard"):
            raise ImportError(name)
        return find(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="writer is 'runs', but TensorBoard is not installed"):
        Monitor(nn.GRU(2, 2), writer="runs")


def test_every_is_a_whole_number():
    with pytest.raises(ValueError, match="every is 0, but needs a whole number of at least 1"):
        Monitor(nn.GRU(2, 2), every=0)
