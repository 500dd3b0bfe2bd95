"""The layers step by step, against torch's own in every setting that torch has."""

import itertools

import pytest
import torch

from bptt.examine.recorder import Recorder

LAYERS = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
SETTINGS = [
    dict(num_layers=layers, bidirectional=both, batch_first=first, bias=bias, dropout=0.5 * (layers > 1))
    for layers, both, first, bias in itertools.product((1, 2), (False, True), (False, True), (True, False))
]
BATCHES = ("whole", "one sequence", "packed", "packed, unsorted")


def make(kind, **options):
    torch.manual_seed(0)
    return LAYERS[kind](4, 5, dtype=torch.float64, **options)


def batch(layer, which):
    x = torch.randn(7, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    if which == "one sequence":
        return x[:, 0]
    x = x.transpose(0, 1) if layer.batch_first else x
    if which == "whole":
        return x
    lengths = torch.tensor([7, 5, 2] if which == "packed" else [2, 7, 5])
    return torch.nn.utils.rnn.pack_padded_sequence(x, lengths, layer.batch_first, enforce_sorted=which == "packed")


def results(layer, x, state=None):
    """Outputs, last states, and the gradient of a loss on all of them; from the same random numbers each time."""
    torch.manual_seed(2)
    output, last = layer(x, state)
    output = output.data if isinstance(output, torch.nn.utils.rnn.PackedSequence) else output
    last = last if isinstance(last, tuple) else (last,)
    loss = sum((part * torch.linspace(1, 2, part.numel(), dtype=part.dtype).view(part.shape)).sin().sum() for part in (output, *last))  # fmt: skip
    return [output, *last, *torch.autograd.grad(loss, list(layer.parameters()))]


def compare(layer, x, state=None):
    expected = results(layer, x, state)
    with Recorder(layer) as recorder:
        got = results(layer, x, state)
    assert recorder.tracks
    for one, other in zip(got, expected, strict=True):
        assert one.shape == other.shape
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)
    return recorder.tracks


@pytest.mark.parametrize("which", BATCHES)
@pytest.mark.parametrize("options", SETTINGS, ids=lambda options: " ".join(f"{k}={v}" for k, v in options.items()))
@pytest.mark.parametrize("kind", LAYERS)
def test_outputs_states_and_gradients_are_those_of_torch(kind, options, which):
    layer = make(kind, **options)
    tracks = compare(layer, batch(layer, which))
    assert len(tracks) == layer.num_layers * (1 + layer.bidirectional)


@pytest.mark.parametrize("which", BATCHES)
@pytest.mark.parametrize("options", [{}, dict(num_layers=2, bidirectional=True), dict(bias=False)])
def test_projections_are_those_of_torch(options, which):
    layer = make("lstm", proj_size=3, **options)
    compare(layer, batch(layer, which))


def test_the_other_nonlinearity_is_that_of_torch():
    layer = make("rnn", nonlinearity="relu")
    compare(layer, batch(layer, "whole"))


@pytest.mark.parametrize("which", ["whole", "packed, unsorted"])
@pytest.mark.parametrize("kind", LAYERS)
def test_initial_states_are_those_of_torch(kind, which):
    layer = make(kind, num_layers=2, bidirectional=True)
    h, c = torch.randn(2, 4, 3, 5, dtype=torch.float64)
    compare(layer, batch(layer, which), (h, c) if kind == "lstm" else h)


def test_dropout_is_at_work_in_training_only():
    layer = make("gru", num_layers=2, dropout=0.5)
    x = batch(layer, "whole")
    compare(layer.eval(), x)
    with Recorder(layer):
        asleep = layer(x)[0]
        awake = layer.train()(x)[0]
    assert not torch.equal(asleep, awake)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_other_types_of_number_agree_to_their_precision(dtype):
    layer = make("lstm", num_layers=2).to(dtype)
    x = batch(layer, "whole").to(dtype)
    expected = layer(x)[0]
    with Recorder(layer):
        got = layer(x)[0]
    assert got.dtype == dtype
    torch.testing.assert_close(got, expected, rtol=0, atol=4 * torch.finfo(dtype).eps)
