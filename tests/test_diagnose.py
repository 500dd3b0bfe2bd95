"""Gradient flow of a reader's own model, against finite differences and automatic differentiation by hand."""

import re

import numpy as np
import pytest
import torch

from bptt.diagnose import gradient_flow

CORES = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def core(kind, layers=1, **options):
    return CORES[kind](2, 5, num_layers=layers, dtype=torch.float64, **options)


def inputs(T=6, N=3):
    return torch.randn(T, N, 2, dtype=torch.float64)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", CORES)
def test_flow_is_what_a_push_of_the_state_does(kind, layers):
    """Central differences: run to step t, push the state of one sample, run on."""
    layer, x, weights, eps = core(kind, layers), inputs(), torch.randn(5, dtype=torch.float64), 1e-6

    def rest(t, push, n):
        with torch.no_grad():
            _, state = layer(x[:t])
            h = (state[0] if kind == "lstm" else state).clone()
            h[:, n] += push
            tail = h[-1:] if t == len(x) else layer(x[t:], (h, state[1]) if kind == "lstm" else h)[0]
            return (tail[-1] @ weights).tanh().sum().item()

    flow = gradient_flow(layer, x, lambda h: (h[-1] @ weights).tanh().sum())
    for t, n in ((1, 0), (4, 2), (6, 1)):
        slopes = []
        for unit in range(layers * 5):
            push = torch.zeros(layers, 5, dtype=torch.float64)
            push[unit // 5, unit % 5] = eps
            slopes.append((rest(t, push, n) - rest(t, -push, n)) / (2 * eps))
        np.testing.assert_allclose(flow[t - 1, n], np.linalg.norm(slopes), rtol=1e-6)


def test_a_loss_at_every_step_counts_at_every_step():
    layer, x = core("rnn"), inputs()
    flow = gradient_flow(layer, x, lambda h: h.square().sum())
    assert flow.shape == (6, 3)
    np.testing.assert_allclose(flow[-1], 2 * layer(x)[0][-1].norm(dim=1).detach(), rtol=1e-12)


def test_states_after_the_last_loss_have_no_flow():
    flow = gradient_flow(core("gru"), inputs(), lambda h: h[2].sum())
    assert (flow[:3] > 0).all()
    assert not flow[3:].any()


def test_a_frozen_model_has_a_flow_too():
    layer, x = core("lstm"), inputs()
    expected = gradient_flow(layer, x, lambda h: h[-1].sum())
    layer.requires_grad_(False)
    with torch.no_grad():
        np.testing.assert_allclose(gradient_flow(layer, x, lambda h: h[-1].sum()), expected)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (dict(bidirectional=True), "core has bidirectional = True, but needs False"),
        (dict(batch_first=True), "core has batch_first = True, but needs False"),
        (dict(proj_size=2), "core has proj_size = 2, but needs 0"),
        (dict(dropout=0.5, layers=2), "core has dropout = 0.5, but needs 0"),
    ],
)
def test_layers_that_cannot_be_followed_are_refused(options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        gradient_flow(core("lstm", **options), inputs(), lambda h: h.sum())


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match="core is of type Linear, but needs torch.nn.RNN"):
        gradient_flow(torch.nn.Linear(2, 2), inputs(), torch.sum)
    with pytest.raises(ValueError, match=r"x has shape \(6, 2\), but needs \(T, N, D\)"):
        gradient_flow(core("rnn"), inputs()[:, 0], torch.sum)
    for loss in (lambda h: h, lambda h: 1.0, lambda h: torch.ones(())):
        with pytest.raises(ValueError, match="loss needs to return one number"):
            gradient_flow(core("rnn"), inputs(), loss)
