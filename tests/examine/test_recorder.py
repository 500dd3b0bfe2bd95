"""What is recorded: names, order, states that go on, modules of the user's own; and that nothing stays behind."""

from typing import NamedTuple

import pytest
import torch

from bptt.examine.recorder import Recorder


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


class Loop(torch.nn.Module):
    """A cell in the user's own loop."""

    def __init__(self, cell, cut=False):
        super().__init__()
        self.cell, self.cut = cell, cut

    def forward(self, x):
        state = None
        for x_t in x:
            state = self.cell(x_t, state)
            if self.cut:
                state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        return state[0] if isinstance(state, tuple) else state


def record(model, *args, cells=()):
    with Recorder(model, cells) as recorder:
        model(*args)
    return recorder.tracks


@pytest.mark.parametrize("kind", ["RNNCell", "GRUCell", "LSTMCell"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("cut", [True, False])
def test_a_cell_in_a_loop_is_one_track(kind, bias, cut):
    model, x = Loop(getattr(torch.nn, kind)(4, 5, bias=bias), cut), torch.randn(6, 3, 4)
    (track,) = record(model, x)
    assert track.name == "cell"
    assert track.times == list(range(6))
    torch.testing.assert_close(track.states[-1][0], model(x))


def test_layers_and_directions_have_names():
    model = torch.nn.ModuleDict({"enc": torch.nn.GRU(4, 5, num_layers=2, bidirectional=True)})
    with Recorder(model) as recorder:
        model["enc"](torch.randn(3, 2, 4))
    names = ["enc layer 1", "enc layer 1 backwards", "enc layer 2", "enc layer 2 backwards"]
    assert [track.name for track in recorder.tracks] == names
    assert [track.first for track in recorder.tracks] == [True, True, False, False]
    assert recorder.tracks[1].times == [2, 1, 0]


@pytest.mark.parametrize("detach", [True, False])
def test_a_layer_called_step_by_step_is_one_track(detach):
    layer, x, state = torch.nn.LSTM(4, 5), torch.randn(6, 3, 4), None
    with Recorder(layer) as recorder:
        for x_t in x.split(2):
            _, state = layer(x_t, state)
            state = tuple(s.detach() for s in state) if detach else state
    (track,) = recorder.tracks
    assert track.times == list(range(6))


def test_a_second_sequence_is_a_second_track():
    layer = torch.nn.GRU(4, 5)
    with Recorder(layer) as recorder:
        layer(torch.randn(3, 2, 4))
        layer(torch.randn(4, 2, 4))
    assert [(track.name, len(track.states)) for track in recorder.tracks] == [("GRU", 3), ("GRU, call 2", 4)]


def test_a_state_that_happens_to_be_zero_is_no_new_sequence():
    cell, x, h = torch.nn.GRUCell(4, 5), torch.randn(6, 3, 4), torch.zeros(3, 5)
    with Recorder(cell) as recorder:
        for t, x_t in enumerate(x):
            h = cell(x_t, h) * (t != 2)
    assert [len(track.states) for track in recorder.tracks] == [6]


def test_a_learned_initial_state_begins_a_new_sequence_each_time():
    cell, x, h0 = torch.nn.GRUCell(4, 5), torch.randn(4, 3, 4), torch.nn.Parameter(torch.ones(5))
    with Recorder(cell) as recorder:
        for _ in range(2):
            h = h0.expand(3, 5)
            for x_t in x:
                h = cell(x_t, h)
    assert [len(track.states) for track in recorder.tracks] == [4, 4]


class State(NamedTuple):
    h: torch.Tensor
    c: torch.Tensor


class Own(torch.nn.Module):
    """A cell of the user's own, in one of the forms that such cells have."""

    def __init__(self, form):
        super().__init__()
        self.linear, self.form = torch.nn.Linear(4 + 5, 5), form

    def forward(self, x, state):
        h = self.linear(torch.cat([x, state[0] if isinstance(state, tuple) else state], dim=1)).tanh()
        return {"h": h, "h, c": (h, h * 2), "state": State(h, h * 2), "out, (h, c)": (h, (h, h * 2))}[self.form]


@pytest.mark.parametrize(("form", "parts"), [("h", 1), ("h, c", 2), ("state", 2), ("out, (h, c)", 2)])
def test_modules_of_ones_own_are_watched_where_they_are_called(form, parts):
    cell, x = Own(form), torch.randn(4, 3, 4)
    with Recorder(cell, [cell]) as recorder:
        h = torch.zeros(3, 5)
        for x_t in x:
            out = cell(x_t, h)
            h = out if form == "h" else out[0]
    (track,) = recorder.tracks
    assert (track.kind, len(track.states), len(track.states[0])) == ("Own", 4, parts)
    assert type(out) is (State if form == "state" else torch.Tensor if form == "h" else tuple)
    gradient = torch.autograd.grad(h.sum(), track.states[0][0])[0]
    assert gradient.abs().sum() > 0


def test_a_frozen_layer_is_followed_but_not_where_gradients_are_off():
    layer = torch.nn.GRU(4, 5).requires_grad_(False)
    (track,) = record(layer, torch.randn(3, 2, 4))
    assert all(h.requires_grad for (h,) in track.states)
    with torch.no_grad():
        (track,) = record(layer, torch.randn(3, 2, 4))
    assert not any(h.requires_grad for (h,) in track.states)


def test_a_subclass_keeps_its_own_forward():
    class Doubled(torch.nn.GRU):
        def forward(self, x):
            return 2 * super().forward(x)[0]

    layer, x = Doubled(4, 5), torch.randn(3, 2, 4)
    with Recorder(layer) as recorder:
        got = layer(x)
    assert recorder.tracks
    torch.testing.assert_close(got, layer(x))


def test_backward_within_is_noticed():
    layer = torch.nn.GRU(4, 5)
    with Recorder(layer) as recorder:
        loss = layer(torch.randn(3, 2, 4))[0].sum()
        assert not recorder.went_back
        loss.backward()
    assert recorder.went_back


def test_nothing_stays_behind_after_an_error():
    layer, x = torch.nn.GRU(4, 5), torch.randn(3, 2, 4)
    recorder = Recorder(layer, [layer])
    with pytest.raises(RuntimeError), recorder:
        layer(torch.randn(3, 2, 7))
    assert not layer._forward_pre_hooks
    assert not layer._forward_hooks
    layer(x)
    assert not recorder.tracks
