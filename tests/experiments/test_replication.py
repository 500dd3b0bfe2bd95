"""The replication table: verdicts follow from stored runs and rules, both ways."""

from pathlib import Path

import pytest

from bptt.experiments import provenance, records, replication

DATA = Path(__file__).parents[2] / "chapters/5-training/data"

RULES = """
[paper]
purpose = "A test"
seeds = 4
common = { task = "adding", T = 6, kind = "rnn", steps = 1 }
[paper.variants]
"A" = {}
[[paper.published]]
source = "s"
statement = "t"
setting = "u"
differences = "v"
rule = "w"
judge = "solved"
tolerance = { variant = "A", most_wrong = 3, share = 0.75, sequences = 100 }
[[paper.published]]
source = "s"
statement = "t2"
setting = "u"
differences = "v"
rule = "none"
"""


def rows(variant, *wrong, after=80, loss=1.0):
    return [
        {"variant": variant, "seed": k, "test_wrong": w, "solved_after": after if w <= 3 else None, "trained": after}
        | {"test_loss": loss}
        for k, w in enumerate(wrong)
    ]


def judged(runs, judge, **tolerance):
    return replication.judge({"judge": judge, "tolerance": tolerance}, runs)


def store(folder, name, runs):
    """Runs as `running.run` leaves them, with their checksum."""
    file, seeds = folder / f"{name}-runs.csv", [row["seed"] for row in runs]
    records.write_table(file, runs)
    what = {"command": "run", "seeds": seeds, "variants": list(dict.fromkeys(row["variant"] for row in runs))}
    provenance.write(folder / f"{name}.toml", what, 1, [1.0, 1.0], ["2026-11-25"], [file])


def test_the_table_reads_rules_and_runs(tmp_path):
    (tmp_path / "experiments.toml").write_text("", encoding="utf-8")
    (tmp_path / "replication.toml").write_text(RULES, encoding="utf-8")
    store(tmp_path, "paper", rows("A", 0, 3, 1, 900))
    first, second = replication.table(tmp_path)
    seen = "3 of 4 (30% to 95%); median 80 sequences"
    assert first == ("s", "t", "u", "v", "w", 4, seen, "another setting: came out", "", "", "")
    assert second[-6:] == (0, "", "not attempted", "", "", "")


def test_a_verdict_that_two_sets_do_not_share_says_so(tmp_path):
    (tmp_path / "experiments.toml").write_text("", encoding="utf-8")
    (tmp_path / "replication.toml").write_text(RULES, encoding="utf-8")
    store(tmp_path, "paper", rows("A", 0, 3, 1, 900))
    (tmp_path / "elsewhere").mkdir()
    store(tmp_path / "elsewhere", "paper", rows("A", 0, 3, 1, 2))
    same = replication.table(tmp_path)[0]
    assert (same.verdict, same.second) == ("another setting: came out", "4 of 4 (51% to 100%); median 80 sequences")
    store(tmp_path / "elsewhere", "paper", rows("A", 0, 3, 900, 900))
    assert replication.table(tmp_path)[0].verdict == "another setting: came out in one of two sets"


def test_the_first_registration_is_judged_by_its_own_runs(tmp_path):
    early = RULES.replace("[paper", "[early").replace("[[paper", "[[early").split("[[early.published]]")[0]
    (tmp_path / "experiments.toml").write_text(early, encoding="utf-8")
    changed = RULES.replace("most_wrong = 3, share", "most_wrong = 900, share").replace(
        'judge = "solved"', 'judge = "solved"\nhistory = "cut"\nfirst = { experiment = "early", tolerance = '
        '{ variant = "A", most_wrong = 3, share = 0.75, sequences = 100 } }')  # fmt: skip
    (tmp_path / "replication.toml").write_text(changed, encoding="utf-8")
    store(tmp_path, "paper", rows("A", 0, 0, 0, 0))
    store(tmp_path, "early", rows("A", 0, 9, 9, 9))
    verdict = replication.table(tmp_path)[0]
    assert (verdict.verdict, verdict.history) == ("another setting: came out", "cut")
    assert verdict.first == "another setting: did not come out (1 of 4 (5% to 70%); no streak of 2,000 in most runs)"


def test_every_seed_counts_and_none_twice(tmp_path):
    (tmp_path / "experiments.toml").write_text("", encoding="utf-8")
    (tmp_path / "replication.toml").write_text(RULES, encoding="utf-8")
    full = rows("A", 0, 3, 1, 900)
    for damaged, held in ((full[:3], "3 runs, 3"), (full + full[:1], "5 runs, 4"), (full[:3] + full[:1], "4 runs, 3")):
        store(tmp_path, "paper", damaged)
        with pytest.raises(records.RecordError, match=f"has {held} of them wanted, but .* 1 variants with 4 seeds"):
            replication.table(tmp_path)
        if len(damaged) != 3:
            with pytest.raises(records.RecordError, match="have a seed of 'A' twice"):
                judged(damaged, "solved", variant="A", most_wrong=3, share=0.75, sequences=100)


def test_a_table_that_was_changed_after_its_runs_is_refused(tmp_path):
    (tmp_path / "experiments.toml").write_text("", encoding="utf-8")
    (tmp_path / "replication.toml").write_text(RULES, encoding="utf-8")
    store(tmp_path, "paper", rows("A", 0, 3, 1, 900))
    file = tmp_path / "paper-runs.csv"
    file.write_text(file.read_text("utf-8").replace("900", "90"), encoding="utf-8")
    with pytest.raises(records.RecordError, match="has another checksum than paper.toml tells"):
        replication.table(tmp_path)


def test_only_the_published_setting_is_reproduced():
    rule = {"judge": "vanishes", "tolerance": dict(variants=["A"], most_wrong=3, below=0.5), "differences": "none"}
    assert replication.judge(rule, rows("A", *[900] * 10))[1] == "reproduced"
    assert replication.judge(rule, rows("A", *[0] * 10))[1] == "not reproduced"
    rule["differences"] = "fewer steps"
    assert replication.judge(rule, rows("A", *[900] * 10))[1] == "another setting: came out"
    assert replication.judge(rule, rows("A", *[0] * 10))[1] == "another setting: did not come out"


def test_a_tolerance_that_was_mistyped_is_named():
    with pytest.raises(records.RecordError, match="tolerance has most_worng, but 'vanishes' needs below, most_wrong, variants"):  # fmt: skip
        judged(rows("A", 0), "vanishes", most_worng=3)


def test_solved_needs_enough_seeds_and_few_enough_sequences():
    tolerance = dict(variant="A", most_wrong=3, share=0.75, sequences=100)
    assert judged(rows("A", 0, 0, 3, 4), "solved", **tolerance)[1] == "reproduced"
    assert judged(rows("A", 0, 0, 4, 4), "solved", **tolerance)[1] == "not reproduced"
    assert judged(rows("A", 0, 0, 0, 0, after=101), "solved", **tolerance)[1] == "not reproduced"
    result, verdict = judged(rows("A", 4, 4, 4, 0), "solved", **tolerance)
    assert result == "1 of 4 (5% to 70%); no streak of 2,000 in most runs"
    assert verdict == "not reproduced"


def test_stops_needs_enough_seeds_and_few_wrong_among_those_that_stopped():
    tolerance = dict(variant="A", share=0.75, most_wrong=2)
    result, verdict = judged(rows("A", 3, 0, 3, 900), "stops", **tolerance)
    assert result == "3 of 4 (30% to 95%) stopped; then 2.0 wrong on average, at most 3"
    assert verdict == "reproduced"
    assert judged(rows("A", 3, 3, 3, 900), "stops", **tolerance)[1] == "not reproduced"
    assert judged(rows("A", 0, 0, 900, 900), "stops", **tolerance)[1] == "not reproduced"
    assert judged(rows("A", 900), "stops", **tolerance) == ("0 of 1 (0% to 79%) stopped", "not reproduced")


def test_takes_judges_the_mean_from_both_sides_and_counts_a_run_that_did_not_stop_in_full():
    tolerance = dict(variant="A", sequences=100, factor=2.0)
    runs = rows("A", 0, after=60) + rows("B", 0)
    assert judged(runs, "takes", **tolerance) == ("mean 60 (60 to 60)", "reproduced")
    for after, verdict in ((49, "not reproduced"), (50, "reproduced"), (200, "reproduced"), (201, "not reproduced")):
        assert judged(rows("A", 0, after=after), "takes", **tolerance)[1] == verdict
    result, verdict = judged(rows("A", 0, 900, after=150), "takes", **tolerance)
    assert (result, verdict) == ("mean at least 150, with 1 that did not stop (150 to 150)", "reproduced")


def test_a_rule_may_wait_for_its_runs(tmp_path):
    (tmp_path / "experiments.toml").write_text("", encoding="utf-8")
    (tmp_path / "replication.toml").write_text(RULES, encoding="utf-8")
    assert [row.verdict for row in replication.table(tmp_path)] == ["registered", "not attempted"]
    store(tmp_path, "paper", rows("A", 0, 3, 1, 900))
    assert replication.table(tmp_path)[0].verdict == "another setting: came out"
    (tmp_path / "paper-runs.csv").unlink()
    with pytest.raises(records.RecordError, match=r"there is no .*paper-runs\.csv"):
        replication.table(tmp_path)


def test_ordered_compares_medians():
    runs = rows("none", 1, 1, loss=0.4) + rows("LSTM", 1, 1, loss=0.2) + rows("b", 1, 1, loss=0.2)
    tolerance = dict(variants=["none", "LSTM", "b"], factors=[2.0, 1.0])
    assert judged(runs, "ordered", **tolerance) == (
        "none: 0.4 (0.4 to 0.4), LSTM: 0.2 (0.2 to 0.2), b: 0.2 (0.2 to 0.2)",
        "reproduced",
    )
    assert judged(runs, "ordered", **tolerance | {"factors": [2.1, 1.0]})[1] == "not reproduced"
    assert judged(runs, "ordered", **tolerance | {"variants": ["none", "b", "LSTM"], "factors": [2.0, 1.1]})[1] == "not reproduced"  # fmt: skip


def test_a_run_that_diverged_is_no_small_loss():
    runs = rows("none", 1, loss=float("nan")) + rows("LSTM", 1, loss=0.2)
    assert judged(runs, "ordered", variants=["none", "LSTM"], factors=[1.0])[1] == "reproduced"
    assert judged(runs, "ordered", variants=["LSTM", "none"], factors=[1.0])[1] == "not reproduced"


def test_clipping_helps_when_success_falls_without_it_and_less_with_it():
    tolerance = dict(lengths=[10, 30], most_wrong=25, falls_to=0.5, margin=2)
    short = rows("SGD, T = 10", 0, 0) + rows("clipped, T = 10", 0, 0)
    falls = rows("SGD, T = 30", 900, 900) + rows("clipped, T = 30", 0, 0)
    result, verdict = judged(short + falls, "clipping helps", **tolerance)
    assert result == "T = 10: SGD 2 of 2 (34% to 100%), clipped 2 of 2 (34% to 100%); T = 30: SGD 0 of 2 (0% to 66%), clipped 2 of 2 (34% to 100%)"  # fmt: skip
    assert verdict == "reproduced"
    useless = rows("SGD, T = 30", 900, 900) + rows("clipped, T = 30", 0, 900)
    easy = rows("SGD, T = 30", 0, 0) + rows("clipped, T = 30", 0, 0)
    half = rows("SGD, T = 10", 0, 900) + rows("SGD, T = 30", 0, 900)
    both = rows("clipped, T = 10", 0, 0) + rows("clipped, T = 30", 0, 0)
    assert judged(half + both, "clipping helps", **tolerance)[1] == "not reproduced", "without clipping nothing fell"
    for other in (useless, easy):
        assert judged(short + other, "clipping helps", **tolerance)[1] == "not reproduced"


def test_vanishes_needs_an_interval_below_the_bound():
    tolerance = dict(variants=["A", "B"], most_wrong=25, below=0.5)
    assert judged(rows("A", *[0] * 10) + rows("B", *[900] * 10), "vanishes", **tolerance)[1] == "reproduced"
    assert judged(rows("A", *[0] * 10) + rows("B", *[900] * 3), "vanishes", **tolerance)[1] == "not reproduced"


@pytest.mark.parametrize("judge", ["solved", "ordered", "vanishes"])
def test_runs_that_lack_a_variant_are_damaged(judge):
    tolerances = {
        "solved": dict(variant="B", most_wrong=3, share=1.0, sequences=100),
        "ordered": dict(variants=["A", "B"], factors=[1.0]),
        "vanishes": dict(variants=["A", "B"], most_wrong=3, below=0.5),
    }
    with pytest.raises(records.RecordError, match="the stored runs have no test_.* of 'B': restore them"):
        judged(rows("A", 1, loss=0.1), judge, **tolerances[judge])


def test_a_rule_that_was_cut_short_is_named(tmp_path):
    (tmp_path / "replication.toml").write_text('[one]\nseeds = 1\n[[one.published]]\nsource = "A"\n', "utf-8")
    with pytest.raises(records.RecordError, match="has a table without 'statement': restore it"):
        replication.table(tmp_path)


def test_an_unknown_rule_is_named():
    with pytest.raises(records.RecordError, match="judge is 'taste', but needs one of solved, stops, takes, ordered, clipping helps, vanishes"):  # fmt: skip
        judged([], "taste")


def test_the_rules_of_the_chapter_name_variants_that_exist():
    for spec in records.read_toml(DATA / "replication.toml").values():
        for paper in spec["published"]:
            assert ("judge" in paper) == ("tolerance" in paper)
            tolerance = paper.get("tolerance", {})
            named = tolerance.get("variants", []) + [v for v in [tolerance.get("variant")] if v]
            named += [f"{how}, T = {T}" for how in ("SGD", "clipped") for T in tolerance.get("lengths", [])]
            assert set(named) <= set(spec["variants"])
            runs = [row for name in spec["variants"] for row in rows(name, 0, 900)]
            verdict = replication.judge(paper, runs if "judge" in paper else None)[1]
            exact = paper["differences"] == "none"
            assert exact == ("algorithm" in spec)
            kinds = ("reproduced", "not reproduced") if exact else ("came out", "did not come out")
            assert verdict in {kind if exact else f"another setting: {kind}" for kind in kinds} | {"not attempted"}


def test_every_paper_has_its_setting_line_by_line():
    papers, rules = records.read_toml(DATA / "papers.toml"), records.read_toml(DATA / "replication.toml")
    cited = {(name, entry["source"].split(",")[0]) for name, spec in rules.items() for entry in spec["published"]}
    assert {paper for _, paper in cited} == set(papers)
    for lines in papers.values():
        for what, there, here, mark in lines:
            assert all((what, there, here))
            assert mark in {"same", "not given"} or mark.startswith(("changed: ", "not given: "))
    exact = {paper for name, paper in cited if "algorithm" in rules[name]}
    changed = {line[0] for paper in exact for line in papers[paper] if line[3].startswith("changed")}
    assert changed <= {"trials"}, "the rules count a share of the seeds, so fewer of them are no other setting"
