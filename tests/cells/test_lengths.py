"""Batches of unequal length, against the same sequences one by one and against torch's packed ones."""

import numpy as np
import pytest
import torch
from problems import agree
from torch.nn.utils.rnn import pack_padded_sequence

from bptt.cells import gru, lengths, lstm, rnn
from bptt.referees import torch_cells

ENDS = np.array([3, 7, 1, 5])
CELLS = {"rnn": (rnn, torch_cells.torch_rnn), "lstm": (lstm, torch_cells.torch_lstm), "gru": (gru, torch_cells.torch_gru)}  # fmt: skip


def problem(seed=0, T=7, D=2, H=3):
    rng = np.random.default_rng(seed)
    return rng, rng.standard_normal((T, len(ENDS), D)), rng.standard_normal((len(ENDS), H))


@pytest.mark.parametrize("kind", CELLS)
def test_last_states_are_those_of_a_packed_batch_and_of_each_sequence_alone(kind):
    cell, twin = CELLS[kind]
    rng, x, _ = problem()
    params = cell.init(2, 3, rng)
    got = lengths.last(cell.forward(params, x).h, ENDS)
    agree(got, np.concatenate([cell.forward(params, x[:end, [s]]).h[-1] for s, end in enumerate(ENDS)]))
    packed = pack_padded_sequence(torch.tensor(x), torch.tensor(ENDS), enforce_sorted=False)
    state = twin(params)(packed)[1]
    agree(got, (state[0] if kind == "lstm" else state)[0].detach().numpy())


@pytest.mark.parametrize("kind", CELLS)
def test_a_loss_at_the_ends_gives_the_gradients_of_the_sequences_one_by_one(kind):
    cell, _ = CELLS[kind]
    rng, x, dh = problem(1)
    params = cell.init(2, 3, rng)
    grads = cell.backward(params, cell.forward(params, x), lengths.at_last(dh, ENDS, len(x)))
    alone = [
        cell.backward(params, cell.forward(params, x[:end, [s]]), dh[[s]]) for s, end in enumerate(ENDS)
    ]  # fmt: skip
    for name in ("W_x", "W_h"):
        agree(getattr(grads, name), sum(getattr(one, name) for one in alone))
    for s, end in enumerate(ENDS):
        agree(grads.x[:end, s], alone[s].x[:, 0])
        assert not grads.x[end:, s].any()


def test_the_mask_counts_the_steps_of_each_sequence():
    mask = lengths.mask(ENDS, 7)
    agree(mask.sum(axis=0), ENDS, rtol=0)
    assert (np.diff(mask, axis=0) <= 0).all()


def test_turned_turns_within_the_length_and_twice_is_nothing():
    _, x, _ = problem()
    turned = lengths.turned(x, ENDS)
    for s, end in enumerate(ENDS):
        agree(turned[:, s], np.concatenate([x[:end, s][::-1], x[end:, s]]), rtol=0)
    agree(lengths.turned(turned, ENDS), x, rtol=0)


def test_the_two_ways_round_are_those_of_a_bidirectional_layer():
    rng, x, _ = problem(2)
    ways = [rnn.init(2, 3, rng) for _ in range(2)]
    layer = torch.nn.RNN(2, 3, bidirectional=True, dtype=torch.float64)
    names = ("weight_ih", "weight_hh", "bias_ih")
    state = {f"{name}_l0{end}": torch.tensor(part) for end, way in zip(("", "_reverse"), ways, strict=True) for name, part in zip(names, way, strict=True)}  # fmt: skip
    layer.load_state_dict(state | {f"bias_hh_l0{end}": torch.zeros(3, dtype=torch.float64) for end in ("", "_reverse")})
    packed = pack_padded_sequence(torch.tensor(x), torch.tensor(ENDS), enforce_sorted=False)
    h_n = layer(packed)[1].detach().numpy()
    agree(lengths.last(rnn.forward(ways[0], x).h, ENDS), h_n[0])
    agree(lengths.last(rnn.forward(ways[1], lengths.turned(x, ENDS)).h, ENDS), h_n[1])


@pytest.mark.parametrize(
    ("ends", "error"),
    [
        ([1, 2], TypeError),
        (np.array([1.0, 2.0]), TypeError),
        (np.array([[1, 2]]), TypeError),
        (np.array([1, 8]), ValueError),
        (np.array([0, 2]), ValueError),
        (np.array([1, 2, 3]), ValueError),
        (np.array([], dtype=int), ValueError),
    ],
)
def test_lengths_that_fit_no_batch_are_refused(ends, error):
    with pytest.raises(error, match="^ends is .*, but needs .*whole numbers from 1 to T = 7"):
        lengths.last(np.zeros((8, 2, 3)), ends)
    if not (isinstance(ends, np.ndarray) and ends.shape == (3,)):
        with pytest.raises(error, match="^ends is "):
            lengths.mask(ends, 7)
