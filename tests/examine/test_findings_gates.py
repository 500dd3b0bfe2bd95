"""Sentences about gates, units and padding: the arithmetic behind their numbers."""

import numpy as np
import pytest
import torch
from broken import LENGTHS, Classifier, classifier, tokens

from bptt.examine import findings_gates
from bptt.examine.diagnose import diagnose, watch


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def said(model, closure, **options):
    return " | ".join(finding.text for part in diagnose(model, closure, **options).parts for finding in part.findings)


def test_means_and_shares_of_gates_that_are_known():
    layer, x = torch.nn.LSTM(1, 4, dtype=torch.float64), torch.zeros(30, 2, 1, dtype=torch.float64)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
        layer.bias_ih_l0[4:8] = 1.0
        layer.bias_ih_l0[12:16] = torch.tensor([9.0, -9.0, 0.0, 0.0])
    text = said(layer, lambda: layer(x)[0][-1].sum() + layer.weight_hh_l0.sum())
    assert "gates on average: input 0.5, forget 0.731, output 0.5; saturated: output 50%" in text
    assert "a forget gate of 0.731 is a bias of 1, and over 30 steps leaves 8e-05; a bias of 3.4 = ln 30" in text


def test_the_update_gate_is_the_one_that_keeps():
    layer, x = torch.nn.GRU(1, 4), torch.zeros(5, 2, 1)
    with torch.no_grad():
        layer.bias_ih_l0[4:8] = 20.0
    _, (track,) = watch(layer, lambda: layer(x)[0].sum())
    means, share = findings_gates.gate_means(track)["u"]
    np.testing.assert_allclose(means, 1.0, atol=1e-6)
    assert share == 1.0


def test_a_tanh_that_is_flat():
    layer, x = torch.nn.RNN(1, 4), torch.full((5, 2, 1), 100.0)
    with torch.no_grad():
        layer.weight_ih_l0.fill_(1.0)
    assert "100% of the states are within 0.01 of ±1" in said(layer, lambda: layer(x)[0].sum())


def test_padding_that_is_known_is_not_guessed():
    model, closure = classifier()
    text = said(model, closure, lengths=LENGTHS)
    assert "PADDING is read: 3 of 4 losses" in text
    assert "guess" not in text
    assert "PADDING" not in said(model, closure, lengths=[30] * 4)


def test_padding_that_is_masked_is_not_accused():
    model, x = Classifier(), tokens()
    last = lambda: model.rnn(model.emb(x))[0][torch.arange(4), LENGTHS - 1].sum(dim=1)
    assert "PADDING" not in said(model, last)


@pytest.mark.parametrize(
    "x",
    [
        torch.randn(20, 4, 3),
        torch.cat([torch.randn(10, 4, 3), torch.zeros(10, 4, 3)]),  # all wait for the same time
        torch.randint(0, 2, (20, 4, 1)).float(),  # the end occurs elsewhere, too
    ],
)
def test_other_inputs_are_not_taken_for_padding(x):
    layer = torch.nn.LSTM(x.shape[2], 5)
    _, (track,) = watch(layer, lambda: layer(x)[0].sum())
    assert findings_gates.guessed_lengths(track) is None


def test_lengths_are_guessed_rightly():
    model, closure = classifier()
    _, (track,) = watch(model, closure)
    assert findings_gates.guessed_lengths(track).tolist() == LENGTHS.tolist()
