"""Scaled matrices against exact arithmetic with whole numbers of any length."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from problems import agree

from bptt.growth.binary_scale import Scaled


def exact(scaled):
    """The matrix in fractions, where nothing is rounded."""
    return np.vectorize(Fraction, otypes=[object])(scaled.matrix) * Fraction(2) ** scaled.exponent


def random(seed, exponent=0):
    rng = np.random.default_rng(seed)
    return Scaled.of(rng.standard_normal((3, 3)), exponent)


SEEDS, EXPONENTS = st.integers(0, 2**32 - 1), st.integers(-5000, 5000)


@given(SEEDS, EXPONENTS)
def test_scaling_is_exact_and_leaves_a_largest_entry_between_a_half_and_one(seed, exponent):
    M = np.random.default_rng(seed).standard_normal((3, 3))
    scaled = Scaled.of(M, exponent)
    assert 0.5 <= np.abs(scaled.matrix).max() < 1
    assert (exact(scaled) == exact(Scaled(M, exponent))).all()
    assert (Scaled.of(M).value() == M).all()


@given(SEEDS, SEEDS, EXPONENTS, EXPONENTS)
def test_sums_are_those_of_the_exact_matrices(seed, other_seed, exponent, other_exponent):
    one, other = random(seed, exponent), random(other_seed, other_exponent)
    expected = exact(one) + exact(other)
    error = np.abs(exact(one + other) - expected).max()
    assert error <= Fraction(2) ** (max(exponent, other_exponent) - 48)
    assert (exact(other + one) == exact(one + other)).all()


@given(SEEDS, EXPONENTS)
def test_products_are_those_of_the_plain_matrices(seed, exponent):
    one, M = random(seed, exponent), np.random.default_rng(seed).standard_normal((3, 3))
    expected = Scaled(one.matrix @ M, one.exponent)
    assert (exact(one @ M) == exact(expected)).all()
    agree((one * M[0]).matrix, (one @ np.diag(M[0])).matrix, rtol=1e-15)
    assert (one * M[0]).exponent == (one @ np.diag(M[0])).exponent


def test_a_sum_with_zero_changes_nothing_however_small_the_other_is():
    zero, tiny = Scaled.of(np.zeros((3, 3))), random(0, -100_000)
    for total in (zero + tiny, tiny + zero, tiny @ np.eye(3) + zero @ np.eye(3)):
        assert total.exponent == tiny.exponent
        assert (total.matrix == tiny.matrix).all()
    assert (zero + zero).log_norm() == -np.inf
    assert not zero.value().any()


def test_norms_of_a_stack_are_those_of_its_matrices():
    parts = [random(seed, exponent) for seed, exponent in enumerate([-9000, 0, 9000])] + [Scaled.of(np.zeros((3, 3)))]
    stack = Scaled.stack(parts)
    agree(stack.log_norm()[:3], [part.log_norm() for part in parts[:3]], rtol=1e-15)
    agree(stack.value()[1], parts[1].value(), rtol=0)
    agree(parts[1].log_norm(), np.log(np.linalg.norm(parts[1].value(), 2)), rtol=1e-14)
    agree(parts[0].log_norm() - random(0).log_norm(), -9000 * np.log(2))
    assert stack.log_norm()[3] == -np.inf
    assert np.isinf(stack.value()[2]).any()
    assert not stack.value()[[0, 3]].any()
