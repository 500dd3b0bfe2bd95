"""A sweep over seeds: twenty trainings of a 32-unit LSTM on the adding problem at T = 50.

As the chapter runs them: half of the seeds as one stack in each of two processes, one thread each. Against the same
twenty trainings one after another, each a plain loop on `torch.nn`, with the threads that torch takes by itself; and
against that loop on two processes. Everything counts: batches, losses, clipping, Adam, and a short test at the end. The
histories agree to rounding, which is checked first.
"""

from __future__ import annotations

import tempfile

import numpy as np
import torch
from harness import Race, Rival

from bptt.experiments import resumable
from bptt.learning import stacked, training
from bptt.learning.training import Settings

SETTINGS = dict(task="adding", T=50, kind="lstm", H=32, max_norm=1.0)
SEEDS, STEPS, TESTED = 20, 60, 20


def races():
    settings = Settings(**SETTINGS, N=20, steps=STEPS)
    together = stacked.train([(settings, seed) for seed in range(2)], dtype=torch.float64)
    for seed, history in enumerate(together):
        expected = training.train(settings, seed, dtype=torch.float64)
        np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-8)
    for N, bar in ((10, 1 / 3), (20, None)):
        yield Race(
            f"{SEEDS} seeds, N={N}, {STEPS} steps",
            lambda N=N: by_sweep(stack, N, [list(range(SEEDS // 2)), list(range(SEEDS // 2, SEEDS))], jobs=2),
            [
                Rival("one after another, `torch.nn`", lambda N=N: one_by_one(N), bar=bar),
                Rival("the same on two processes", lambda N=N: by_sweep(alone, N, [[s] for s in range(SEEDS)], jobs=2)),
                Rival("one stack, one process", lambda N=N: stack(N, list(range(SEEDS)))),
            ],
        )


def by_sweep(function, N, parts, jobs):
    """All seeds by `resumable.run`, from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        return resumable.run(function, [{"N": N, "seeds": seeds} for seeds in parts], folder, jobs)


def stack(N, seeds):
    """Some seeds as one stack, on one thread."""
    return one_thread(
        lambda: losses(stacked.train([(Settings(**SETTINGS, N=N, steps=STEPS), s) for s in seeds], tested=TESTED))
    )


def alone(N, seeds):
    """Some seeds one after another, on one thread."""
    return one_thread(
        lambda: losses(training.train(Settings(**SETTINGS, N=N, steps=STEPS), s, tested=TESTED) for s in seeds)
    )


def one_by_one(N):
    """All seeds one after another, with torch's own threads."""
    return losses(training.train(Settings(**SETTINGS, N=N, steps=STEPS), s, tested=TESTED) for s in range(SEEDS))


def losses(histories):
    return [history.loss.tolist() for history in histories]


def one_thread(run):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return run()
    finally:
        torch.set_num_threads(threads)
