"""Sweeps: the same from one process, from two, and from a Dask cluster; stopped, resumed, on a full disk."""

import errno
import json
import os
from pathlib import Path

import joblib
import pytest
import torch

from bptt.experiments import records, resumable
from bptt.learning import stacked
from bptt.learning.training import Settings

GRID = [{"seed": seed, "kind": kind} for kind in ("rnn", "lstm") for seed in (0, 1)]


def small_training(kind, seed):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        (history,) = stacked.train([(Settings("adding", T=6, kind=kind, steps=4, H=4, N=5), seed)])
    finally:
        torch.set_num_threads(threads)
    return {"loss": history.loss.tolist(), "wrong": history.test_wrong}


def process(number):
    return os.getpid()


def shout(word):
    LOG.append(word)
    if word in STOP:
        raise STOP[word]
    return {"said": word.upper(), "half": 0.1}


LOG, STOP = [], {}


@pytest.fixture(autouse=True)
def quiet():
    LOG.clear()
    STOP.clear()


WORDS = [{"word": word} for word in ("one", "two", "three")]


def test_what_is_kept_is_what_was_returned(tmp_path):
    first = resumable.run(shout, WORDS, tmp_path / "runs")
    assert first == [{"said": word, "half": 0.1} for word in ("ONE", "TWO", "THREE")]
    assert resumable.run(shout, WORDS[::-1], tmp_path / "runs") == first[::-1]
    assert LOG == ["one", "two", "three"], "nothing ran twice"


def test_another_stamp_runs_again(tmp_path):
    for stamp in ({"torch": "1"}, {"torch": "1"}, {"torch": "2"}):
        resumable.run(shout, WORDS[:1], tmp_path, stamp=stamp)
    assert LOG == ["one", "one"], "once for each version"


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), RuntimeError("boom")])
def test_after_a_stop_the_same_call_goes_on_from_the_last_finished_run(tmp_path, stop):
    STOP["three"] = stop
    with pytest.raises(type(stop)):
        resumable.run(shout, WORDS, tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 2
    STOP.clear()
    assert [row["said"] for row in resumable.run(shout, WORDS, tmp_path)] == ["ONE", "TWO", "THREE"]
    assert LOG == ["one", "two", "three", "three"]


def test_on_a_full_disk_older_results_stay_whole(tmp_path, monkeypatch):
    resumable.run(shout, WORDS[:2], tmp_path)
    before = {file.name: file.read_text("utf-8") for file in tmp_path.iterdir()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(records.os, "fsync", full)
    with pytest.raises(records.RecordError) as caught:
        resumable.run(shout, WORDS, tmp_path)
    name = f"{resumable.fingerprint(WORDS[2])}.json"
    assert str(caught.value) == f"{tmp_path / name} could not be written (No space left on device); what was stored before is whole"  # fmt: skip
    assert {file.name: file.read_text("utf-8") for file in tmp_path.iterdir()} == before, "and no half file is left"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"point": {"word": "two"}, "result": 1}', '{"point": {}}'])
def test_a_damaged_result_is_named(tmp_path, damage):
    resumable.run(shout, WORDS, tmp_path)
    file = tmp_path / f"{resumable.fingerprint(WORDS[0])}.json"
    file.write_text(damage, encoding="utf-8")
    with pytest.raises(records.RecordError) as caught:
        resumable.run(shout, WORDS, tmp_path)
    assert str(caught.value) == f"{file} is damaged: delete it, and the same command runs it again"


@pytest.mark.parametrize("grid", [[], WORDS + WORDS[:1]])
def test_a_grid_has_each_point_once(tmp_path, grid):
    with pytest.raises(ValueError, match="grid has .* but needs each once"):
        resumable.run(shout, grid, tmp_path)
    with pytest.raises(ValueError, match="jobs is 0"):
        resumable.run(shout, WORDS, tmp_path, jobs=0)


def test_two_processes_give_what_one_gives(tmp_path):
    serial = resumable.run(small_training, GRID, tmp_path / "serial", progress=True)
    assert resumable.run(small_training, GRID, tmp_path / "parallel", jobs=2) == serial
    kept = [sorted(file.read_text("utf-8") for file in (tmp_path / name).iterdir()) for name in ("serial", "parallel")]
    assert kept[0] == kept[1]
    assert {json.loads(text)["point"]["kind"] for text in kept[0]} == {"rnn", "lstm"}


# What Tornado and Dask do while a cluster starts and ends is none of our business.
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_gives_what_one_process_gives(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    serial = resumable.run(small_training, GRID, tmp_path / "serial")
    # The workers are new processes, and look for this module by its name.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    options = dict(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1")
    with (
        distributed.LocalCluster(**options, local_directory=str(tmp_path)) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config("dask"),
    ):
        assert resumable.run(small_training, GRID, tmp_path / "dask") == serial
        workers = set(resumable.run(process, [{"number": k} for k in range(20)], tmp_path / "where"))
        assert workers == set(client.run(os.getpid).values()), "both workers worked, and nobody else"
    assert len(list((tmp_path / "dask").iterdir())) == len(GRID)
