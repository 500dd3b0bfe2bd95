"""Where results come from."""

import pytest

from bptt.experiments import provenance, records


def test_a_provenance_can_be_read_again(tmp_path):
    provenance.write(tmp_path / "x.toml", "run x", [0, 1], 2, [3.21, 1.0, 2.04])
    told = records.read_toml(tmp_path / "x.toml")
    assert told["seconds"] == {"processor": 3.0, "last_call": 3.2, "processes": 2}
    provenance.write(tmp_path / "y.toml", "run y", [0], None, [1.0])
    assert records.read_toml(tmp_path / "y.toml")["seconds"]["processes"] == "left to joblib"
    assert told["date"].count("-") == 2
    assert set(told["versions"]) == {"python", *provenance.PACKAGES}


def test_it_is_told_in_one_line(tmp_path):
    provenance.write(tmp_path / "x.toml", "run x", [100, 101, 102], 2, [3.0, 100.0, 110.0])
    assert provenance.tell(tmp_path / "x.toml").startswith("run x: seeds 100 to 102, 4 min of one core, 2")
    (tmp_path / "y.toml").write_text('command = "run y"\n', "utf-8")
    with pytest.raises(records.RecordError, match="y.toml has no 'seconds': restore it"):
        provenance.tell(tmp_path / "y.toml")


def test_the_machine_is_told_by_what_decides_the_speed(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name : A Chip @ 3 GHz\n", encoding="utf-8")
    assert provenance.machine(tmp_path / "cpuinfo")["processor"] == "A Chip @ 3 GHz"
    assert set(provenance.machine(tmp_path / "none")) == {"processor", "cores", "system"}
