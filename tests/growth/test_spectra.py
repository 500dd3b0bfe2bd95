"""Norm, spectral radius and the rates between them: against singular values, brute force and the known examples."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import agree, freeze

from bptt.chains import jacobians
from bptt.growth import matrices, spectra

seeds = st.integers(0, 2**32 - 1)


# Norms and radii


def stacks():
    rng = np.random.default_rng(0)
    yield "random", rng.standard_normal((50, 6, 6))
    yield "long products", np.cumprod(rng.standard_normal((50, 1, 1)), axis=0) * np.outer([1, 2, 3], [4, 5, 6])
    yield "equal singular values", np.stack([matrices.orthogonal(5, rng) for _ in range(20)])
    yield "nearly equal", np.stack([np.diag([1, 1 - gap]) for gap in 10.0 ** -np.arange(1, 16)])
    yield "one by one", rng.standard_normal((9, 1, 1))
    yield "zero among others", np.stack([np.zeros((3, 3)), np.eye(3), np.diag([0.0, 0.0, 2.0])])
    yield "large", rng.standard_normal((9, 4, 4)) * 1e200
    yield "small", rng.standard_normal((9, 4, 4)) * 1e-200
    # The power method starts from equal entries. Here it starts on the wrong singular vector, and would stay there.
    yield "wrong start", np.array([[[1.5, -0.5], [-0.5, 1.5]], [[0.75, -0.25], [-0.25, 0.75]]])
    yield "rows that cancel", np.array([[[2.0, -2.0], [-2.0, 2.0]], [[1.0, -1.0], [0.0, 0.0]]])


@pytest.mark.parametrize(("kind", "stack"), list(stacks()), ids=[kind for kind, _ in stacks()])
def test_sigma_max_of_a_stack_is_the_largest_singular_value(kind, stack):
    expected = np.linalg.svd(stack, compute_uv=False)[:, 0]
    np.testing.assert_allclose(spectra.sigma_max(stack), expected, rtol=1e-13)
    agree([spectra.sigma_max(W) for W in stack], expected)


@given(st.integers(1, 5), st.integers(1, 30), seeds)
def test_sigma_max_of_running_products(m, T, seed):
    P = np.random.default_rng(seed).standard_normal((T, m, m))
    for t in range(1, T):
        P[t] = P[t] @ P[t - 1] / np.abs(P[t] @ P[t - 1]).max()
    np.testing.assert_allclose(spectra.sigma_max(P), np.linalg.svd(P, compute_uv=False)[:, 0], rtol=1e-13)


def test_a_single_matrix_gives_a_float_and_a_stack_an_array():
    W = np.diag([3.0, -4.0])
    for function in (spectra.sigma_max, spectra.spectral_radius):
        assert function(W) == 4.0
        assert type(function(W)) is float
        agree(function(np.stack([W, W / 2])), [4.0, 2.0], rtol=1e-15)


def test_norm_and_radius_of_the_counterexamples():
    got = {name: (spectra.sigma_max(W), spectra.spectral_radius(W)) for name, W in examples().items()}
    agree(np.round(got["TRANSIENT"], 2), [10.08, 0.9])
    agree(got["RADIAL"], [2.0, 2.0])
    agree(np.round(got["SWITCHING"], 3), [2.184, 0.831])
    agree(got["DEAD_END"], [10.0, 0.0])
    assert got["CANCELLING"][0] == pytest.approx(4.0)
    assert got["CANCELLING"][1] < 1e-7  # exactly 0, but an eigenvalue of multiplicity two moves by √ε


def examples():
    return {name: W for name, W in vars(matrices).items() if name.isupper()}


# (ii) the best diagonal scaling


def non_negative():
    rng = np.random.default_rng(1)
    for m in (1, 2, 5, 16, 32):
        yield f"random {m}", rng.uniform(0, 1, (m, m))
        yield f"of many sizes {m}", rng.lognormal(0, 5, (m, m))
        yield f"permutation {m}", np.eye(m)[rng.permutation(m)] * rng.uniform(0.1, 3, m)
    for m in (2, 5, 8):
        yield f"triangular {m}", np.triu(rng.uniform(0, 1, (m, m)))
        yield f"one eigenvalue {m}", np.triu(rng.uniform(0, 1, (m, m)), 1) + np.eye(m)
        yield f"delay line {m}", matrices.delay_line(m)
    yield (
        "two blocks",
        np.block([[rng.uniform(0, 1, (3, 3)), rng.uniform(0, 9, (3, 4))], [np.zeros((4, 3)), np.eye(4)]]),
    )
    yield "TRANSIENT", matrices.TRANSIENT
    yield "SHEAR", matrices.SHEAR


@pytest.mark.parametrize(("kind", "W"), list(non_negative()), ids=[kind for kind, _ in non_negative()])
def test_for_non_negative_weights_the_bound_is_the_spectral_radius(kind, W):
    _, bound = spectra.diagonal_bound(W)
    # A triangular matrix has its eigenvalues on the diagonal; computed ones of multiplicity r are off by the r-th root.
    radius = W.diagonal().max() if (np.tril(W, -1) == 0).all() else spectra.spectral_radius(W)
    assert abs(bound - radius) <= 1e-8 * max(radius, spectra.sigma_max(W) * (radius == 0))


@pytest.mark.parametrize("m", [2, 3, 8, 24])
@pytest.mark.parametrize("kind", ["gaussian", "orthogonal"])
def test_no_other_scaling_does_better(m, kind):
    rng = np.random.default_rng(m)
    W = getattr(matrices, kind)(m, rng)
    S, bound = spectra.diagonal_bound(W)
    s = S.diagonal()
    # The norm is convex in ln S: were there a lower value anywhere, there would be one close by.
    for distance in (1e-3, 1e-2, 0.1, 1.0):
        for _ in range(200):
            other = s * np.exp(distance * rng.standard_normal(m))
            assert spectra.sigma_max(other[:, None] * W / other) >= bound * (1 - 1e-7)


def test_the_best_scaling_of_two_units_against_a_scan():
    W = np.array([[0.3, -2.0], [0.5, 0.7]])
    scan = [np.linalg.norm([[0.3, -2.0 * s], [0.5 / s, 0.7]], 2) for s in np.exp(np.linspace(-5, 5, 20_001))]
    agree(spectra.diagonal_bound(W)[1], min(scan), rtol=1e-6)
    assert spectra.diagonal_bound(W)[1] < 2 / 3 * spectra.sigma_max(W)


@given(st.integers(1, 6), seeds, st.sampled_from([1e-150, 1.0, 1e150]))
@settings(max_examples=settings.default.max_examples // 3)
def test_the_bound_belongs_to_the_scaling_and_holds_for_any_slopes(m, seed, size):
    rng = np.random.default_rng(seed)
    W = matrices.gaussian(m, rng)
    S, bound = spectra.diagonal_bound(size * W)
    assert bound <= spectra.sigma_max(size * W) * (1 + 1e-12)
    agree(bound, spectra.sigma_max(S @ (size * W) @ np.linalg.inv(S)))
    assert (S == np.diag(S.diagonal())).all()
    assert (S.diagonal() > 0).all()
    slopes = rng.uniform(-1, 1, (20, m))
    condition = S.diagonal().max() / S.diagonal().min()
    product = jacobians.log_norms(slopes[:, :, None] * W)
    assert (product <= np.log(condition) + np.arange(20, -1, -1) * np.log(bound / size) + 1e-9).all()


def test_a_zero_matrix_needs_no_scaling():
    S, bound = spectra.diagonal_bound(np.zeros((3, 3)))
    assert bound == 0
    agree(S, np.eye(3), rtol=0)
    assert spectra.jsr_bounds(np.zeros((3, 3)), 2) == (0.0, 0.0)


# (iv) the joint spectral radius


def test_the_switching_network_is_bracketed():
    lower, upper = spectra.jsr_bounds(matrices.SWITCHING, depth=7)
    agree(lower, np.sqrt(1.5))  # two steps, each unit once: E1 W E2 W has the eigenvalue 1.5
    assert 1.2247 <= lower <= upper <= 1.2716
    assert spectra.jsr_bounds(matrices.SWITCHING, depth=60)[1] < 1.2295


def test_the_cancelling_network_is_bracketed():
    lower, upper = spectra.jsr_bounds(matrices.CANCELLING, depth=9)
    agree(lower, 2.0)
    assert lower <= upper < 2.1


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_where_two_conditions_meet_the_bracket_closes(depth):
    rng = np.random.default_rng(0)
    agree(spectra.jsr_bounds(0.9 * matrices.orthogonal(4, rng), depth), [0.9, 0.9], rtol=1e-9)
    W = rng.uniform(0, 1, (4, 4))
    agree(spectra.jsr_bounds(W, depth), [spectra.spectral_radius(W)] * 2, rtol=1e-9)
    agree(spectra.jsr_bounds(matrices.TRANSIENT, depth), [0.9, 0.9], rtol=1e-8)


@given(st.integers(1, 4), seeds)
@settings(max_examples=settings.default.max_examples // 4)
def test_the_bracket_narrows_with_depth_and_begins_at_radius_and_scaling(m, seed):
    W = matrices.gaussian(m, np.random.default_rng(seed))
    brackets = [spectra.jsr_bounds(W, depth) for depth in range(4)]
    agree(brackets[0], [spectra.spectral_radius(W), spectra.diagonal_bound(W)[1]], rtol=1e-12)
    for (low, high), (lower, upper) in itertools.pairwise(brackets):
        assert low <= lower <= upper <= high


@pytest.mark.parametrize("seed", range(5))
def test_the_bracket_holds_against_all_products(seed):
    W = matrices.gaussian(3, np.random.default_rng(seed))
    lower, upper = spectra.jsr_bounds(W, depth=4)
    switches = [np.diag(s) for s in itertools.product([0.0, 1.0], repeat=3)]
    best, worst = 0.0, 0.0
    for n in range(1, 5):
        for D in itertools.product(switches, repeat=n):
            P = np.linalg.multi_dot([np.eye(3), *(D_t @ W for D_t in D), np.eye(3)])
            best = max(best, np.abs(np.linalg.eigvals(P)).max() ** (1 / n))
            worst = max(worst, np.linalg.norm(P, 2) ** (1 / n)) if n == 4 else worst
    agree(lower, best, rtol=1e-10)  # nothing that matters was left out
    assert upper <= spectra.diagonal_bound(W)[1] * (1 + 1e-12)
    assert lower <= worst * (1 + 1e-12)


def test_slopes_between_zero_and_one_are_no_worse_than_those_two():
    rng = np.random.default_rng(0)
    for _ in range(20):
        W = matrices.gaussian(3, rng)
        upper, S = spectra.jsr_bounds(W, depth=5)[1], spectra.diagonal_bound(W)[0]
        slopes = rng.uniform(0, 1, (400, 3)).round()
        slopes[::3] = rng.uniform(0, 1, slopes[::3].shape)
        condition = S.diagonal().max() / S.diagonal().min()
        # ‖P‖ ≤ κ(S) max(1, bound)^4 upper^n: all but at most four factors fall into blocks that obey the bound.
        start = np.log(condition) + 4 * max(0.0, np.log(spectra.diagonal_bound(W)[1] / upper))
        assert jacobians.log_norms(slopes[:, :, None] * W)[0] <= start + 400 * np.log(upper) + 1e-9


# All five


@given(st.integers(1, 5), seeds, st.sampled_from([0.25, 1.0, 1.1289]))
@settings(max_examples=settings.default.max_examples // 2)
def test_the_conditions_imply_each_other_in_order(m, seed, gamma):
    rng = np.random.default_rng(seed)
    W = matrices.gaussian(m, rng) * rng.integers(0, 2, (m, m))
    five = spectra.conditions(W, gamma, depth=2)
    slack = 1 + 1e-7
    assert five.radius <= five.jsr[0] * slack + 1e-7
    assert five.jsr[0] <= five.jsr[1] <= five.diagonal * slack
    assert five.diagonal <= five.norm * slack
    assert five.diagonal <= five.absolute * slack + 1e-7
    np.testing.assert_allclose(five.norm, gamma * spectra.conditions(W).norm, rtol=1e-12)


def test_every_arrow_that_is_missing_has_its_example():
    five = {name: spectra.conditions(W, depth=4) for name, W in examples().items()}
    # (v) but not (iv): both counterexamples with slopes that change or differ.
    assert five["CANCELLING"].radius < 1 < five["CANCELLING"].jsr[0]
    assert five["SWITCHING"].radius < 1 < five["SWITCHING"].jsr[0]
    # (ii) and (iii) but not (i): the long transient.
    assert five["TRANSIENT"].diagonal < 1 < five["TRANSIENT"].norm
    assert five["TRANSIENT"].absolute < 1
    # (i) but not (iii): a rotation by an eighth of a turn.
    turn = 0.9 * np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
    assert spectra.conditions(turn).norm < 1 < spectra.conditions(turn).absolute


def test_frozen_slopes_do_not_show_that_the_switching_network_explodes():
    grid = np.linspace(0, 1, 101)
    D = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    radii = spectra.spectral_radius(D[:, :, None] * matrices.SWITCHING)
    agree(radii.max(), 0.9)
    first, second = (np.diag(row) @ matrices.SWITCHING for row in np.eye(2))
    agree(spectra.spectral_radius(first @ second), 1.5)


# The table of page 2.5: of 60 random W with ρ = .9 this share met each condition; 60 others must agree within three standard errors.
SHARES = {
    2: dict(norm=0.30, absolute=0.53, diagonal=0.63, explodes=0.25),
    3: dict(norm=0.13, absolute=0.20, diagonal=0.45, explodes=0.25),
    4: dict(norm=0.05, absolute=0.02, diagonal=0.30, explodes=0.40),
}


@pytest.mark.parametrize("m", SHARES)
def test_how_often_random_weights_meet_the_conditions(m):
    rng, n, counts = np.random.default_rng(m), 60, dict.fromkeys(SHARES[m], 0)
    for _ in range(n):
        W = matrices.gaussian(m, rng)
        five = spectra.conditions(0.9 * W / spectra.spectral_radius(W), depth=4 if m < 4 else 3)
        rates = dict(norm=five.norm, absolute=five.absolute, diagonal=five.diagonal, explodes=1 / five.jsr[0])
        counts = {name: counts[name] + (rate < 1) for name, rate in rates.items()}
    for name, share in SHARES[m].items():
        pooled = (share + counts[name] / n) / 2
        assert abs(counts[name] / n - share) <= 3 * np.sqrt(pooled * (1 - pooled) * 2 / n), (name, counts[name] / n)


# Errors

NO_MATRIX = [
    (np.zeros((2, 3)), ValueError, "W has shape (2, 3), but needs (m, m)"),
    (np.zeros(2), ValueError, "W has shape (2,), but needs (m, m)"),
    (np.zeros((0, 0)), ValueError, "W has shape (0, 0), but needs (m, m) with m at least 1"),
    (np.full((2, 2), np.nan), ValueError, "W contains nan at index (0, 0), but needs finite numbers"),
    (np.zeros((2, 2), int), TypeError, "W has dtype int64, but needs float64"),
    ([[1.0]], TypeError, "W is of type list, but needs a NumPy array of float64, (m, m)"),
]
FUNCTIONS = {
    "spectral_radius": spectra.spectral_radius,
    "sigma_max": spectra.sigma_max,
    "diagonal_bound": spectra.diagonal_bound,
    "jsr_bounds": lambda W: spectra.jsr_bounds(W, 1),
    "conditions": spectra.conditions,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("W", "kind", "sentence"), NO_MATRIX, ids=[sentence for _, _, sentence in NO_MATRIX])
def test_what_is_no_matrix_is_refused_in_one_sentence(name, W, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        FUNCTIONS[name](W)


REFUSED = [
    (lambda: spectra.diagonal_bound(np.ones((2, 2, 2))), ValueError, "W has shape (2, 2, 2), but needs (m, m)"),
    (lambda: spectra.jsr_bounds(np.eye(2), -1), ValueError, "depth is -1, but needs a whole number of at least 0"),
    (lambda: spectra.jsr_bounds(np.eye(2), 1.5), TypeError, "depth is 1.5, but needs a whole number of at least 0"),
    (lambda: spectra.conditions(np.eye(2), 0.0), ValueError, "gamma is 0.0, but needs a finite number above 0"),
    (
        lambda: spectra.jsr_bounds(matrices.gaussian(32, np.random.default_rng(0)), 1),
        ValueError,
        "depth = 1 needs 1 × (2^32 - 1) products of size 32, but no more than 19531 are in reach: it needs a depth of at most 0",
    ),
]


@pytest.mark.parametrize(("call", "kind", "sentence"), REFUSED, ids=[sentence for _, _, sentence in REFUSED])
def test_the_rest_is_refused_in_one_sentence(call, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        call()


def test_a_cost_out_of_reach_is_refused_before_it_is_paid():
    with pytest.raises(
        ValueError, match=r"^depth = [2-9] needs \d+ × \(2\^7 - 1\) products of size 7, but no more than 408163"
    ):
        spectra.jsr_bounds(matrices.gaussian(7, np.random.default_rng(0)), 9)


def test_nothing_writes_into_its_arguments():
    W = matrices.gaussian(4, np.random.default_rng(0))
    stack = np.stack([W, W])
    copies = freeze(W, stack)
    spectra.conditions(W, depth=2), spectra.sigma_max(stack), spectra.spectral_radius(stack)
    assert (copies[0] == W).all()
    assert (copies[1] == stack).all()
