"""What is stored: it is whole, it is genuine, and every mistake is one sentence."""

from pathlib import Path

import numpy as np
import pytest

from bptt.experiments import archive, records, running

DATA = Path(__file__).parents[2] / "chapters/5-training/data"


def test_one_small_case_can_be_run_again(folder):
    running.run("tiny", folder)
    stored, again = archive.again("tiny", "RNN", 9, folder)
    assert stored.shape == (2,)
    np.testing.assert_allclose(stored, again, rtol=1e-4)
    with pytest.raises(ValueError, match="steps is 3, but needs a whole number of at least 4 and at most 10"):
        archive.again("tiny", "RNN", 3, folder)


def test_a_rate_that_falls_cannot_be_cut_short(folder):
    (folder / "experiments.toml").write_text(
        (folder / "experiments.toml").read_text("utf-8").replace('kind = "rnn" }', 'kind = "rnn", decay = true }'),
        "utf-8",
    )
    running.run("tiny", folder)
    with pytest.raises(ValueError, match="variant is 'RNN', but needs one without decay"):
        archive.again("tiny", "RNN", 8, folder)


def test_a_table_without_its_variant_is_damaged(folder):
    running.run("tiny", folder)
    rows = archive.load("tiny", "curves", folder)
    records.write_table(folder / "tiny-curves.csv", [row | {"variant": "other"} for row in rows])
    with pytest.raises(records.RecordError, match="tiny-curves.csv has no row of 'RNN': restore it"):
        archive.again("tiny", "RNN", 8, folder)


def test_forged_numbers_would_be_noticed(folder):
    running.run("tiny", folder)
    rows = archive.load("tiny", "curves", folder)
    records.write_table(folder / "tiny-curves.csv", [row | {"loss": row["loss"] * 1.01} for row in rows])
    assert not np.allclose(*archive.again("tiny", "RNN", 8, folder), rtol=1e-3)


@pytest.mark.parametrize(("name", "variant"), [("adding", "LSTM"), ("clipping", "no clipping")])
def test_what_the_chapter_stores_is_genuine(name, variant):
    np.testing.assert_allclose(*archive.again(name, variant, 60, DATA), rtol=1e-3)


def test_what_the_chapter_stores_is_whole():
    for name, spec in archive.catalogue(DATA).items():
        runs = archive.load(name, "runs", DATA)
        told = records.read_toml(DATA / f"{name}.toml")
        assert [(row["variant"], row["seed"]) for row in runs] == [
            (v, s) for v in spec["variants"] for s in told["seeds"]
        ]
        assert len(told["seeds"]) == spec["seeds"]
        assert told["seeds"][0] == spec.get("first_seed", 0)
        steps = {v: archive.settings(name, v, DATA).steps for v in spec["variants"]}
        last = {(row["variant"], row["seed"]): row["step"] for row in archive.load(name, "curves", DATA)}
        assert last == {(row["variant"], row["seed"]): steps[row["variant"]] for row in runs}


def test_every_experiment_of_the_chapter_can_be_made():
    for name, spec in archive.catalogue(DATA).items():
        for variant in spec["variants"]:
            archive.settings(name, variant, DATA).make(0)
