"""Clipping, against `torch.nn.utils.clip_grad_norm_` and `clip_grad_value_`, with everything that is not finite."""

import re
from decimal import Decimal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze

from bptt.cells import rnn
from bptt.learning import clipping

FINITE = st.floats(-1e3, 1e3)
SQUARED = FINITE.map(lambda entry: entry if abs(entry) > 1e-100 else 0.0)  # what torch can square
ANY = st.one_of(SQUARED, st.sampled_from([0.0, 1e-30, -1e-100, 1e100, np.inf, -np.inf, np.nan]))
EXTREME = st.one_of(FINITE, st.sampled_from([0.0, 5e-324, 1e-310, -1e-200, 1e200, -1e300]))
NORMS = st.sampled_from([1.0, 2.0, 2.5, np.inf])


@st.composite
def gradients(draw, entries):
    shapes = draw(st.lists(st.sampled_from([(1,), (3,), (2, 3), (2, 1, 2)]), min_size=1, max_size=3))
    return tuple(
        np.array(draw(st.lists(entries, min_size=(n := int(np.prod(s))), max_size=n))).reshape(s) for s in shapes
    )


def by_torch(function, grads, *settings):
    leaves = [torch.zeros(part.shape, dtype=torch.float64) for part in grads]
    for leaf, part in zip(leaves, grads, strict=True):
        leaf.grad = torch.tensor(part)
    returned = function(leaves, *settings)
    return tuple(leaf.grad.numpy() for leaf in leaves), returned


def same(got, expected):
    """Equal to 1e-12 relative, with NaN, infinity and zero in the same places."""
    for part, expected_part in zip(got, expected, strict=True):
        np.testing.assert_allclose(part, expected_part, rtol=1e-12, atol=0)


@given(gradients(ANY), st.sampled_from([0.0, 1e-3, 1.0, 5.0, 1e6]), NORMS)
def test_by_norm_does_what_torch_does(grads, max_norm, norm_type):
    got, norm = clipping.by_norm(grads, max_norm, norm_type)
    expected, total = by_torch(torch.nn.utils.clip_grad_norm_, grads, max_norm, norm_type)
    same(got, expected)
    same([norm], [total.item()])


@given(st.sampled_from([5e-324, 1e-310, -1e-200, 1e200, -1e308]), st.sampled_from([1e-200, 1.0, 1e200]), NORMS)
def test_one_very_large_or_small_entry_is_clipped_as_torch_clips_it(entry, max_norm, norm_type):
    grads = (np.array([entry]),)
    got, norm = clipping.by_norm(grads, max_norm, norm_type)
    expected, total = by_torch(torch.nn.utils.clip_grad_norm_, grads, max_norm, norm_type)
    same(got, expected)
    same([norm], [total.item()])


@given(gradients(EXTREME), NORMS)
def test_the_norm_is_right_where_squares_over_or_underflow(grads, norm_type):
    """Against decimal numbers, whose exponents have no end: there torch finds infinity, or 0."""
    sizes = [abs(Decimal(float(entry))) for part in grads for entry in part.flat]
    p = Decimal(str(norm_type))
    expected = max(sizes) if p.is_infinite() else sum(size**p for size in sizes) ** (1 / p)
    assert clipping.global_norm(grads, norm_type) == pytest.approx(float(expected), rel=1e-12, abs=0)


@given(gradients(FINITE), NORMS, st.integers(-900, 900))
def test_powers_of_two_pass_through_the_norm_exactly(grads, norm_type, e):
    grads = tuple(np.where(np.abs(part) < 1e-30, 0.0, part) for part in grads)  # or the smallest would be rounded
    scaled = tuple(np.ldexp(part, e) for part in grads)
    assert clipping.global_norm(scaled, norm_type) == np.ldexp(clipping.global_norm(grads, norm_type), e)


@given(gradients(ANY), st.sampled_from([0.0, 1e-3, 1.0, 1e6]))
def test_by_value_does_what_torch_does(grads, bound):
    same(clipping.by_value(grads, bound), by_torch(torch.nn.utils.clip_grad_value_, grads, bound)[0])


@given(gradients(FINITE), st.sampled_from([1e-3, 1.0, 100.0]))
def test_the_norm_is_that_of_one_long_vector_and_never_above_the_limit(grads, max_norm):
    clipped, norm = clipping.by_norm(grads, max_norm)
    assert norm == pytest.approx(np.linalg.norm(np.concatenate([part.ravel() for part in grads])), rel=1e-12)
    assert clipping.global_norm(clipped) <= max_norm * (1 + 1e-12)


def test_a_long_gradient_is_shortened_to_the_limit_and_keeps_its_direction():
    grads = (np.array([30.0, 0.0]), np.array([[-40.0]]))
    (first, second), norm = clipping.by_norm(grads, 5.0)
    assert norm == 50.0
    agree((first, second), (np.array([3.0, 0.0]), np.array([[-4.0]])), rtol=3e-8)  # but for torch's 1e-6
    assert first[0] < 3.0


def test_a_short_gradient_stays_as_it_is():
    grads = (np.array([1e-30]),)
    assert clipping.by_norm(grads, 1.0).grads[0] == 1e-30


def test_one_infinite_entry_becomes_nan_and_the_others_zero():
    (part,), norm = clipping.by_norm((np.array([np.inf, 1.0, -2.0]),), 1.0)
    assert norm == np.inf
    np.testing.assert_array_equal(part, [np.nan, 0.0, -0.0])


def test_one_nan_makes_everything_nan():
    (part, other), norm = clipping.by_norm((np.array([np.nan, 1.0]), np.array([3.0])), 1.0)
    assert np.isnan([norm, *part, *other]).all()


def test_the_type_of_the_gradients_is_kept():
    grads = rnn.Grads(*(np.full(3, 9.0) for _ in range(5)))
    assert type(clipping.by_norm(grads, 1.0).grads) is rnn.Grads
    assert type(clipping.by_value(grads, 1.0)) is rnn.Grads
    assert type(clipping.by_value(tuple(grads), 1.0)) is tuple


def test_nothing_writes_into_its_arguments_or_shares_their_memory():
    grads = (np.array([3.0, 4.0]), np.ones((2, 2)))
    before = freeze(*grads)
    for clipped in (
        clipping.by_norm(grads, 1.0).grads,
        clipping.by_norm(grads, 99.0).grads,
        clipping.by_value(grads, 9.0),
    ):
        assert not any(np.shares_memory(part, array) for part, array in zip(clipped, grads, strict=True))
    for array, copy in zip(grads, before, strict=True):
        assert (array == copy).all()


ONE = (np.ones(2),)
TUPLE = "but needs a tuple of at least one array, such as lstm.Grads"
REFUSED = [
    (clipping.global_norm, (np.ones(2),), TypeError, f"grads is of type ndarray, {TUPLE}"),
    (clipping.by_norm, ([np.ones(2)], 1.0), TypeError, f"grads is of type list, {TUPLE}"),
    (clipping.by_value, ((), 1.0), TypeError, f"grads is of type tuple and empty, {TUPLE}"),
    (clipping.by_value, ((np.ones(2), [1.0]), 1.0), TypeError, "grads[1] is of type list, but needs a NumPy array of float64"),
    (clipping.by_norm, ((np.ones(2, np.float32),), 1.0), TypeError, "grads[0] has dtype float32, but needs float64"),
    (clipping.by_norm, (ONE, -1.0), ValueError, "max_norm is -1.0, but needs a finite number of at least 0"),
    (clipping.by_norm, (ONE, np.nan), ValueError, "max_norm is nan, but needs a finite number of at least 0"),
    (clipping.by_norm, (ONE, 1.0, 0.0), ValueError, "norm_type is 0.0, but needs a finite number above 0"),
    (clipping.by_value, (ONE, -1.0), ValueError, "bound is -1.0, but needs a finite number of at least 0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "arguments", "kind", "sentence"), REFUSED, ids=[sentence for *_, sentence in REFUSED]
)
def test_functions_refuse_in_one_sentence(function, arguments, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        function(*arguments)
