"""Sentences about a whole run, where the diagnosis of a model does not show their corners."""

import numpy as np
import torch

from bptt.examine import findings
from bptt.examine.measures import Measures
from bptt.examine.plain import Plain


def texts(found):
    return [finding.text for finding in found]


def test_samples_are_named_a_few_at_a_time():
    assert findings.named([3]) == "sample 3"
    assert findings.named(np.arange(4)) == "samples 0, 1, 2, 3"
    assert findings.named(range(9)) == "samples 0, 1, 2, 3 and 5 more"


def test_a_nan_that_comes_from_the_loss_itself_is_not_told_twice():
    plain = Plain(1.0, None, "Div")
    assert len(list(findings.about_plain(plain, closure_is_finite=True))) == 1
    assert not list(findings.about_plain(plain, closure_is_finite=False))


def test_errors_lead_to_their_symptom():
    for error, part in [
        (
            "Trying to backward through the graph a second time (or …)",
            "trying-to-backward-through-the-graph-a-second-time",
        ),
        (
            "one of the variables needed for gradient computation has been modified by an inplace operation",
            "modified-by-an-inplace-operation",
        ),
    ]:
        (finding,) = findings.about_plain(Plain(None, error, None), True)
        assert finding.page.part == part
    (finding,) = findings.about_plain(Plain(None, "could not create a primitive", None), True)
    assert finding.page is None


def test_two_losses_of_one_closure_may_differ_by_rounding():
    assert not texts(findings.about_repeat(Plain(1.0, None, None), torch.tensor([1.0 + 1e-6]), []))
    assert not texts(findings.about_repeat(Plain(0.0, None, None), torch.tensor([1e-8]), []))
    assert not texts(findings.about_repeat(Plain(float("nan"), None, None), torch.tensor([1.0]), []))
    assert texts(findings.about_repeat(Plain(1.0, None, None), torch.tensor([1.1]), []))


def test_a_batch_of_which_some_samples_do_not_count():
    def of(*totals):
        return Measures({"h": np.array([totals])}, {}, np.zeros((1, len(totals))))

    assert not texts(findings.about_batch(None, of(1.0, 2.0)))
    assert not texts(findings.about_batch(None, of(0.0, 0.0)))  # said elsewhere
    (finding,) = findings.about_batch(None, of(0.0, 2.0, 1.0))
    assert (finding.level, finding.text[:37]) == ("look", "only 2 of 3 samples reach the loss; i")
    (finding,) = findings.about_batch(None, of(0.0, 0.0, 1.0))
    assert (finding.level, finding.text[:47]) == ("broken", "only 1 of 3 samples reach the loss, the last on")
