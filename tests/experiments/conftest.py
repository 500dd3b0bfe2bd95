"""A folder with one small experiment, and one that is broken."""

import pytest

SMALL = """
[tiny]
purpose = "A test"
seeds = 2
first_seed = 5
window = 4
flow_at = [0, 10]
every_step = 1
common = { task = "adding", T = 6, H = 4, N = 5, steps = 10 }
[tiny.variants]
"RNN" = { kind = "rnn" }
"LSTM, 1" = { kind = "lstm", forget_bias = 1.0 }

[broken]
purpose = "T is too short"
seeds = 1
common = { task = "copy", T = 6, kind = "rnn", steps = 10 }
[broken.variants]
"RNN" = {}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "experiments.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "replication.toml").write_text("", encoding="utf-8")
    return tmp_path
