"""The tables of the page: every statement once, published settings first, nothing shortened away."""

from pathlib import Path

from bptt.experiments import published, records, replication

DATA = Path(__file__).parents[2] / "chapters/5-training/data"


def rows(table):
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


def test_the_overview_has_every_statement_with_its_verdict_and_published_settings_first():
    text, table = published.overview(DATA), replication.table(DATA)
    parts = [rows("\n".join(part.splitlines()[2:])) for part in text.split("**In ")[1:]]
    assert sum(map(len, parts)) == len(table)
    rules = records.read_toml(DATA / "replication.toml")
    verdicts = {row.statement: row.verdict for row in table}
    for entry in (entry for spec in rules.values() for entry in spec["published"]):
        (row,) = (row for row in parts[entry["differences"] != "none"] if row[-3] == entry["brief"])
        told, _, first = row[-1].replace("**", "").partition("; as registered first: ")
        assert told == verdicts[entry["statement"]].removeprefix("another setting: ")
        assert first == ("did not come out" if "first" in entry else "")
        assert row[-1].startswith("**") == (told in {"reproduced", "came out"})


def test_the_overview_counts_what_came_out_of_what_was_run():
    verdicts = [row.verdict for row in replication.table(DATA)]
    met, half = (verdicts.count(f"reproduced{how}") for how in ("", replication.HALF))
    ran, text = met + half + verdicts.count("not reproduced"), published.overview(DATA)
    assert f"**In the published setting: {met} of {ran} reproduced, {half} more in one of two sets. " in text
    met, missed = (verdicts.count(f"another setting: {how}") for how in ("came out", "did not come out"))
    assert f"**In another setting: {met} of {met + missed} came out.**" in text


def test_a_result_that_differs_in_the_second_set_is_shown_for_both():
    (row,) = (r for r in replication.table(DATA) if r.statement.startswith("Task 6b is learnt"))
    assert row.result != row.second
    assert row.verdict == "reproduced in one of two sets"
    for text in (published.judged(["order-6b"], DATA), published.block(row)):
        assert f"{row.result}. In the second set: {row.second}" in text


def test_rules_and_settings_are_shown_in_full():
    table = rows("\n".join(published.judged(["order-6a"], DATA).splitlines()[3:-1]))
    assert [row[3] for row in table] == ["**reproduced**"] * 2
    row = replication.table(DATA)[0]
    text = published.block(row)
    for part in (row.statement, row.rule, row.result, row.verdict, row.setting, row.differences, row.history):
        assert part in text
    lines = records.read_toml(DATA / "papers.toml")["pascanu2013"]
    shown = published.line_by_line("pascanu2013", DATA)
    assert "Pascanu, Mikolov and Bengio 2013, line by line" in shown
    assert all(part in shown for line in lines for part in line)
