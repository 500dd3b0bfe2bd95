"""Runs of the experiments: what is stored is what was run, a stop loses nothing, every mistake is one sentence."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from bptt.experiments import __main__ as command
from bptt.experiments import archive, records, running
from bptt.learning import online, training


def test_what_is_stored_is_what_was_run(folder):
    returned = running.run("tiny", folder)
    for table in archive.TABLES:
        assert archive.load("tiny", table, folder) == returned[table], table
    history = training.train(archive.settings("tiny", "LSTM, 1", folder), 6, flow_at=(0, 10))
    row = next(row for row in returned["runs"] if (row["variant"], row["seed"]) == ("LSTM, 1", 6))
    assert row["test_wrong"] == history.test_wrong
    np.testing.assert_allclose(row["test_loss"], history.test_loss, rtol=1e-4)
    np.testing.assert_allclose(row["largest_norm"], history.norm.max(), rtol=1e-4)
    assert (row["solved_after"], row["diverged"]) == (None, 0)
    curve = [row for row in returned["curves"] if (row["variant"], row["seed"]) == ("LSTM, 1", 6)]
    assert [row["step"] for row in curve] == [4, 8, 10]
    np.testing.assert_allclose([row["loss"] for row in curve], [history.loss[part].mean() for part in (slice(4), slice(4, 8), slice(8, 10))], rtol=1e-4)  # fmt: skip
    np.testing.assert_allclose(curve[0]["norm"], np.median(history.norm[:4]), rtol=1e-4)
    np.testing.assert_allclose(curve[0]["largest_norm"], history.norm[:4].max(), rtol=1e-4)
    flow = [row for row in returned["flow"] if (row["variant"], row["step"]) == ("LSTM, 1", 10)]
    assert [row["t"] for row in flow] == [1, 2, 3, 4, 5, 6]
    alone = training.train(archive.settings("tiny", "LSTM, 1", folder), 5, flow_at=(10,)).flow[10]
    for kind, first, second in zip("hc", alone, history.flow[10], strict=True):
        np.testing.assert_allclose([row[kind] for row in flow], (first + second) / 2, rtol=1e-4)
        np.testing.assert_allclose([row[f"{kind}_low"] for row in flow], np.minimum(first, second), rtol=1e-4)
        np.testing.assert_allclose([row[f"{kind}_high"] for row in flow], np.maximum(first, second), rtol=1e-4)
    reached = {(row["variant"], row["seed"], row["step"]): (row["h"], row["c"]) for row in returned["reach"]}
    ends = [norms[0] / norms.max() for norms in history.flow[10]]
    np.testing.assert_allclose(reached["LSTM, 1", 6, 10], ends, rtol=1e-4)
    assert reached["RNN", 5, 0][1] is None, "an RNN has no cell"
    assert [row["seed"] for row in returned["steps"]] == [5] * 20


def test_the_provenance_says_everything_but_who_and_where(folder):
    running.run("tiny", folder, command="as typed")
    told = records.read_toml(folder / "tiny.toml")
    assert told["command"] == "as typed"
    assert told["seeds"] == [5, 6]
    keys = {"command", "seeds", "variants", "date", "code", "seconds", "versions", "machine", "tables"}
    assert set(told) == keys
    text = (folder / "tiny.toml").read_text("utf-8")
    assert str(Path.home()) not in text
    assert os.uname().nodename not in text or len(os.uname().nodename) < 4


def test_no_table_is_made_of_nothing(folder):
    (folder / "experiments.toml").write_text(
        (folder / "experiments.toml").read_text("utf-8").replace("every_step = 1", ""), encoding="utf-8"
    )
    assert running.run("tiny", folder)["steps"] == []
    assert not (folder / "tiny-steps.csv").exists()


def test_seeds_of_the_command_replace_those_of_the_file(folder):
    assert {row["seed"] for row in running.run("tiny", folder, seeds=1)["runs"]} == {5}
    with pytest.raises(records.RecordError, match="has 2 runs, 2 of them wanted, but .* 2 variants with 2 seeds"):
        archive.load("tiny", "runs", folder)


def test_few_seeds_do_not_overwrite_many(folder, capsys):
    running.run("tiny", folder)
    before = {file: file.read_bytes() for file in folder.glob("*.csv")}
    assert command.main(["--data", str(folder), "run", "tiny", "--seeds", "1"]) == 1
    error = f"seeds is 1, but {folder / 'tiny.toml'} tells of 2: needs as many, or another folder\n"
    assert capsys.readouterr().err == error
    assert {file: file.read_bytes() for file in folder.glob("*.csv")} == before
    apart = str(folder / "apart")
    assert command.main(["--data", str(folder), "run", "tiny", "--seeds", "1", "--into", apart]) == 0
    assert len(records.read_table(folder / "apart/tiny-runs.csv")) == 2


def test_what_was_kept_by_other_code_runs_again(folder, monkeypatch):
    running.run("tiny", folder)
    trained, train = [], running.train_variant
    monkeypatch.setattr(running, "train_variant", lambda **how: trained.append(1) or train(**how))
    running.run("tiny", folder)
    assert not trained
    monkeypatch.setattr(running.provenance, "code", lambda: "other code")
    running.run("tiny", folder)
    assert len(trained) == 2


def test_after_a_stop_the_same_command_goes_on(folder, monkeypatch, capsys):
    finished, train = [], running.train_variant

    def stops(settings, **rest):
        if finished:
            raise KeyboardInterrupt
        finished.append(settings["kind"])
        return train(settings, **rest)

    monkeypatch.setattr(running, "train_variant", stops)
    assert command.main(["--data", str(folder), "run", "tiny"]) == 130
    assert "stopped: finished variants are kept" in capsys.readouterr().err
    assert not list(folder.glob("*.csv"))
    finished.clear()
    assert command.main(["--data", str(folder), "run", "tiny"]) == 0
    assert finished == ["lstm"], "the first was kept"
    monkeypatch.undo()
    text = (folder / "tiny-runs.csv").read_text("utf-8")
    for file in (folder / ".runs").iterdir():
        file.unlink()
    running.run("tiny", folder)
    assert (folder / "tiny-runs.csv").read_text("utf-8") == text


def test_on_a_full_disk_the_older_results_stay(folder, monkeypatch, capsys):
    running.run("tiny", folder)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(records.os, "fsync", full)
    assert command.main(["--data", str(folder), "run", "tiny", "--seeds", "3"]) == 1
    assert "No space left on device); what was stored before is whole\n" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_values_that_are_not_finite_are_stored_as_such(folder):
    history = training.train(training.Settings("adding", T=6, kind="rnn", steps=20, optimiser="sgd", lr=1e6, start="identity"), 0)  # fmt: skip
    outcome = running._outcome(history, training.Settings("adding", T=6, kind="rnn", steps=20))
    assert outcome["diverged"] == 1
    assert outcome["test_loss"] == "nan"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda f: running.run("huge", f), "name is 'huge', but needs one of tiny, broken"),
        (
            lambda f: archive.load("tiny", "walks", f),
            "table is 'walks', but needs one of runs, curves, flow, reach, steps",
        ),
        (lambda f: archive.settings("tiny", "GRU", f), "variant is 'GRU', but needs one of RNN, LSTM, 1"),
        (lambda f: running.run("broken", f), "T is 6, but needs a whole number of at least 11"),
        (lambda f: running.run("tiny", f, seeds=0), "seeds is 0, but needs a whole number of at least 1"),
        (
            lambda f: running.run("tiny", f, device="abacus"),
            "device is 'abacus', but needs auto, cpu or another that this torch can use",
        ),
    ],
)
def test_mistakes_are_answered_with_one_sentence(folder, call, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call(folder)
    assert str(caught.value) == sentence


ONLINE = """
[tiny-1997]
purpose = "A test"
algorithm = "1997"
seeds = 2
first_seed = 5
window = 2
common = { task = "adding", T = 100, budget = 3 }
[tiny-1997.variants]
"A" = { lr = 0.1 }
"B" = {}
"""


def test_a_training_of_1997_is_kept_seed_by_seed(folder, monkeypatch):
    (folder / "replication.toml").write_text(ONLINE, encoding="utf-8")
    monkeypatch.setattr(online, "COMPILED", False)
    with pytest.raises(ValueError, match="^algorithm is 1997, but needs numba"):
        running.run("tiny-1997", folder)
    monkeypatch.setattr(online, "COMPILED", True)
    returned = running.run("tiny-1997", folder)
    assert len(list((folder / ".runs").iterdir())) == 4
    for table in ("runs", "curves"):
        assert archive.load("tiny-1997", table, folder) == returned[table]
    passage = online.train(archive.settings("tiny-1997", "A", folder), 6)
    row = next(row for row in returned["runs"] if (row["variant"], row["seed"]) == ("A", 6))
    assert (row["solved_after"], row["trained"], row["test_wrong"]) == (None, 3, passage.test_wrong)
    assert row["test_error"] == pytest.approx(passage.test_error, rel=1e-4)
    curve = [row for row in returned["curves"] if (row["variant"], row["seed"]) == ("A", 6)]
    assert [row["step"] for row in curve] == [2, 3]
    assert [row["loss"] for row in curve] == pytest.approx([passage.error[:2].mean(), passage.error[2]], rel=1e-4)
    assert [row["wrong"] for row in curve] == [passage.wrong[:2].sum(), passage.wrong[2]]
