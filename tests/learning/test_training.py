"""Training on `torch.nn`: against a loop written out here, deterministic, with everything written down."""

import itertools
import math
import re

import numpy as np
import pytest
import torch

from bptt.learning import networks, tasks, training
from bptt.learning.training import Settings

SMALL = Settings("adding", T=8, kind="lstm", steps=12, H=5, N=6, max_norm=0.5)


def by_hand(settings, seed):
    """The same training, written out."""
    task, network, batches, _ = settings.make(seed)
    optimiser = torch.optim.Adam(network.parameters(), settings.lr)
    losses, norms = [], []
    for _ in range(settings.steps):
        x, y = (torch.from_numpy(part) for part in task.draw(batches, settings.N))
        E = ((network.readout(network.core(x)[0][-1]) - y) ** 2).mean()
        optimiser.zero_grad()
        E.backward()
        norms.append(math.sqrt(sum((p.grad**2).sum().item() for p in network.parameters())))
        torch.nn.utils.clip_grad_norm_(network.parameters(), settings.max_norm)
        optimiser.step()
        losses.append(E.item())
    return losses, norms


def test_training_is_the_loop_one_would_write():
    history = training.train(SMALL, 3, dtype=torch.float64, progress=True)
    losses, norms = by_hand(SMALL, 3)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-12)
    np.testing.assert_allclose(history.norm, norms, rtol=1e-12)
    assert (history.norm > 0.5).any(), "some step was clipped, and the norm is the one before"


def test_the_learning_rate_falls_to_zero_in_a_straight_line():
    settings = Settings("adding", T=4, kind="rnn", steps=4, H=3, optimiser="sgd", lr=0.1, decay=True)
    weights = [settings.make(0)[1].readout.weight.detach()]
    for steps in (1, 2, 3, 4):
        network = settings.make(0)[1]
        optimiser = torch.optim.SGD(network.parameters(), settings.lr)
        for step in range(steps):
            optimiser.zero_grad()
            network.readout.weight.sum().backward()
            training.step_down(optimiser, settings, step)
        weights.append(network.readout.weight.detach())
    rates = [(a - b)[0, 0].item() for a, b in itertools.pairwise(weights)]
    np.testing.assert_allclose(rates, [0.1, 0.075, 0.05, 0.025], rtol=1e-9)


def test_one_seed_one_history():
    first, second, other = (training.train(SMALL, seed, device="auto") for seed in (0, 0, 1))
    assert (first.loss == second.loss).all()
    assert first.test_loss == second.test_loss
    assert (first.loss != other.loss).any()


def test_the_batch_of_a_seed_does_not_depend_on_the_network():
    x = [Settings("adding", T=8, kind=kind, steps=1, H=H).make(0) for kind, H in (("rnn", 3), ("lstm", 9))]
    np.testing.assert_array_equal(*(task.draw(batches, 5).x for task, _, batches, _ in x))


def test_a_network_learns():
    history = training.train(Settings("latch", T=4, kind="rnn", steps=150, H=8), 0)
    assert history.loss[-20:].mean() < 0.1 * history.loss[:5].mean()
    assert history.test_wrong < 26
    assert history.wrong[-20:].sum() < 20


def test_the_flow_is_looked_at_before_between_and_after():
    history = training.train(SMALL, 0, dtype=torch.float64, flow_at=(0, 5, 12))
    assert list(history.flow) == [0, 5, 12]
    assert all(flow.h.shape == (8,) and (flow.h > 0).all() for flow in history.flow.values())
    assert all(flow.c.shape == (8,) and (flow.c[:-1] > 0).all() for flow in history.flow.values())
    assert training.reach(history.flow[5].h) == history.flow[5].h[0] / max(history.flow[5].h)
    plain = training.train(SMALL, 0, dtype=torch.float64)
    np.testing.assert_array_equal(history.loss, plain.loss)
    assert plain.flow == {}
    for ours, again in zip(history.flow[12], training.mean_flow(SMALL.make(0)[0], history.network, 0), strict=True):
        np.testing.assert_array_equal(ours, again)


def test_the_answer_begins_where_it_is_asked_to():
    fresh = Settings("adding", T=8, kind="rnn", steps=1, H=5, answer=1.0).make(0)[1]
    assert fresh.readout.bias.item() == 1.0
    other = Settings("adding", T=8, kind="rnn", steps=1, H=5).make(0)[1]
    np.testing.assert_array_equal(fresh.core.weight_hh_l0.detach(), other.core.weight_hh_l0.detach())
    with pytest.raises(ValueError, match="answer is nan"):
        Settings("adding", T=8, kind="rnn", steps=1, answer=float("nan")).make(0)


@pytest.mark.parametrize("name", ["adding", "copy", "order-2"])
def test_the_flow_is_the_derivative_with_respect_to_the_state(name):
    """Push the hidden state at one step, and the sum of the losses changes by the gradient times the push."""
    task, network, _, _ = Settings(name, T=12, kind="rnn", steps=1, H=4).make(0)
    x, y = training.to_tensors(task.draw(np.random.default_rng([0, 3]), 64), "cpu", torch.float64)
    flow, no_cell = training.mean_flow(task, network, 0)
    assert no_cell is None
    core = network.core
    h, states = torch.zeros(64, 4, dtype=torch.float64), []
    for x_t in x:
        h = torch.tanh(x_t @ core.weight_ih_l0.T + h @ core.weight_hh_l0.T + core.bias_ih_l0 + core.bias_hh_l0)
        h.retain_grad()
        states.append(h)
    (64 * training.loss(task, network.readout(torch.stack(states) if task.every else h), y)).backward()
    np.testing.assert_allclose(flow, [h.grad.norm(dim=1).mean().item() for h in states], rtol=1e-10)


def test_the_test_is_as_long_as_asked():
    assert training.train(SMALL, 0, tested=7).test_wrong <= 7


def test_a_training_that_diverges_is_recorded_and_fails():
    settings = Settings("adding", T=8, kind="rnn", steps=30, H=5, optimiser="sgd", lr=1e6, start="identity")
    history = training.train(settings, 0)
    assert not np.isfinite(history.loss).all()
    assert history.test_wrong == training.TESTED


@pytest.mark.parametrize(("name", "every"), [("adding", False), ("order-2", False), ("copy", True)])
def test_losses_are_those_of_torch(name, every):
    task = tasks.make(name, 14)
    network = networks.build("gru", task.D, 4, task.K, np.random.default_rng(0))
    x, y = training.to_tensors(task.draw(np.random.default_rng(1), 9), "cpu", torch.float64)
    output = network(x, every)
    if task.loss == "squared error":
        expected = torch.nn.MSELoss()(output, y)
    else:
        expected = torch.nn.CrossEntropyLoss()(output.reshape(-1, task.K), y.reshape(-1))
    torch.testing.assert_close(training.loss(task, output, y), expected)


@pytest.mark.parametrize(("wrong", "expected"), [([0] * 3, 20), ([1, 0, 0, 5], 30), ([0, 1, 0, 1], None), ([], None)])
def test_solved_after_a_streak_of_right_answers(wrong, expected):
    assert training.solved_after(wrong, N=10, streak=20) == expected
    assert training.solved_after(wrong, N=10, streak=11) == expected


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (dict(optimiser="lion"), "optimiser is 'lion', but needs one of adam, sgd"),
        (dict(lr=0.0), "lr is 0.0, but needs a finite number above 0"),
        (dict(steps=0), "steps is 0, but needs a whole number of at least 1"),
        (dict(max_norm=-1.0), "max_norm is -1.0, but needs a finite number above 0"),
    ],
)
def test_impossible_settings_are_refused(change, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Settings(**dict(task="adding", T=8, kind="rnn", steps=1) | change)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="seed is -1"):
        training.train(SMALL, -1)
    with pytest.raises(ValueError, match="device is 'abacus', but needs auto, cpu or another that this torch can use"):
        training.pick_device("abacus")
