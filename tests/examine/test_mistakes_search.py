"""Every mistake and every pair is named, and alone; what is not in the catalogue is not named."""

import numpy as np
import pytest
from handwritten import alternatives, cell, puzzle, together

from bptt.examine.mistakes_search import name

PLAIN = [cell("RNN"), cell("LSTM"), cell("GRU", reset="after"), cell("GRU", reset="before")]
of_each = pytest.mark.parametrize("kind", PLAIN, ids=lambda one: f"{one.kind}-{one.reset}")


def named(kind, mistakes, **sizes):
    sets, _ = name(puzzle(kind, mistakes, **sizes))
    return [frozenset(found) for found in sets]


def hidden(kind, mistakes, found):
    """Whether some of the mistakes make no difference beside the others: the numbers are those without them."""
    p = puzzle(kind, mistakes)
    less = [tuple(found) for found in found if found < frozenset(mistakes)]
    return any(all(p.fits(p.codes(one), T).all() for T in p.probes) for one in less)


@of_each
def test_the_right_gradient_is_right(kind):
    assert named(kind, ()) == [frozenset()]


@of_each
def test_every_single_mistake_is_named_alone(kind):
    for mistake in alternatives(kind):
        assert named(kind, [mistake]) == [frozenset([mistake])]


@of_each
@pytest.mark.parametrize("n", [2, 3])
def test_mistakes_together_are_named_alone(kind, n):
    sets = together(kind, n)
    for k in np.random.default_rng(n).choice(len(sets), 25, replace=False):
        found = named(kind, sets[k])
        assert found == [frozenset(sets[k])] or hidden(kind, sets[k], found)


@pytest.mark.parametrize("sizes", [dict(H=2, D=1), dict(H=5, D=4, seed=3)])
def test_other_sizes(sizes):
    for mistake in alternatives(cell("LSTM"))[::3]:
        assert named(cell("LSTM"), [mistake], **sizes) == [frozenset([mistake])]


def test_there_are_at_least_45_alternatives_of_the_lstm_and_two_thirds_of_that_of_the_gru():
    assert len(alternatives(cell("LSTM"))) >= 45
    assert len(alternatives(cell("GRU"))) >= 30
    assert len(alternatives(cell("RNN"))) >= 20


def test_seven_mistakes_at_once():
    seven = [("slope_f", "sigma"), ("slope_c", "tanh2"), ("carry_c", "none"), ("carry_h", "none")]
    seven += [(f"slope_{gate}", "again") for gate in "iog"]
    assert named(cell("LSTM"), seven) == [frozenset(seven)]


@of_each
def test_a_factor_that_is_not_in_the_catalogue_is_not_named(kind):
    p = puzzle(kind)
    for T, (x, dh, target) in p.probes.items():
        p.probes[T] = x, dh, 3 * target
    assert name(p)[0] == []


@of_each
@pytest.mark.parametrize("seed", range(3))
def test_one_wrong_row_is_not_named(kind, seed):
    """Half of one unit's gradient is missing: no line of a backward pass does that."""
    p, rng = puzzle(kind, seed=seed), np.random.default_rng(seed)
    gate, unit = rng.integers(len(kind.gates)), rng.integers(3)
    for _, _, target in p.probes.values():
        target[gate, unit] *= 0.5
    assert name(p)[0] == []


def test_it_gives_up_in_time():
    p = puzzle(cell("LSTM"), [("slope_i", "none")])
    assert name(p, seconds=0.0) == ([], 1)


def test_a_large_gradient_is_looked_at_in_part_and_named_all_the_same():
    p = puzzle(cell("LSTM"), [("slope_c", "h"), ("carry_c", "twice")], H=40, D=30)
    assert p.gradient(p.codes(()), 2, p.sample).theta.shape == (1, 4, 5, 5 + 1 + 5 + 1 + 1)
    assert name(p)[0] == [(("slope_c", "h"), ("carry_c", "twice"))]


def test_a_part_of_a_gradient_is_that_part():
    p = puzzle(cell("GRU"), H=7, D=6)
    whole, part = (p.gradient(p.codes(()), 3, sample).theta[0] for sample in (None, p.sample))
    assert (p.sample.of(whole, 6) == part).all()
