"""Gradient flow of a recurrent layer, against finite differences and automatic differentiation by hand."""

import re

import numpy as np
import pytest
import torch

from bptt.learning.flow import gradient_flow

CORES = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def core(kind, layers=1, **options):
    return CORES[kind](2, 5, num_layers=layers, dtype=torch.float64, **options)


def inputs(T=6, N=3):
    return torch.randn(T, N, 2, dtype=torch.float64)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("kind", "which"), [("rnn", "h"), ("gru", "h"), ("lstm", "h"), ("lstm", "c")])
def test_flow_is_what_a_push_of_the_state_does(kind, which, layers):
    """Central differences: run to step t, push h or c of one sample, run on."""
    layer, x, weights, eps = core(kind, layers), inputs(), torch.randn(5, dtype=torch.float64), 1e-6

    def rest(t, push, n):
        with torch.no_grad():
            _, state = layer(x[:t])
            state = dict(zip("hc", state if kind == "lstm" else (state,), strict=False))
            state[which] = state[which].clone()
            state[which][:, n] += push
            h, *c = state.values()
            tail = h[-1:] if t == len(x) else layer(x[t:], (h, *c) if c else h)[0]
            return (tail[-1] @ weights).tanh().sum().item()

    flow = getattr(gradient_flow(layer, x, lambda h: (h[-1] @ weights).tanh().sum()), which)
    for t, n in ((1, 0), (4, 2), (6, 1)):
        slopes = []
        for unit in range(layers * 5):
            push = torch.zeros(layers, 5, dtype=torch.float64)
            push[unit // 5, unit % 5] = eps
            slopes.append((rest(t, push, n) - rest(t, -push, n)) / (2 * eps))
        np.testing.assert_allclose(flow[t - 1, n], np.linalg.norm(slopes), rtol=1e-6)


def test_an_lstm_that_remembers_by_its_cell_alone_has_a_flow_on_c():
    layer, x = torch.nn.LSTM(1, 8, dtype=torch.float64), torch.zeros(100, 1, 1, dtype=torch.float64)
    with torch.no_grad():
        for weight in (layer.weight_hh_l0, layer.bias_hh_l0, layer.bias_ih_l0):
            weight.zero_()
        layer.bias_ih_l0[8:16] = 8.0
    x[0] = 1.0
    flow = gradient_flow(layer, x, lambda h: h[-1].sum())
    assert not flow.h[:-1].any()
    np.testing.assert_allclose(flow.c[0] / flow.c[98], torch.sigmoid(torch.tensor(8.0).double()).item() ** 98)


def test_only_an_lstm_has_a_cell():
    for kind in CORES:
        assert (gradient_flow(core(kind), inputs(), lambda h: h[-1].sum()).c is None) == (kind != "lstm")


def test_a_loss_at_every_step_counts_at_every_step():
    layer, x = core("rnn"), inputs()
    flow = gradient_flow(layer, x, lambda h: h.square().sum()).h
    assert flow.shape == (6, 3)
    np.testing.assert_allclose(flow[-1], 2 * layer(x)[0][-1].norm(dim=1).detach(), rtol=1e-12)


def test_states_after_the_last_loss_have_no_flow():
    flow = gradient_flow(core("gru"), inputs(), lambda h: h[2].sum()).h
    assert (flow[:3] > 0).all()
    assert not flow[3:].any()


def test_one_loss_a_sample_is_as_good_as_their_sum():
    layer, x = core("lstm"), inputs()
    for one, other in zip(
        gradient_flow(layer, x, lambda h: h[-1].sum(dim=1)), gradient_flow(layer, x, lambda h: h[-1].sum()), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", CORES)
def test_a_layer_with_the_batch_first_has_the_same_flow(kind):
    layer, x = core(kind), inputs()
    turned = core(kind, batch_first=True)
    turned.load_state_dict(layer.state_dict())
    expected = gradient_flow(layer, x, lambda h: h[-1].square().sum())
    got = gradient_flow(turned, x.transpose(0, 1), lambda h: h[:, -1].square().sum())
    for one, other in zip(got[: len(expected)], expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_projections_and_dropout_that_sleeps_are_followed():
    layer = core("lstm", layers=2, proj_size=3, dropout=0.5).eval()
    flow = gradient_flow(layer, inputs(), lambda h: h[-1].sum())
    assert flow.h.shape == flow.c.shape == (6, 3)


def test_a_frozen_model_has_a_flow_too():
    layer, x = core("lstm"), inputs()
    expected = gradient_flow(layer, x, lambda h: h[-1].sum())
    layer.requires_grad_(False)
    with torch.no_grad():
        np.testing.assert_allclose(gradient_flow(layer, x, lambda h: h[-1].sum()), expected)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (dict(bidirectional=True), "core has bidirectional = True, but needs False; "),
        (dict(dropout=0.5, layers=2), "core has dropout = 0.5 at work, but needs 0, or core.eval(); "),
    ],
)
def test_layers_that_cannot_be_followed_are_refused(options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}bptt.examine.diagnose takes whole models$"):
        gradient_flow(core("lstm", **options), inputs(), lambda h: h.sum())


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match="core is of type Linear, but needs torch.nn.RNN"):
        gradient_flow(torch.nn.Linear(2, 2), inputs(), torch.sum)
    with pytest.raises(ValueError, match=r"x has shape \(6, 2\), but needs \(T, N, D\)"):
        gradient_flow(core("rnn"), inputs()[:, 0], torch.sum)
    with pytest.raises(TypeError, match="x is of type PackedSequence, but needs a tensor"):
        gradient_flow(core("rnn"), torch.nn.utils.rnn.pack_padded_sequence(inputs(), [6, 5, 4]), torch.sum)
    for loss in (lambda h: 1.0, lambda h: torch.ones(())):
        with pytest.raises(ValueError, match="loss needs to return one number"):
            gradient_flow(core("rnn"), inputs(), loss)


def test_losses_that_are_no_samples_are_refused():
    with pytest.raises(ValueError, match=r"loss returns 90 numbers, but needs one, or one for each of 3 samples$"):
        gradient_flow(core("rnn"), inputs(), lambda h: h)
    with pytest.raises(ValueError, match="loss returns 3 numbers, .* 6 samples: is the axis of time the batch"):
        gradient_flow(core("rnn"), inputs().transpose(0, 1), lambda h: h[:, -1].sum(dim=1))
