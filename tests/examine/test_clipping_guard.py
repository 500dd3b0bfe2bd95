"""The guard of a training loop: the four orders of page 4.4, the set, and the share of steps."""

import pytest
import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

from bptt.examine.clipping_guard import ClippingGuard


def run(order, steps=10, some=False, max_norm=1.0, scale=100.0, set_to_none=True):
    """Train a little, with the calls in some order; return the guard and the largest step of the weights."""
    torch.manual_seed(0)
    model, x = nn.RNN(3, 4), torch.randn(6, 5, 3)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.0)  # else a large step would saturate the network
    parameters = list(model.parameters())
    calls = {
        "zero": lambda: optimiser.zero_grad(set_to_none=set_to_none),
        "backward": lambda: (scale * model(x)[0][-1].sum()).backward(),
        "clip": lambda: clip_grad_norm_(parameters[:2] if some else parameters, max_norm),
        "step": optimiser.step,
    }
    hooks = [len(p._post_accumulate_grad_hooks or ()) for p in parameters]
    with ClippingGuard(optimiser) as guard:
        for _ in range(steps):
            for name in order.split():
                calls[name]()
    assert [len(p._post_accumulate_grad_hooks or ()) for p in parameters] == hooks
    assert not optimiser._optimizer_step_pre_hooks
    return guard


def texts(guard):
    return " | ".join(finding.text for finding in guard.findings())


@pytest.mark.parametrize("set_to_none", [True, False])
def test_the_right_order(set_to_none):
    guard = run("zero backward clip step", set_to_none=set_to_none)
    assert texts(guard) == "clipped in 10 of 10 steps, to a norm of 1 at most"
    assert min(guard.before) > 10
    assert max(guard.after) == pytest.approx(1, rel=1e-5)


def test_clipped_after_the_step():
    guard = run("zero backward step clip")
    assert "clipped AFTER the step, in 10 of 10 steps" in texts(guard)
    assert guard.after == pytest.approx(guard.before)


@pytest.mark.parametrize("order", ["zero clip backward step", "zero backward step"])
def test_not_clipped_at_all(order):
    assert texts(run(order)) == "between backward and step nothing has touched the gradient: it is not clipped there"


def test_only_a_part_is_clipped():
    assert "the step uses 4 arrays, and only 2 of them were clipped" in texts(run("zero backward clip step", some=True))


def test_the_share_of_steps():
    assert "clipped in 0 of 10 steps" in texts(run("zero backward clip step", max_norm=1e6))


def test_norms_that_are_not_finite():
    assert "the norm was not finite in 10 of 10 steps" in texts(run("zero backward step", scale=float("nan")))


def test_no_step():
    assert texts(run("zero backward")) == "the optimiser has made no step"
    assert str(run("zero backward")).startswith("0 steps")


def test_the_report_has_the_norms():
    guard = run("zero backward clip step")
    assert str(guard) == repr(guard)
    assert str(guard).startswith("10 steps, norm of the gradient ")
