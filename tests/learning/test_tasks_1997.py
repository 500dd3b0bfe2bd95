"""The tasks of 1997: every word of their small print, and what it takes to be right."""

import numpy as np
import pytest

from bptt.learning import tasks_1997

N = 4000


@pytest.mark.parametrize(("name", "low", "first"), [("adding", -1.0, 0.0), ("multiplying", 0.0, 1.0)])
@pytest.mark.parametrize("T", [100, 500])
def test_two_pairs_are_marked_and_the_first_counts_as_it_is_told(name, low, first, T):
    x, lengths, y = tasks_1997.make(name).draw(T, np.random.default_rng(0), N)
    n, marks = np.arange(N), x[:, :, 1] == 1.0
    assert (lengths.min(), lengths.max()) == (T, T + T // 10)
    assert (marks.sum(axis=1) == 2).all()
    assert (marks[:, :10].sum(axis=1) >= 1).all()
    assert marks[:, T // 2 :].sum() == 0, "the second of the T/2 - 1 pairs that are still unmarked comes before T/2"
    assert marks[:, T // 2 - 1].any()
    assert (x[n, lengths - 1, 1] == -1.0).all()
    assert ((x[:, 0, 1] == -1.0) | marks[:, 0]).all()
    numbers = np.sort(x[:, :, 0][marks].reshape(N, 2), axis=1)
    expected = 0.5 + numbers.sum(axis=1) / 4 if name == "adding" else numbers.prod(axis=1)
    np.testing.assert_allclose(y[:, 0], expected, rtol=1e-12, atol=1e-12)
    assert (x[marks[:, 0], 0, 0] == first).all()
    inner = x[~marks[:, 0], :, 0]
    assert abs(inner.mean() - (low + 1) / 2) < 0.01
    assert (inner.min() < low + 0.01) & (inner.min() >= low)


@pytest.mark.parametrize(("name", "spans"), [("order-2", [(10, 20), (50, 60)]), ("order-3", [(10, 20), (33, 43), (66, 76)])])  # fmt: skip
def test_the_symbols_stand_where_they_are_told_and_name_the_class(name, spans):
    x, lengths, y = tasks_1997.make(name).draw(100, np.random.default_rng(0), N)
    letters, n, found = x.argmax(axis=2), np.arange(N), np.zeros(N, dtype=int)
    assert (letters[:, 0] == 6).all()
    assert (letters[n, lengths - 1] == 7).all()
    assert ((letters <= 1).sum(axis=1) == len(spans)).all()
    for first, last in spans:
        where = (letters[:, first - 1 : last] <= 1).argmax(axis=1) + first - 1
        assert (where.min() + 1, where.max() + 1) == (first, last), "elements are counted from 1"
        found = 2 * found + letters[n, where]
    assert (y.argmax(axis=1) == found).all()
    assert (y.sum(axis=1) == 1).all()
    np.testing.assert_allclose(y.mean(axis=0), 0.5 ** len(spans), atol=0.03)


def test_refusals_are_one_sentence():
    with pytest.raises(ValueError, match="^name is 'dividing', but needs one of adding, multiplying, order-2, order-3"):
        tasks_1997.make("dividing")
    with pytest.raises(ValueError, match="^T is 50, but needs a whole number of at least 100"):
        tasks_1997.make("adding").draw(50, np.random.default_rng(0), 1)
