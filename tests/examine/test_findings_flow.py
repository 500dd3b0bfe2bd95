"""Sentences about one layer's flow: the arithmetic behind their numbers."""

import math

import numpy as np
import pytest
import torch
from broken import Loop

from bptt.examine import findings_flow
from bptt.examine.diagnose import diagnose
from bptt.examine.measures import Measures


def test_a_profile_starts_where_a_sample_counts_last():
    flow = np.array([[1.0, np.nan], [2.0, 1.0], [4.0, 4.0], [0.0, 8.0]])
    np.testing.assert_allclose(findings_flow.profile(flow), [1.0, 0.5, 0.1875])
    assert findings_flow.profile(np.zeros((3, 2))).tolist() == [1.0]


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.5])
def test_half_and_99_per_cent_of_a_geometric_fall(factor):
    left = factor ** np.arange(60)
    r, steps = findings_flow.rate(left)
    assert (math.exp(r), steps) == (pytest.approx(factor), 59)
    for share in (0.5, 0.01):
        expected = math.ceil(math.log(share) / math.log(factor)) if factor < 1 else None
        assert findings_flow.after(left, share) == expected


def test_what_comes_back_is_not_gone():
    assert findings_flow.after(np.array([1.0, 0.3, 0.7, 0.2, 0.1]), 0.5) == 3
    assert findings_flow.after(np.array([1.0, 0.3, 0.7]), 0.5) is None


def test_the_last_steps_do_not_count_for_the_rate_of_transport():
    growth = np.full((40, 2), -0.1)
    growth[-10:] = -3.0
    growth[0] = np.nan
    assert findings_flow.transport_rate(Measures({}, {}, growth)) == pytest.approx(-0.1)
    assert math.isnan(findings_flow.transport_rate(Measures({}, {}, np.full((3, 1), np.nan))))


def course(left, sent=-0.5):
    left = np.asarray(left)
    r, steps = findings_flow.rate(left)
    return findings_flow._course("h", r, left, steps, sent)


def test_courses_in_words():
    assert (
        course(0.5 ** np.arange(11))[1]
        == "on h it fades by 0.5 a step back: half is gone after 1, 99 % after 7, of 10 steps"
    )
    assert (
        course(0.9 ** np.arange(11))[1]
        == "on h it fades by 0.9 a step back: half is gone after 7, 0.35 is left, of 10 steps"
    )
    assert course([1.0, 1.1, 0.4, 1.0])[1] == "on h it stays: 1 is left 3 steps back, and nowhere less than 0.4"
    assert course([1.0, 0.0, 0.0])[1] == "on h nothing is handed on"
    level, text, page = course(2.0 ** np.arange(5), sent=0.7)
    assert (level, text, page.number) == ("note", "on h it grows by 2 a step back: to 1.6e+01 over 4 steps", "4.4")
    assert course(2.0 ** np.arange(5), sent=-0.7)[2] is None
    assert course(0.1 ** np.arange(9))[0] == "look"


def test_one_wire_that_is_cut():
    cell, x = torch.nn.LSTMCell(4, 5), torch.randn(9, 2, 4)

    def closure():
        h, c = torch.zeros(2, 2, 5)
        for x_t in x:
            h, c = cell(x_t, (h.detach(), c))
        return h.sum(dim=1)

    said = str(diagnose(cell, closure))
    assert "h is cut at every step, and the other wire is not" in said
    assert "CUT" not in said


def test_gradients_switched_off_for_the_first_steps():
    model, x = Loop(), torch.randn(20, 3, 4)

    def closure():
        h = torch.zeros(3, 8)
        for t, x_t in enumerate(x):
            with torch.set_grad_enabled(t >= 12):
                h = model.cell(x_t, h)
        return h.sum(dim=1)

    said = diagnose(model, closure).parts[0].findings[0].text
    assert said == "CUT before steps 2 to 13: a detach, .data or no_grad in the loop. Training sees 8 of 20 steps"
