"""Where results come from."""

import pytest

from bptt.experiments import provenance, records


def write(path, jobs, seconds, tables=()):
    what = {"command": "run x", "seeds": [5, 6, 7], "variants": ["A"]}
    provenance.write(path, what, jobs, seconds, ["2026-11-24", "2026-11-23"], tables)


def test_a_provenance_can_be_read_again(tmp_path):
    (tmp_path / "x-runs.csv").write_text("a\n1\n", "utf-8")
    write(tmp_path / "x.toml", 2, [3.21, 1.0, 2.04], tables=[tmp_path / "x-runs.csv"])
    told = records.read_toml(tmp_path / "x.toml")
    assert told["seconds"] == {"processor": 3.0, "last_call": 3.2, "processes": 2}
    assert told["tables"] == {"x-runs.csv": records.checksum(tmp_path / "x-runs.csv")}
    assert (told["date"], told["code"]) == ("2026-11-24", provenance.code()), "when they were trained, and by what"
    write(tmp_path / "y.toml", None, [1.0])
    assert records.read_toml(tmp_path / "y.toml")["seconds"]["processes"] == "left to joblib"
    assert set(told["versions"]) == {"python", *provenance.PACKAGES}


def test_it_is_told_in_one_line(tmp_path):
    write(tmp_path / "x.toml", 2, [3.0, 100.0, 110.0])
    assert provenance.tell(tmp_path / "x.toml") == "run x: seeds 5 to 7, 4 min of one core, 2026-11-24"
    (tmp_path / "y.toml").write_text('command = "run y"\n', "utf-8")
    with pytest.raises(records.RecordError, match="y.toml has no 'seconds': restore it"):
        provenance.tell(tmp_path / "y.toml")


def test_the_machine_is_told_by_what_decides_the_speed(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name : A Chip @ 3 GHz\n", encoding="utf-8")
    assert provenance.machine(tmp_path / "cpuinfo")["processor"] == "A Chip @ 3 GHz"
    assert set(provenance.machine(tmp_path / "none")) == {"processor", "cores", "system", "instructions"}


def test_the_fingerprint_of_the_code_sees_what_is_computed_and_not_what_is_said(tmp_path):
    def fingerprint(text):
        (tmp_path / "cell.py").write_text(text, "utf-8")
        return provenance.code(tmp_path)

    plain = fingerprint("def step(h):\n    return 2 * h\n")
    assert fingerprint('"""A cell."""\n\n\ndef step(h):\n    """One step."""\n    return 2 * h  # twice\n') == plain
    assert fingerprint("def step(h):\n    return 3 * h\n") != plain
    assert set(provenance.stamp()) == {"code", "versions", "machine"}
