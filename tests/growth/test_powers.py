"""Powers of one matrix: Gelfand's rates, the transient and the Kreiss constant, against the powers themselves."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze

from bptt.growth import matrices, powers

seeds = st.integers(0, 2**32 - 1)


def norms(W, n):
    """Norms of the powers 0 … n, one product after the other."""
    P, out = np.eye(len(W)), []
    for _ in range(n + 1):
        out.append(np.linalg.norm(P, 2))
        P = P @ W
    return np.array(out)


# Gelfand


def test_the_rate_falls_to_the_radius_while_the_power_grows():
    rates = [powers.gelfand(matrices.TRANSIENT, 10**k) for k in range(5)]
    agree(np.round(rates, 3), [10.080, 1.442, 0.965, 0.908, 0.901])


def test_the_rate_of_a_jordan_block_in_closed_form():
    # [[r, b], [0, r]]ⁿ = r^(n-1) [[r, n b], [0, r]]
    for n in (2, 77, 10**6):
        expected = ((n - 1) * math.log(0.9) + math.log(np.linalg.norm([[0.9, 10 * n], [0, 0.9]], 2))) / n
        agree(powers.gelfand(matrices.TRANSIENT, n), math.exp(expected))


@given(st.integers(1, 5), st.integers(1, 40), seeds, st.sampled_from([1e-200, 1.0, 1e200]))
def test_the_rate_is_the_root_of_the_norm_of_the_power(m, n, seed, size):
    W = matrices.gaussian(m, np.random.default_rng(seed))
    expected = size * np.linalg.norm(np.linalg.matrix_power(W, n), 2) ** (1 / n)
    agree(powers.gelfand(size * W, n), expected, rtol=1e-11)


def test_a_power_that_is_zero_has_the_rate_zero():
    line = matrices.delay_line(64)
    agree(powers.gelfand(line, 63), 1.0)
    assert powers.gelfand(line, 64) == 0
    assert powers.gelfand(np.zeros((2, 2)), 3) == 0


# The transient


def test_a_radius_below_one_lets_powers_grow_for_a_while():
    growth, step = powers.transient(matrices.TRANSIENT)
    agree(round(growth, 1), 38.7)
    assert step == 9
    above_one = norms(matrices.TRANSIENT, 100) > 1
    assert above_one[1:63].all()
    assert not above_one[63:].any()


def shears(m, rng, rho, more):
    """A matrix with eigenvalues ±rho, and as far from normal as `more` says, in a random orthonormal basis."""
    Q = matrices.orthogonal(m, rng)
    return Q @ (rho * np.diag(rng.choice([-1.0, 1.0], m)) + more * np.triu(rng.standard_normal((m, m)), 1)) @ Q.T


@given(st.integers(1, 6), seeds, st.floats(0.1, 0.9), st.floats(0, 5))
def test_the_transient_is_the_largest_of_many_powers(m, seed, rho, more):
    rng = np.random.default_rng(seed)
    W = shears(m + 1, rng, rho, more)
    growth, step = powers.transient(W)
    seen = norms(W, 300)
    agree(growth, seen.max())
    agree(seen[step], seen.max())


def test_without_a_transient_nothing_is_larger_than_the_identity():
    assert powers.transient(0.5 * np.eye(3)) == (1.0, 0)


# Kreiss


def test_the_kreiss_constant_bounds_the_transient_from_both_sides():
    K = powers.kreiss(matrices.TRANSIENT)
    growth, _ = powers.transient(matrices.TRANSIENT)
    assert 25.0 <= K <= growth <= math.e * 2 * K
    agree(math.e * 2 * K, 136, rtol=0.005)


@given(st.integers(1, 6), seeds, st.floats(0.1, 0.9), st.floats(0, 5))
def test_the_powers_reach_the_kreiss_constant(m, seed, rho, more):
    W = shears(m + 1, np.random.default_rng(seed), rho, more)
    assert 1 <= powers.kreiss(W) <= powers.transient(W).growth * (1 + 1e-9)


def test_the_kreiss_constant_in_closed_form():
    # For [[0, b], [0, 0]] the resolvent at |z| = 1 + d is [[z, b], [0, z]]/z². Scan d.
    d = np.linspace(1e-3, 30, 30_001)
    resolvent = (1 + d[:, None, None]) * np.eye(2) + matrices.DEAD_END
    values = d * np.linalg.norm(resolvent, 2, axis=(1, 2)) / (1 + d) ** 2
    agree(powers.kreiss(matrices.DEAD_END), values.max(), rtol=1e-6)
    agree(powers.kreiss(0.9 * matrices.orthogonal(4, np.random.default_rng(0))), 1.0, rtol=1e-3)


def test_where_powers_do_not_stay_bounded_the_lower_bound_is_large():
    assert powers.kreiss(matrices.SHEAR) > 1e5
    assert powers.kreiss(np.array([[1.2]])) > 1e3


# Errors

REFUSED = [
    (lambda: powers.gelfand(np.zeros((2, 3)), 1), ValueError, "W has shape (2, 3), but needs (m, m)"),
    (lambda: powers.gelfand(np.eye(2), 0), ValueError, "n is 0, but needs a whole number of at least 1"),
    (
        lambda: powers.transient(np.diag([1.5, 0.5])),
        ValueError,
        "W has the spectral radius 1.5, but its powers vanish only if that is below 1",
    ),
    (
        lambda: powers.transient(matrices.TRANSIENT, 50),
        ValueError,
        "W has no power with a norm below 1 among the first 50, but needs one",
    ),
    (lambda: powers.transient(np.eye(1), 0), ValueError, "most_steps is 0, but needs a whole number of at least 1"),
    (
        lambda: powers.kreiss(np.full((1, 1), np.inf)),
        ValueError,
        "W contains inf at index (0, 0), but needs finite numbers",
    ),
]


@pytest.mark.parametrize(("call", "kind", "sentence"), REFUSED, ids=[sentence for _, _, sentence in REFUSED])
def test_the_rest_is_refused_in_one_sentence(call, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        call()


def test_nothing_writes_into_its_arguments():
    W = 0.5 * matrices.orthogonal(3, np.random.default_rng(0))
    (copy,) = freeze(W)
    powers.gelfand(W, 5), powers.transient(W), powers.kreiss(W)
    assert (copy == W).all()
