"""The experiments: what is stored is what was run, a stop loses nothing, and every mistake is one sentence."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bptt import experiments, records, training

DATA = Path(__file__).parents[1] / "chapters/5-training/data"

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


def test_what_is_stored_is_what_was_run(folder):
    returned = experiments.run("tiny", folder)
    for table in experiments.TABLES:
        assert experiments.load("tiny", table, folder) == returned[table]
    history = training.train(experiments.settings("tiny", "LSTM, 1", folder), 6, flow_at=(0, 10))
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
    alone = training.train(experiments.settings("tiny", "LSTM, 1", folder), 5, flow_at=(10,)).flow[10]
    np.testing.assert_allclose([row["norm"] for row in flow], (alone + history.flow[10]) / 2, rtol=1e-4)
    np.testing.assert_allclose([row["low"] for row in flow], np.minimum(alone, history.flow[10]), rtol=1e-4)
    np.testing.assert_allclose([row["high"] for row in flow], np.maximum(alone, history.flow[10]), rtol=1e-4)
    assert [row["seed"] for row in returned["steps"]] == [5] * 20


def test_the_provenance_says_everything_but_who_and_where(folder):
    experiments.run("tiny", folder, command="as typed")
    told = records.read_toml(folder / "tiny.toml")
    assert told["command"] == "as typed"
    assert told["seeds"] == [5, 6]
    assert set(told) == {"command", "seeds", "date", "seconds", "versions", "machine"}
    text = (folder / "tiny.toml").read_text("utf-8")
    assert str(Path.home()) not in text
    assert os.uname().nodename not in text or len(os.uname().nodename) < 4


def test_no_table_is_made_of_nothing(folder):
    (folder / "experiments.toml").write_text(SMALL.replace("every_step = 1", ""), encoding="utf-8")
    assert experiments.run("tiny", folder)["steps"] == []
    assert not (folder / "tiny-steps.csv").exists()


def test_seeds_of_the_command_replace_those_of_the_file(folder):
    assert {row["seed"] for row in experiments.run("tiny", folder, seeds=1)["runs"]} == {5}


def test_after_a_stop_the_same_command_goes_on(folder, monkeypatch, capsys):
    finished, train = [], experiments.train_variant

    def stops(settings, **rest):
        if finished:
            raise KeyboardInterrupt
        finished.append(settings["kind"])
        return train(settings, **rest)

    monkeypatch.setattr(experiments, "train_variant", stops)
    assert experiments.main(["--data", str(folder), "run", "tiny"]) == 130
    assert "stopped: finished runs are kept" in capsys.readouterr().err
    assert not list(folder.glob("*.csv"))
    finished.clear()
    assert experiments.main(["--data", str(folder), "run", "tiny"]) == 0
    assert finished == ["lstm"], "the first was kept"
    monkeypatch.undo()
    text = (folder / "tiny-runs.csv").read_text("utf-8")
    for file in (folder / ".runs").iterdir():
        file.unlink()
    experiments.run("tiny", folder)
    assert (folder / "tiny-runs.csv").read_text("utf-8") == text


def test_on_a_full_disk_the_older_results_stay(folder, monkeypatch, capsys):
    experiments.run("tiny", folder)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(records.os, "fsync", full)
    assert experiments.main(["--data", str(folder), "run", "tiny", "--seeds", "1"]) == 1
    assert "No space left on device); what was stored before is whole\n" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_one_small_case_can_be_run_again(folder):
    experiments.run("tiny", folder)
    stored, again = experiments.again("tiny", "RNN", 9, folder)
    assert stored.shape == (2,)
    np.testing.assert_allclose(stored, again, rtol=1e-4)
    with pytest.raises(ValueError, match="steps is 3, but needs a whole number of at least 4 and at most 10"):
        experiments.again("tiny", "RNN", 3, folder)


def test_a_rate_that_falls_cannot_be_cut_short(folder):
    (folder / "experiments.toml").write_text(SMALL.replace('kind = "rnn" }', 'kind = "rnn", decay = true }'), "utf-8")
    experiments.run("tiny", folder)
    with pytest.raises(ValueError, match="variant is 'RNN', but needs one without decay"):
        experiments.again("tiny", "RNN", 8, folder)


def test_a_table_without_its_variant_is_damaged(folder):
    experiments.run("tiny", folder)
    rows = experiments.load("tiny", "curves", folder)
    records.write_table(folder / "tiny-curves.csv", [row | {"variant": "other"} for row in rows])
    with pytest.raises(records.RecordError, match="tiny-curves.csv has no row of 'RNN': restore it"):
        experiments.again("tiny", "RNN", 8, folder)


def test_forged_numbers_would_be_noticed(folder):
    experiments.run("tiny", folder)
    rows = experiments.load("tiny", "curves", folder)
    records.write_table(folder / "tiny-curves.csv", [row | {"loss": row["loss"] * 1.01} for row in rows])
    assert not np.allclose(*experiments.again("tiny", "RNN", 8, folder), rtol=1e-3)


def test_values_that_are_not_finite_are_stored_as_such(folder):
    history = training.train(training.Settings("adding", T=6, kind="rnn", steps=20, optimiser="sgd", lr=1e6, start="identity"), 0)  # fmt: skip
    outcome = experiments._outcome(history, training.Settings("adding", T=6, kind="rnn", steps=20))
    assert outcome["diverged"] == 1
    assert outcome["test_loss"] == "nan"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda f: experiments.run("huge", f), "name is 'huge', but needs one of tiny, broken"),
        (
            lambda f: experiments.load("tiny", "walks", f),
            "table is 'walks', but needs one of runs, curves, flow, steps",
        ),
        (lambda f: experiments.settings("tiny", "GRU", f), "variant is 'GRU', but needs one of RNN, LSTM, 1"),
        (lambda f: experiments.run("broken", f), "T is 6, but needs a whole number of at least 11"),
        (lambda f: experiments.run("tiny", f, seeds=0), "seeds is 0, but needs a whole number of at least 1"),
        (
            lambda f: experiments.run("tiny", f, device="abacus"),
            "device is 'abacus', but needs auto, cpu or another that this torch can use",
        ),
    ],
)
def test_mistakes_are_answered_with_one_sentence(folder, call, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call(folder)
    assert str(caught.value) == sentence


def test_the_command_lists_and_answers_mistakes(folder, capsys):
    assert experiments.main(["--data", str(folder), "list"]) == 0
    assert "tiny                    2 variants ×  2 seeds  A test" in capsys.readouterr().out
    assert experiments.main(["--data", str(folder), "run", "huge"]) == 1
    assert capsys.readouterr().err == "name is 'huge', but needs one of tiny, broken\n"
    assert experiments.main(["--data", str(folder / "none"), "list"]) == 1
    assert capsys.readouterr().err.startswith("there is no ")


def test_the_module_runs_as_a_command(folder):
    command = [sys.executable, "-m", "bptt.experiments", "--data", str(folder), "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "broken" in done.stdout


@pytest.mark.parametrize(("name", "variant"), [("adding", "LSTM"), ("clipping", "no clipping")])
def test_what_the_chapter_stores_is_genuine(name, variant):
    np.testing.assert_allclose(*experiments.again(name, variant, 60, DATA), rtol=1e-3)


def test_what_the_chapter_stores_is_whole():
    for name, spec in experiments.catalogue(DATA).items():
        runs = experiments.load(name, "runs", DATA)
        told = records.read_toml(DATA / f"{name}.toml")
        assert [(row["variant"], row["seed"]) for row in runs] == [
            (v, s) for v in spec["variants"] for s in told["seeds"]
        ]
        assert len(told["seeds"]) == spec["seeds"]
        assert told["seeds"][0] == spec.get("first_seed", 0)
        steps = {v: experiments.settings(name, v, DATA).steps for v in spec["variants"]}
        last = {(row["variant"], row["seed"]): row["step"] for row in experiments.load(name, "curves", DATA)}
        assert last == {(row["variant"], row["seed"]): steps[row["variant"]] for row in runs}


def test_every_experiment_of_the_chapter_can_be_made():
    for name, spec in experiments.catalogue(DATA).items():
        for variant in spec["variants"]:
            experiments.settings(name, variant, DATA).make(0)
