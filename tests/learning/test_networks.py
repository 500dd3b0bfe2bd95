"""Networks: the weights begin where they should."""

import re

import numpy as np
import pytest
import torch

from bptt.learning import networks


def build(*args, seed=0, **options):
    return networks.build(*args, np.random.default_rng(seed), **options)


@pytest.mark.parametrize("kind", networks.CORES)
def test_a_network_is_a_layer_of_torch_and_a_readout(kind):
    network = build(kind, 2, 5, 3)
    x = torch.randn(7, 4, 2, dtype=torch.float64)
    assert network(x).shape == (4, 3)
    assert network(x, every=True).shape == (7, 4, 3)
    torch.testing.assert_close(network(x), network(x, every=True)[-1])
    assert type(network.core) is networks.CORES[kind]
    assert all(p.abs().max() <= 1 / np.sqrt(5) for p in network.parameters())


def test_one_seed_one_network():
    first, second, third = (build("gru", 2, 4, 1, seed=seed) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.readout.weight, third.readout.weight)


@pytest.mark.parametrize("kind", networks.CORES)
def test_recurrent_weights_begin_as_asked(kind):
    I = torch.eye(40, dtype=torch.float64)
    for W in build(kind, 2, 40, 1, start="orthogonal", gain=1.5).core.weight_hh_l0.chunk(networks.GATES[kind]):
        torch.testing.assert_close(W @ W.T, 2.25 * I)
    W = build(kind, 2, 40, 1, start="gaussian", gain=2.0).core.weight_hh_l0
    assert abs(W.std().item() * np.sqrt(40) - 2) < 0.15


def test_identity_is_the_network_of_rectified_units():
    network = build("rnn", 2, 6, 1, start="identity", gain=0.5)
    torch.testing.assert_close(network.core.weight_hh_l0.detach(), 0.5 * torch.eye(6, dtype=torch.float64))
    assert network.core.nonlinearity == "relu"
    assert not network.core.bias_ih_l0.any()
    assert not network.core.bias_hh_l0.any()


def test_chrono_begins_with_opposite_biases_in_its_range():
    core = build("lstm", 2, 200, 1, chrono=50).core
    b_i, b_f, _, _ = (core.bias_ih_l0 + core.bias_hh_l0).chunk(4)
    torch.testing.assert_close(b_i, -b_f)
    assert b_f.min() >= 0
    assert b_f.max() <= np.log(49)
    retention = torch.exp(b_f).mean().item()
    assert abs(retention - 25) < 3 * 14 / np.sqrt(200), "e^b_f is uniform on 1 to 49"


def test_gate_biases_begin_as_asked():
    core = build("lstm", 2, 6, 1, forget_bias=1.5, input_bias=-3.0).core
    b_i, b_f, b_g, _ = (core.bias_ih_l0 + core.bias_hh_l0).detach().chunk(4)
    assert (b_i == -3.0).all()
    assert (b_f == 1.5).all()
    assert b_g.unique().numel() == 6


def test_an_open_forget_gate_is_one_and_never_learns():
    network = build("lstm", 2, 4, 1, forget_bias=networks.OPEN).float()
    network(torch.randn(5, 3, 2)).sum().backward()
    for name, p in network.core.named_parameters():
        assert not p.grad[4:8].any(), name
        assert p.grad[:4].any(), name


@pytest.mark.parametrize(
    ("args", "options", "sentence"),
    [
        (("elman", 2, 4, 1), {}, "kind is 'elman', but needs one of rnn, gru, lstm"),
        (
            ("rnn", 2, 4, 1),
            {"start": "zero"},
            "start is 'zero', but needs one of gaussian, orthogonal, identity, uniform",
        ),
        (("rnn", 2, 0, 1), {}, "H is 0, but needs a whole number of at least 1"),
        (("lstm", 2, 4, 1), {"chrono": 1}, "chrono is 1, but needs a whole number of at least 2"),
        (("gru", 2, 4, 1), {"forget_bias": 1.0}, "forget_bias is 1.0, but needs an LSTM, and kind is 'gru'"),
        (("rnn", 2, 4, 1), {"input_bias": 0.0}, "input_bias is 0.0, but needs an LSTM, and kind is 'rnn'"),
        (("rnn", 2, 4, 1), {"chrono": 50}, "chrono is 50, but needs an LSTM, and kind is 'rnn'"),
        (
            ("lstm", 2, 4, 1),
            {"chrono": 50, "forget_bias": 1.0},
            "chrono is 50, but needs to stand alone, not beside forget_bias",
        ),
        (
            ("lstm", 2, 4, 1),
            {"start": "identity"},
            "start is 'identity', but needs an RNN, whose tanh it replaces by ReLU, and kind is 'lstm'",
        ),
        (("rnn", 2, 4, 1), {"gain": 0.5}, "gain is 0.5, but needs another start than 'uniform', which has none"),
    ],
)
def test_what_cannot_be_built_is_refused(args, options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        build(*args, **options)
