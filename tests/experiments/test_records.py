"""Tables on disk: what is read is what was written, and nothing is ever half written."""

import errno

import pytest

from bptt.experiments import records
from bptt.experiments.records import RecordError

ROWS = [{"variant": "LSTM, b = 1", "seed": 0, "loss": 0.1234567890123, "solved": None}, {"variant": 'a "b"', "seed": 1, "loss": 1e-30, "solved": 20}]  # fmt: skip


def test_a_table_comes_back_as_it_went(tmp_path):
    records.write_table(tmp_path / "new" / "table.csv", ROWS)
    assert records.read_table(tmp_path / "new" / "table.csv") == ROWS
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["table.csv"]


def test_numbers_that_are_not_finite_come_back(tmp_path):
    records.write_table(tmp_path / "t.csv", [{"loss": "nan", "norm": "inf"}])
    (row,) = records.read_table(tmp_path / "t.csv")
    assert row["loss"] != row["loss"]
    assert row["norm"] == float("inf")


def test_toml_comes_back_as_it_went(tmp_path):
    table = {"command": 'run "x" é', "seeds": [0, 1], "seconds": 1.5, "machine": {"cores": 2, "x-runs.csv": "ab"}}
    records.write_toml(tmp_path / "t.toml", table)
    assert records.read_toml(tmp_path / "t.toml") == table


@pytest.mark.parametrize("failing", ["open", "fsync", "replace"])
def test_on_a_full_disk_the_old_file_stays_and_no_draft(tmp_path, monkeypatch, failing):
    path = tmp_path / "table.csv"
    records.write_table(path, ROWS)
    before = path.read_text("utf-8")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((records.os, "fsync", full) if failing == "fsync" else (records.Path, failing, full)))
    with pytest.raises(RecordError) as caught:
        records.write_table(path, ROWS[:1])
    monkeypatch.undo()
    assert str(caught.value) == f"{path} could not be written (No space left on device); what was stored before is whole"  # fmt: skip
    assert path.read_text("utf-8") == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_stop_in_the_middle_leaves_no_draft(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(records.os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        records.write_text(tmp_path / "t", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named_with_what_to_do(tmp_path):
    with pytest.raises(RecordError) as caught:
        records.read_table(tmp_path / "none.csv")
    assert str(caught.value) == f"there is no {tmp_path / 'none.csv'}: `python -m bptt.experiments list` names what can be run"  # fmt: skip


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "{} holds no rows: restore it, or delete it and run it again"),
        (b"a,b\n", "{} holds no rows: restore it, or delete it and run it again"),
        (b"a,b\n1,2\n3", "{} has 1 fields in line 3, but 2 columns: restore it, or delete it and run it again"),
    ],
)
def test_a_damaged_table_is_named(tmp_path, content, sentence):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(RecordError) as caught:
        records.read_table(tmp_path / "t.csv")
    assert str(caught.value) == sentence.format(tmp_path / "t.csv")


def test_what_is_no_text_or_no_toml_is_named(tmp_path):
    (tmp_path / "t").write_bytes(b"\xff\xfe")
    with pytest.raises(RecordError, match="could not be read .*: restore it, or delete it"):
        records.read_table(tmp_path / "t")
    (tmp_path / "t").write_text("a = ", encoding="utf-8")
    with pytest.raises(RecordError, match="is no TOML .*: restore it"):
        records.read_toml(tmp_path / "t")


def test_no_rows_make_no_table(tmp_path):
    with pytest.raises(ValueError, match="rows is empty, but .* needs at least one"):
        records.write_table(tmp_path / "t.csv", [])
    with pytest.raises(ValueError, match="fields not in fieldnames"):
        records.write_table(tmp_path / "t.csv", [{"a": 1}, {"a": 1, "b": 2}])
    assert list(tmp_path.iterdir()) == []
