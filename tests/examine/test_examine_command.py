"""The command line reads functions from a file, and its exit status says whether all is well."""

import subprocess
import sys

import pytest

from bptt.examine.__main__ import main

FILE = """
import numpy as np
from bptt.cells import rnn

params = rnn.init(2, 3, np.random.default_rng(0))
x = np.zeros((4, 1, 2))


def forward(params, x):
    return rnn.forward(params, x).h[1:]


def backward(params, x, dh):
    return rnn.backward(params, rnn.forward(params, x), dh)


def wrong(params, x, dh):
    grads = backward(params, x, dh)
    return grads.W_x, 0 * grads.W_h, grads.b


def loss(params):
    h = forward(params, x + 1)
    return (h**2).sum() / 2, backward(params, x + 1, h)
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = tmp_path / "mynet.py"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("names", "status"),
    [("forward,backward,params", 0), ("forward,backward,params,x", 0), ("forward,wrong,params", 1), ("loss,params", 0)],
)
def test_the_status_is_the_verdict(file, names, status, capsys):
    assert main([f"{file}:{names}"]) == status
    assert ("dW_h is never added to" in capsys.readouterr().out) == bool(status)


def test_what_is_not_there_is_said_in_one_sentence(file):
    with pytest.raises(SystemExit, match=r"mynet.py has no forwards; it needs forwards, backward$"):
        main([f"{file}:forwards,backward"])
    with pytest.raises(SystemExit, match=r"^nowhere.py:f,g names no file"):
        main(["nowhere.py:f,g"])


def test_five_names_are_too_many(file, capsys):
    with pytest.raises(SystemExit):
        main([f"{file}:forward,backward,params,x,loss"])
    assert "there are 5 names, but it needs forward,backward,params" in capsys.readouterr().err


def test_it_runs_as_a_module(file):
    done = subprocess.run([sys.executable, "-m", "bptt.examine", f"{file}:forward,wrong,params"], capture_output=True, text=True, encoding="utf-8")  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.startswith("a function  yes")
