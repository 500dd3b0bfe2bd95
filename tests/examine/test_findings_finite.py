"""Sentences about states and gradients that are not finite: the first step, the samples, the side it starts on."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from bptt.examine.diagnose import diagnose


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def sentences(diagnosis):
    every = [*diagnosis.findings, *(finding for part in diagnosis.parts for finding in part.findings)]
    return " | ".join(finding.text for finding in every)


def test_losses_that_are_not_finite():
    core, x, y, mask, gap = nn.LSTM(3, 8), torch.randn(40, 4, 3), torch.randn(40, 4), torch.ones(40, 4), torch.randn(40, 4)  # fmt: skip
    mask[:, 2], gap[5, 1] = 0, torch.nan
    empty = lambda: ((core(x)[0].sum(dim=-1) - y).square() * mask).sum(dim=0) / mask.sum(dim=0)
    assert "the BACKWARD pass is not finite: sample 2, all steps" in sentences(diagnose(core, empty))
    late = lambda: torch.where(gap.isnan(), 0.0, (core(x)[0].sum(dim=-1) - gap).square()).sum(dim=0)
    assert "the BACKWARD pass is not finite: sample 1, up to step 6" in sentences(diagnose(core, late))
    met = core(x)[0].detach()
    said = sentences(diagnose(core, lambda: (core(x)[0] - met)[-1].square().mean().sqrt()))
    assert "the gradient is NaN, and the first operation to give one is Pow" in said
    assert "two calls" not in said


def test_a_forward_pass_that_is_not_finite():
    core, x = nn.RNN(3, 8, nonlinearity="relu"), torch.randn(90, 4, 3)
    with torch.no_grad():
        core.weight_hh_l0.mul_(30)
    said = sentences(diagnose(core, lambda: core(x)[0][-1].square().sum(dim=1)))
    assert "the FORWARD pass is not finite: h from step" in said
    assert "the gradient is not to blame" in said
    core, bad = nn.LSTM(3, 8), torch.randn(40, 4, 3)
    bad[7, 3] = torch.inf
    said = sentences(diagnose(core, lambda: core(bad)[0][-1].sum(dim=1)))
    assert "h from step 8 on, sample 3; its input is not finite at that step" in said


def test_samples_of_a_packed_batch_have_their_own_numbers():
    core, x = nn.LSTM(3, 8), torch.randn(9, 3, 3)
    x[4, 2] = torch.nan
    packed = pack_padded_sequence(x, [2, 9, 6], enforce_sorted=False)
    assert "h from step 5 on, sample 2" in sentences(diagnose(core, lambda: core(packed)[1][0][0].sum(dim=1)))


def test_a_loss_that_is_not_finite_for_anybody():
    core, x = nn.GRU(3, 8), torch.randn(9, 3, 3)
    said = sentences(diagnose(core, lambda: (core(x)[0][-1] * torch.nan).sum(dim=1)))
    assert "the BACKWARD pass is not finite: everywhere" in said
