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


def rewrite(folder, change):
    """Store other curves, as if they had come from the runs."""
    file, told = folder / "tiny-curves.csv", records.read_toml(folder / "tiny.toml")
    records.write_table(file, [row | change(row) for row in records.read_table(file)])
    told["tables"][file.name] = records.checksum(file)
    records.write_toml(folder / "tiny.toml", told)


def test_a_table_without_its_variant_is_damaged(folder):
    running.run("tiny", folder)
    rewrite(folder, lambda row: {"variant": "other"})
    with pytest.raises(records.RecordError, match="tiny-curves.csv has no row of 'RNN': restore it"):
        archive.again("tiny", "RNN", 8, folder)


def test_forged_numbers_would_be_noticed(folder):
    running.run("tiny", folder)
    rewrite(folder, lambda row: {"loss": row["loss"] * 1.01})
    assert not np.allclose(*archive.again("tiny", "RNN", 8, folder), rtol=1e-3)


@pytest.mark.parametrize(("name", "variant"), [("adding", "LSTM"), ("clipping", "no clipping")])
def test_what_the_chapter_stores_is_genuine(name, variant):
    np.testing.assert_allclose(*archive.again(name, variant, 60, DATA), rtol=1e-3)


def test_a_table_cut_at_the_end_of_a_line_is_refused(folder):
    running.run("tiny", folder)
    file = folder / "tiny-curves.csv"
    file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    with pytest.raises(records.RecordError, match="tiny-curves.csv has another checksum than tiny.toml tells"):
        archive.load("tiny", "curves", folder)


def test_the_second_set_may_hold_fewer_variants_but_says_so(folder):
    running.run("tiny", folder, into=folder / archive.ELSEWHERE)
    file, told = folder / archive.ELSEWHERE / "tiny-runs.csv", folder / archive.ELSEWHERE / "tiny.toml"
    rows = archive.load("tiny", "runs", folder, archive.ELSEWHERE)
    records.write_table(file, rows[:2])
    made = records.read_toml(told)
    made["tables"][file.name] = records.checksum(file)
    records.write_toml(told, made)
    with pytest.raises(records.RecordError, match="has 2 runs, 2 of them wanted, but its settings name 2 variants"):
        archive.load("tiny", "runs", folder, archive.ELSEWHERE)
    records.write_toml(told, made | {"variants": ["RNN"]})
    assert archive.load("tiny", "runs", folder, archive.ELSEWHERE) == rows[:2]
    with pytest.raises(records.RecordError, match=r"there is no .*tiny-runs\.csv"):
        archive.load("tiny", "runs", folder)


SAME = {"adding-100"}  # trained with one sequence a step, weights of two roundings stay within 1e-13 of each other


def test_what_the_chapter_stores_elsewhere_is_whole_and_from_other_arithmetic():
    for file in (DATA / archive.ELSEWHERE).glob("*.toml"):
        here, there = (records.read_toml(path) for path in (DATA / file.name, file))
        assert here["machine"] != there["machine"]
        for table in there["tables"]:
            assert archive.load(file.stem, table.removeprefix(f"{file.stem}-")[:-4], DATA, archive.ELSEWHERE)
            same = here["tables"][table] == there["tables"][table]
            assert same == (file.stem in SAME), "another order of summation leaves its trace, but where rounding dies out"


def test_what_the_chapter_stores_is_whole():
    for name, spec in archive.catalogue(DATA).items():
        if "algorithm" in spec and not (DATA / f"{name}.toml").exists():
            continue  # registered, and not run yet
        runs = archive.load(name, "runs", DATA)
        told = records.read_toml(DATA / f"{name}.toml")
        assert told["variants"] == list(spec["variants"])
        for table in told["tables"]:
            assert archive.load(name, table.removeprefix(f"{name}-").removesuffix(".csv"), DATA)
        assert [(row["variant"], row["seed"]) for row in runs] == [
            (v, s) for v in spec["variants"] for s in told["seeds"]
        ]
        assert len(told["seeds"]) == spec["seeds"]
        assert told["seeds"][0] == spec.get("first_seed", 0)
        last = {(row["variant"], row["seed"]): row["step"] for row in archive.load(name, "curves", DATA)}
        for row in runs:
            how = archive.settings(name, row["variant"], DATA)
            if "algorithm" in spec:
                assert row["trained"] == (row["solved_after"] or how.budget)
            ended = row["trained"] if "algorithm" in spec else how.steps
            assert last[row["variant"], row["seed"]] == ended


def test_every_experiment_of_the_chapter_can_be_made():
    for name, spec in archive.catalogue(DATA).items():
        for variant in spec["variants"]:
            archive.settings(name, variant, DATA).make(0)
