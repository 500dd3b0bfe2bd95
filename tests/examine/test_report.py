"""The three forms of a report."""

import json

import numpy as np

from bptt.examine import report, signposts
from bptt.examine.diagnose import Diagnosis, Part
from bptt.examine.findings import Finding


def diagnosis():
    growth = np.array([[np.nan, np.nan], [-0.5, -np.inf]])
    findings = [Finding("look", "a < b & c", signposts.CLIP), Finding("note", "nothing more")]
    part = Part("rnn <1>", "lstm", {"h": np.ones((2, 2))}, growth, {"f": np.array([0.5, 0.6])}, findings)
    return Diagnosis(float("nan"), 2, [Finding("broken", "long " * 30)], [part])


def test_text():
    assert report.text(diagnosis()) == (
        "loss nan, 2 samples\n"
        "  ✗ " + "long " * 18 + "long\n    " + "long " * 10 + "long\n"
        "rnn <1> (LSTM, 2 steps)\n"
        "  ! a < b & c  → page 4.4\n"
        "  · nothing more"
    )


def test_html_escapes_what_a_user_named():
    html = report.html(diagnosis(), "/")
    assert "rnn &lt;1&gt; (LSTM, 2 steps)" in html
    assert 'a &lt; b &amp; c (<a href="/4-lstm-bptt/4-clipping.html">4.4 Clipping</a>)' in html


def test_plain_data_has_no_nan():
    data = json.loads(json.dumps(report.plain(diagnosis()), allow_nan=False))
    assert data["loss"] is None
    assert data["parts"][0]["growth"] == [[None, None], [-0.5, None]]
    assert data["parts"][0]["findings"][0] == {"level": "look", "text": "a < b & c", "page": "4-lstm-bptt/4-clipping"}


def test_a_layer_that_is_the_model_is_named_once():
    part = Part("LSTM", "lstm", {}, np.zeros((3, 1)), {}, [])
    assert report.title(part) == "LSTM (3 steps)"
    assert report.title(part._replace(name="core", kind="OwnCell")) == "core (OwnCell, 3 steps)"
