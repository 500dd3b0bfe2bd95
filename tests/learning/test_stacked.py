"""Stacked trainings against the same trainings one at a time, on `torch.nn`."""

import re

import numpy as np
import pytest
import torch

from bptt.learning import stacked, training
from bptt.learning.training import Settings

VARIANTS = {
    "rnn": dict(kind="rnn", start="orthogonal"),
    "irnn": dict(kind="rnn", start="identity"),
    "gru": dict(kind="gru"),
    "lstm": dict(kind="lstm", forget_bias=1.0),
}


@pytest.mark.parametrize("task", ["adding", "order-2", "copy"])
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_stack_trains_as_each_network_alone(task, variant, optimiser):
    settings = Settings(
        task, T=12, steps=15, H=6, N=5, optimiser=optimiser, max_norm=0.3, decay=True, **VARIANTS[variant]
    )
    together = stacked.train([(settings, seed) for seed in (0, 1, 2)], dtype=torch.float64, flow_at=(0, 15), tested=500)
    for seed, history in enumerate(together):
        alone = training.train(settings, seed, dtype=torch.float64, flow_at=(0, 15), tested=500)
        np.testing.assert_allclose(history.loss, alone.loss, rtol=1e-10)
        np.testing.assert_allclose(history.norm, alone.norm, rtol=1e-9)
        np.testing.assert_array_equal(history.wrong, alone.wrong)
        assert history.test_wrong == alone.test_wrong
        np.testing.assert_allclose(history.test_loss, alone.test_loss, rtol=1e-10)
        for step in (0, 15):
            for ours, theirs in zip(history.flow[step], alone.flow[step], strict=True):
                assert (ours is None) == (theirs is None)
                if ours is not None:
                    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-16)
        for ours, theirs in zip(history.network.parameters(), alone.network.parameters(), strict=True):
            np.testing.assert_allclose(ours.detach(), theirs.detach(), rtol=1e-8, atol=1e-12)


def test_runs_of_one_stack_may_differ_in_weights_and_clipping():
    base = dict(task="adding", T=8, kind="lstm", steps=6, H=5, N=4)
    runs = [
        (Settings(**base), 0),
        (Settings(**base, max_norm=0.1, forget_bias=2.0), 0),
        (Settings(**base, chrono=8, start="orthogonal"), 3),
    ]
    for (settings, seed), history in zip(runs, stacked.train(runs, dtype=torch.float64), strict=True):
        alone = training.train(settings, seed, dtype=torch.float64)
        np.testing.assert_allclose(history.loss, alone.loss, rtol=1e-10)


def test_a_run_that_diverges_leaves_the_others_alone():
    base = dict(task="adding", T=8, kind="rnn", steps=8, H=5, N=4, optimiser="sgd", lr=0.5)
    bad, good = Settings(**base, start="gaussian", gain=1e200), Settings(**base, max_norm=0.1)
    broken, sound = stacked.train([(bad, 0), (good, 1)], dtype=torch.float64)
    assert not np.isfinite(broken.norm).all() or broken.test_wrong > 2000
    np.testing.assert_allclose(sound.loss, training.train(good, 1, dtype=torch.float64).loss, rtol=1e-10)


def test_a_stack_is_the_same_twice():
    runs = [(Settings("latch", T=8, kind="gru", steps=5, H=4, N=4), seed) for seed in (0, 1)]
    first, second = stacked.train(runs), stacked.train(runs)
    assert all((a.loss == b.loss).all() and a.test_loss == b.test_loss for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (dict(kind="gru"), "runs[1] has kind = gru, but needs that of runs[0], rnn"),
        (dict(T=9), "runs[1] has T = 9, but needs that of runs[0], 8"),
        (dict(start="identity"), "runs[1] has start = identity, but runs[0] uniform: one is tanh, the other ReLU"),
    ],
)
def test_runs_that_cannot_share_a_stack_are_refused(change, sentence):
    base = dict(task="adding", T=8, kind="rnn", steps=1)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        stacked.train([(Settings(**base), 0), (Settings(**base | change), 0)])


def test_a_stack_needs_settings():
    with pytest.raises(ValueError, match="runs is empty, but needs at least one"):
        stacked.train([])
    with pytest.raises(TypeError, match="begins with a str, but needs"):
        stacked.train([("adding", 0)])
