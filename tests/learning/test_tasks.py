"""Tasks: what is asked is what the inputs say, baselines are reached by guessing, impossible settings are refused."""

import re

import numpy as np
import pytest

from bptt.learning import tasks

T_OF = dict.fromkeys(tasks.NAMES, 30)
every_task = pytest.mark.parametrize("name", tasks.NAMES)


def draw(name, N=400, seed=0, **options):
    task = tasks.make(name, T_OF[name], **options)
    return task, *task.draw(np.random.default_rng(seed), N)


@every_task
def test_shapes_and_types(name):
    task, x, y = draw(name)
    assert x.shape == (30, 400, task.D)
    assert x.dtype == np.float64
    assert y.shape == ((400, 1) if task.loss == "squared error" else (30, 400) if task.every else (400,))
    assert task.loss == "squared error" or (y.dtype == np.int64 and 0 <= y.min() and y.max() == task.K - 1)
    assert task.why
    assert task.criterion


@every_task
def test_one_generator_one_batch(name):
    for first, second in zip(draw(name, 7)[1:], draw(name, 7)[1:], strict=True):
        np.testing.assert_array_equal(first, second)
    assert (draw(name, 7)[1] != draw(name, 7, seed=1)[1]).any()


@every_task
def test_without_memory_nothing_beats_the_baseline(name):
    """The best answer that looks at nothing but the step has the loss that the task calls its baseline."""
    task, _, y = draw(name, 20000)
    if task.loss == "squared error":
        errors = (y - y.mean()) ** 2
        assert abs(errors.mean() - task.baseline) < 4 * errors.std() / np.sqrt(len(y))
        return
    shares = np.stack([(y == k).mean(axis=-1) for k in range(task.K)], axis=-1)
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=-1).mean()
    assert abs(entropy - task.baseline) < 1e-3


def test_adding_adds_the_two_marked_numbers():
    _, x, y = draw("adding")
    assert (x[..., 1].sum(axis=0) == 2).all()
    assert (x[:15, :, 1].sum(axis=0) == 1).all(), "one marker in each half"
    np.testing.assert_allclose((x[..., 0] * x[..., 1]).sum(axis=0), y[:, 0])


def test_adding_1997_follows_the_paper():
    _, x, y = draw("adding-1997", 4000)
    markers = x[..., 1]
    assert (markers[-1] == -1).all()
    assert set(np.unique(markers[1:-1])) == {0.0, 1.0}
    marked_first = markers[0] == 1
    assert 0.05 < marked_first.mean() < 0.3
    assert (markers[0][~marked_first] == -1).all()
    assert ((markers == 1).sum(axis=0) == 2).all()
    assert (markers[:10] == 1).any(axis=0).all()
    assert not (markers[15:-1] != 0).any(), "the second is among the first T/2 - 1 others"
    assert (x[0, marked_first, 0] == 0).all(), "X₁ is set to zero where it comes in"
    assert (x[0, ~marked_first, 0] != 0).all()
    numbers = np.where(markers == 1, x[..., 0], 0.0)
    np.testing.assert_allclose(y[:, 0], 0.5 + numbers.sum(axis=0) / 4)
    assert (y >= 0).all()
    assert (y <= 1).all()


@pytest.mark.parametrize(("name", "windows"), [("order-2", [(10, 20), (50, 60)]), ("order-3", [(10, 20), (33, 43), (66, 76)])])  # fmt: skip
def test_order_names_the_symbols_in_their_order(name, windows):
    task = tasks.make(name, 100)
    x, y = task.draw(np.random.default_rng(0), 2000)
    letters = x.argmax(axis=2)
    assert (x.sum(axis=2) == 1).all()
    assert (letters[0] == 6).all()
    assert (letters[-1] == 7).all()
    steps, samples = np.nonzero(letters < 2)
    found = [steps[samples == n] for n in range(2000)]
    for k, (low, high) in enumerate(windows):
        where = {at[k] for at in found}
        assert where == set(range(low, high)), "as in hochreiter1997"
    answer = [int("".join(str(letters[t, n]) for t in at), 2) for n, at in enumerate(found)]
    np.testing.assert_array_equal(answer, y)


def test_order_without_ends_has_six_letters():
    task, x, _ = draw("order-2", ends=False)
    assert task.D == x.shape[2] == 6
    assert x.argmax(axis=2)[0].max() == 5


def test_copy_asks_for_the_first_letters_at_the_end():
    _, x, y = draw("copy")
    letters = x.argmax(axis=2)
    np.testing.assert_array_equal(letters[:5], y[-5:])
    assert (y[:-5] == 0).all()
    assert (letters[-6] == 9).all(), "the delimiter"
    assert (letters[5:-6] == 0).all()
    assert (letters[-5:] == 0).all()
    assert set(y[-5:].ravel()) == set(range(1, 9))


@pytest.mark.parametrize("writes", [1, 4])
def test_latch_asks_for_the_last_sign_written(writes):
    _, x, y = draw("latch", writes=writes)
    assert (x[..., 1].sum(axis=0) == writes).all()
    assert not x[15:, :, 1].any()
    last = 29 - x[::-1, :, 1].argmax(axis=0)
    np.testing.assert_array_equal(np.sign(x[last, np.arange(400), 0]), 2 * y - 1)
    noise = x[..., 0][x[..., 1] == 0]
    assert abs(noise.std() - 0.2) < 0.01


@every_task
def test_right_answers_are_right_and_wrong_ones_wrong(name):
    task, _, y = draw(name, 50)
    output = y.copy() if task.loss == "squared error" else np.eye(task.K)[y]
    assert not task.wrong(output, y).any()
    bent = output.copy()
    bent[(-1, 3) if task.every else 3] = [0.05] + [0.0] * (task.K - 1) if task.loss == "cross entropy" else y[3] + 0.041
    if task.loss == "cross entropy":
        bent[(-1, 3) if task.every else 3] = np.eye(task.K)[(y[(-1, 3) if task.every else 3] + 1) % task.K]
    assert task.wrong(bent, y).tolist() == [n == 3 for n in range(50)]
    bent[..., 4, :] = np.nan
    assert task.wrong(bent, y)[4]
    with pytest.raises(ValueError, match="output has shape"):
        task.wrong(output[0], y)


@pytest.mark.parametrize(
    ("name", "T", "options", "sentence"),
    [
        ("adding", 1, {}, "T is 1, but needs a whole number of at least 2"),
        ("adding-1997", 21, {}, "T is 21, but needs a whole number of at least 22"),
        ("order-2", 9, {}, "T is 9, but needs a whole number of at least 10"),
        ("copy", 10, {}, "T is 10, but needs a whole number of at least 11"),
        ("latch", 7, {"writes": 4}, "T is 7, but needs a whole number of at least 8"),
        ("recall", 10, {}, "name is 'recall', but needs one of adding, adding-1997, copy, latch, order-2, order-3"),
        ("latch", 10, {"write": 2}, "options has 'write', but latch needs writes or noise"),
        ("order-2", 20, {"symbols": 3}, "options has 'symbols', but order-2 needs ends"),
        ("adding", 10, {"ends": True}, "options has 'ends', but adding needs none"),
        ("latch", 10, {"noise": -0.1}, "noise is -0.1, but needs a finite number of at least 0"),
    ],
)
def test_impossible_settings_are_refused_in_one_sentence(name, T, options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        tasks.make(name, T, **options)


@pytest.mark.parametrize("name", tasks.NAMES)
def test_the_shortest_length_works(name):
    T = {"adding": 2, "adding-1997": 22, "copy": 11, "latch": 2}.get(name, 10)
    x, _ = tasks.make(name, T).draw(np.random.default_rng(0), 300)
    assert len(x) == T


def test_a_seed_is_no_generator():
    with pytest.raises(TypeError, match="rng is of type int"):
        tasks.make("adding", 10).draw(0, 5)
