"""The loops of 1997, compiled or not, against the cell that is written in the letters of its equations."""

import math

import numpy as np
import pytest
from problems import agree

from bptt.cells import lstm1997
from bptt.learning import online, tasks_1997


def by_the_cell(params, drawn, lr):
    """Learn sequence by sequence with `lstm1997.backward`; return the parameters and the errors before each step."""
    errors = []
    for x, length, y in zip(*drawn, strict=True):
        trace = lstm1997.forward(params, x[:length, None])
        grads = lstm1997.backward(params, trace, trace.y - y)
        params = lstm1997.Params(*(part - lr * grad for part, grad in zip(params, grads, strict=True)))
        errors.append(np.abs(trace.y - y)[0])
    return params, np.array(errors)


@pytest.mark.parametrize(("task", "blocks", "size"), [("adding", 2, 2), ("order-3", 3, 2), ("order-2", 1, 3)])
def test_the_loops_learn_what_the_cell_learns(task, blocks, size):
    settings = online.Settings1997(task, 100, budget=4, blocks=blocks, size=size, input_biases=(-1.0,) * blocks, lr=0.7)
    passage = online.train(settings, 3, tested=3)
    made, params, rng, test = settings.make(3)
    expected, errors = by_the_cell(params, made.draw(100, rng, 4), 0.7)
    agree(tuple(passage.params), tuple(expected), rtol=1e-9)
    agree(passage.error, errors.mean(axis=1), rtol=1e-9)
    assert passage.wrong.tolist() == (errors.max(axis=1) >= made.right).tolist()
    fresh = by_the_cell(expected, made.draw(100, test, 3), 0.0)[1]
    assert passage.test_error == pytest.approx(fresh.mean(), rel=1e-9)
    assert passage.test_wrong == (fresh.max(axis=1) >= made.right).sum()
    assert (passage.solved_after, passage.trained) == (None, 4)


def learn(right, mean, allowed, budget=30, recent=5):
    """Learn a task that gets easier with every sequence: the network learns to say 0.7."""
    params = lstm1997.init(2, 1, 1, 1, np.random.default_rng(0))
    x, lengths, y = np.zeros((budget, 2, 2)), np.full(budget, 2), np.full((budget, 1), 0.7)
    errors, wrongs = np.empty((2, budget))
    how = (1, 2.0, x, lengths, y, right, mean, allowed, recent, errors, wrongs, 0)
    solved, done = online._learn(*online.pack(params), *how)
    return solved, done, errors[:done], wrongs[:done]


def test_it_stops_at_the_first_sequence_that_meets_the_criterion():
    _, done, errors, wrongs = learn(0.0, 1.0, 0)
    assert (done, wrongs.sum()) == (30, 30.0)
    assert (np.diff(errors) < 0).all()
    for right, mean, allowed in ((errors[9], 1.0, 0), (errors[9], 1.0, 2), (1.0, errors[9], 0)):
        met = [
            (errors[k - 5 : k] >= right).sum() <= allowed and errors[k - 5 : k].mean() < mean and errors[k - 1] < right
            for k in range(5, 31)
        ]
        solved, stopped, *_ = learn(right, mean, allowed)
        assert (solved, stopped) == (True, 5 + met.index(True))


def test_an_error_that_is_no_number_is_wrong():
    params = lstm1997.init(2, 1, 1, 1, np.random.default_rng(0))
    drawn = np.full((1, 2, 2), math.nan), np.array([2]), np.full((1, 1), 0.7)
    errors, wrongs = np.empty((2, 1))
    online._learn(*online.pack(params), 1, 0.5, *drawn, 0.04, 0.01, 0, 1, errors, wrongs, 0)
    assert wrongs[0] == 1.0


def test_what_is_packed_can_be_unpacked():
    params = lstm1997.init(3, 2, 2, 2, np.random.default_rng(0))
    agree(tuple(online.unpack(*online.pack(params), params)), tuple(params))


@pytest.mark.parametrize(
    ("task", "blocks", "K", "published"), [("adding", 2, 1, 93), ("multiplying", 2, 1, 93), ("order-2", 2, 4, 156), ("order-3", 3, 8, 308)]
)  # fmt: skip
def test_every_task_of_1997_has_the_network_of_the_published_size(task, blocks, K, published):
    assert tasks_1997.make(task).K == K
    params = online.Settings1997(task, 100, budget=1, blocks=blocks, input_biases=(-1.0,) * blocks).make(0)[1]
    assert lstm1997.weights(params) == published


def test_refusals_are_one_sentence():
    for how, said in (
        ({"lr": 0.0}, "lr is 0.0, but needs"),
        ({"budget": 0}, "budget is 0, but needs"),
        ({"allowed": 2001}, "allowed is 2001, but needs a whole number of at least 0 and at most 2000"),
    ):
        with pytest.raises(ValueError, match=f"^{said}"):
            online.Settings1997(**{"task": "adding", "T": 100, "budget": 1} | how)
