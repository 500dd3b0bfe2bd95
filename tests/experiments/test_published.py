"""The tables of the page: every statement once, published settings first, nothing shortened away."""

from pathlib import Path

from bptt.experiments import published, records, replication

DATA = Path(__file__).parents[2] / "chapters/5-training/data"


def rows(table):
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


def test_the_overview_has_every_statement_with_its_verdict_and_published_settings_first():
    found, table = rows(published.overview(DATA)), replication.table(DATA)
    assert len(found) == len(table)
    exact = ["its own algorithm" in row[0] for row in found]
    assert exact == sorted(exact, reverse=True)
    assert any(exact)
    rules = records.read_toml(DATA / "replication.toml")
    verdicts = {row.statement: row.verdict for row in table}
    for spec in rules.values():
        for entry in spec["published"]:
            (row,) = (row for row in found if row[1] == entry["brief"])
            assert row[3].startswith(f"**{verdicts[entry['statement']]}**")
    assert sum("as registered first: did not come out" in row[3] for row in found) == 1


def test_rules_and_settings_are_shown_in_full():
    table = rows(published.judged(["order-6a"], DATA))
    assert [row[3] for row in table] == ["**reproduced**"] * 2
    row = replication.table(DATA)[0]
    text = published.block(row)
    for part in (row.statement, row.rule, row.result, row.verdict, row.setting, row.differences, row.history):
        assert part in text
    lines = records.read_toml(DATA / "papers.toml")["pascanu2013"]
    shown = published.line_by_line("pascanu2013", DATA)
    assert "Pascanu, Mikolov and Bengio 2013, line by line" in shown
    assert all(part in shown for line in lines for part in line)
