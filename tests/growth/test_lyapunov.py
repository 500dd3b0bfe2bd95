"""Growth rates: against exact ones, reflections at every step, and Newman's exponents within their standard errors."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze

from bptt.chains import jacobians, steering
from bptt.growth import lyapunov, matrices, meanfield

seeds = st.integers(0, 2**32 - 1)


def by_reflections(J, k=None):
    """ln|R_t[j, j]| by a Householder QR decomposition at every step."""
    Q = np.linalg.qr(np.eye(J.shape[1])[:, :k])[0]
    rows = []
    for J_t in J:
        Q, R = np.linalg.qr(J_t @ Q)
        rows.append(np.log(np.abs(R.diagonal())))
    return np.array(rows)


# Exact cases


@given(st.integers(1, 6), st.integers(1, 30), seeds)
def test_diagonal_products_are_exact(m, T, seed):
    d = np.random.default_rng(seed).lognormal(0, 3, (T, m))
    expected = np.sort(np.log(d).mean(axis=0))[::-1]
    np.testing.assert_allclose(lyapunov.exponents(np.eye(m) * d[:, None]), expected, rtol=0, atol=1e-12)


@given(st.integers(1, 6), st.integers(1, 30), seeds)
def test_triangular_products_are_exact(m, T, seed):
    rng = np.random.default_rng(seed)
    J = np.triu(rng.standard_normal((T, m, m)))
    J[:, range(m), range(m)] = rng.lognormal(0, 1, (T, m))
    expected = np.sort(np.log(J.diagonal(axis1=1, axis2=2)).mean(axis=0))[::-1]
    np.testing.assert_allclose(lyapunov.exponents(J), expected, rtol=0, atol=1e-9)


def test_lower_triangular_products_tend_to_the_same():
    rng = np.random.default_rng(0)
    J = np.tril(rng.standard_normal((4000, 3, 3)), -1) + np.diag([0.5, 1.0, 2.0])
    agree(lyapunov.exponents(J), np.log([2.0, 1.0, 0.5]), rtol=0.01)


def test_powers_of_one_matrix_grow_like_its_eigenvalues():
    W = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, -0.2, 0.7]])
    expected = np.sort(np.log(np.abs(np.linalg.eigvals(W))))[::-1]
    got = lyapunov.growth(np.tile(W, (4000, 1, 1)))[1000:].mean(axis=0)
    np.testing.assert_allclose(got, expected, rtol=0, atol=2e-3)


@given(st.integers(1, 8), st.integers(1, 20), seeds)
def test_the_exponents_add_up_to_the_volume(m, T, seed):
    J = np.random.default_rng(seed).standard_normal((T, m, m))
    volume = np.linalg.slogdet(J)[1].mean()
    np.testing.assert_allclose(lyapunov.exponents(J).sum(), volume, rtol=0, atol=1e-8)


@given(st.integers(1, 12), st.integers(1, 40), seeds, st.sampled_from([0.0, 4.0, 8.0]))
def test_growth_is_that_of_reflections_at_every_step(m, T, seed, spread):
    """Also where singular values lie so far apart that a Cholesky factor would be wrong."""
    rng = np.random.default_rng(seed)
    J = rng.standard_normal((T, m, m)) * np.exp(rng.uniform(-spread, spread, (T, m, 1)))
    got, expected = lyapunov.growth(J).mean(axis=0), np.sort(by_reflections(J).mean(axis=0))[::-1]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10 + 1e-12 * np.linalg.cond(J).max() / T)


def test_growth_of_a_driven_network_is_that_of_reflections():
    W, T = matrices.gaussian(32, np.random.default_rng(0), 1.5), 300
    J = np.array(list(steering.steps(W, T, np.random.default_rng(1), drive=1.0)))
    got, expected = lyapunov.growth(J), by_reflections(J)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(got.mean(axis=0), expected.mean(axis=0), rtol=0, atol=1e-10)


@pytest.mark.parametrize("size", [1e-200, 1e-160, 1e160, 1e200])
def test_one_step_may_be_very_large_or_small(size):
    J = np.random.default_rng(0).standard_normal((50, 4, 4))
    agree(lyapunov.exponents(size * J), lyapunov.exponents(J) + np.log(size))


def test_a_direction_that_is_annihilated_has_the_exponent_minus_infinity():
    J = np.tile(np.diag([2.0, 0.0, 0.5]), (5, 1, 1))
    agree(lyapunov.exponents(J)[:2], np.log([2.0, 0.5]))
    assert lyapunov.exponents(J)[2] == -np.inf
    assert (lyapunov.exponents(np.zeros((3, 2, 2))) == -np.inf).all()


# Shapes


def test_a_batch_is_its_samples_and_an_iterator_is_its_array():
    J = np.random.default_rng(0).standard_normal((20, 3, 5, 5))
    batch = lyapunov.exponents(J, 2)
    assert batch.shape == (3, 2)
    assert lyapunov.growth(J).shape == (20, 3, 5)
    for n in range(3):
        for sample in (J[:, n], iter(J[:, n]), list(J[:, n])):
            agree(lyapunov.exponents(sample, 2), batch[n])


def test_fewer_exponents_are_the_first_of_all():
    J = np.random.default_rng(0).standard_normal((4000, 6, 6)) / np.sqrt(6)
    all_of_them = lyapunov.growth(J)[500:]
    for k in (1, 3):
        some = lyapunov.growth(J, k)[500:]
        np.testing.assert_allclose(some.mean(axis=0), all_of_them[:, :k].mean(axis=0), rtol=0, atol=1e-6)


def test_fewer_exponents_do_not_start_in_a_corner():
    J = np.tile(np.diag([0.5, 1.0, 2.0]), (200, 1, 1))
    np.testing.assert_allclose(lyapunov.growth(J, 1)[50:].mean(), np.log(2), rtol=1e-9)


# Against Newman


@pytest.mark.parametrize("H", [1, *range(2, 17, 2)])
def test_gaussian_products_agree_with_newman_within_three_standard_errors(H):
    T, rng = 4000, np.random.default_rng(H)
    got = lyapunov.exponents(rng.standard_normal((T, H, H)) / np.sqrt(H))
    z = (got - lyapunov.newman(H, 1 / np.sqrt(H))) / lyapunov.newman_errors(H, T)
    assert np.abs(z).max() < 3


def test_the_deviations_from_newman_are_standard_normal():
    """Not only small enough: were the errors too wide, three of them would prove nothing."""
    T, rng, z = 400, np.random.default_rng(0), []
    for _ in range(60):
        got = lyapunov.exponents(rng.standard_normal((T, 4, 4)))
        z.append((got - lyapunov.newman(4, 1.0)) / lyapunov.newman_errors(4, T))
    # 240 of them: the variance is χ² with 240 degrees of freedom, of standard deviation √(2/240) = .091
    assert abs(np.var(z) - 1) < 3 * np.sqrt(2 / 240)
    assert abs(np.mean(z)) < 3 / np.sqrt(240)


def test_newman_in_numbers():
    expected = [-0.0651, -0.1416, -0.2318, -0.3416, -0.4818, -0.6749, -0.9818, -1.6749]
    agree(lyapunov.newman(8, 1 / np.sqrt(8)).round(4), expected)
    # λ_1 is about -1/2m at the critical scale, and twice the scale adds ln 2.
    np.testing.assert_allclose(lyapunov.newman(1000, 1000**-0.5)[0], -1 / 2000, rtol=0.01)
    agree(lyapunov.newman(5, 2.0), lyapunov.newman(5, 1.0) + np.log(2))


def test_the_log_gain_of_a_vector_obeys_the_central_limit():
    """m = 4, 100 steps, 20,000 runs, mean -13.52 and standard deviation 4.02."""
    T, runs, rng = 100, 20_000, np.random.default_rng(0)
    v = np.tile([1.0, 0, 0, 0], (runs, 1))
    for _ in range(T):
        v = np.einsum("nij,nj->ni", rng.standard_normal((runs, 4, 4)) / 2, v)
    log_gain = np.log(np.linalg.norm(v, axis=1))
    mean, deviation = T * lyapunov.newman(4, 0.5)[0], T * lyapunov.newman_errors(4, T)[0]
    agree(np.round([mean, deviation], 2), [-13.52, 4.02])
    assert abs(log_gain.mean() - mean) < 3 * deviation / np.sqrt(runs)
    # The sample standard deviation of a normal variable has a relative standard error of 1/√(2n).
    assert abs(log_gain.std() / deviation - 1) < 3 / np.sqrt(2 * runs)
    agree(np.median(np.exp(log_gain)), 1.4e-6, rtol=0.1)


def test_a_hundred_thousand_steps_that_would_overflow_many_times():
    T, m, rng = 100_000, 32, np.random.default_rng(0)
    blocks = (100 * rng.standard_normal((1000, m, m)) for _ in range(T // 1000))
    got = lyapunov.exponents(J_t for block in blocks for J_t in block)
    expected, errors = lyapunov.newman(m, 100.0), lyapunov.newman_errors(m, T)
    assert T * expected[0] > 600_000  # nats; float64 ends at 709
    assert np.abs((got - expected) / errors).max() < 3.5  # of 32


def test_singular_values_of_the_product_see_only_the_first_nats():
    """The last of 32 exponents from 200 steps."""
    J = np.random.default_rng(0).standard_normal((200, 32, 32)) / np.sqrt(32)
    by_qr = lyapunov.exponents(J)
    naive = np.log(np.linalg.svd(jacobians.product(J), compute_uv=False)) / 200
    assert abs(naive[0] - by_qr[0]) < 5 / 200  # the norm of the product, and that of its first column
    assert abs(by_qr[-1] - lyapunov.newman(32, 32**-0.5)[-1]) < 3 * lyapunov.newman_errors(32, 200)[-1]
    assert naive[-1] > naive[0] - 50 / 200  # -ln ε is 36 nats; the rounding errors have small singular values too


# Standard errors


def test_standard_errors_of_noise_without_and_with_memory():
    rng = np.random.default_rng(0)
    white = rng.standard_normal((20_000, 40))
    np.testing.assert_allclose(
        lyapunov.standard_errors(white).mean(), 1 / np.sqrt(20_000), rtol=3 / np.sqrt(2 * 19 * 40)
    )
    slow = white.copy()
    for t in range(1, len(slow)):
        slow[t] += 0.9 * slow[t - 1]
    # Memory .9 makes the mean ten times as uncertain; √(2·19·40) is what 20 blocks of 40 series are good for.
    np.testing.assert_allclose(
        lyapunov.standard_errors(slow).mean(), 10 / np.sqrt(20_000), rtol=3 / np.sqrt(2 * 19 * 40) + 0.02
    )


def test_standard_errors_of_gaussian_products_are_newmans():
    T = 20_000
    growth = lyapunov.growth(np.random.default_rng(0).standard_normal((T, 8, 8)))
    ratio = lyapunov.standard_errors(growth, 100) / lyapunov.newman_errors(8, T)
    assert np.abs(ratio - 1).max() < 3.5 / np.sqrt(2 * 99)


def test_standard_errors_keep_the_shape_and_ignore_the_remainder():
    series = np.random.default_rng(0).standard_normal((103, 3, 2))
    agree(lyapunov.standard_errors(series, 10), lyapunov.standard_errors(series[3:], 10), rtol=0)
    assert lyapunov.standard_errors(series, 10).shape == (3, 2)
    assert lyapunov.standard_errors(series[:, 0, 0], 10).shape == ()


# Networks: theory beside measurement


def measured(W, T, rng, drive=0.0, skip=300):
    rates = lyapunov.growth(steering.steps(W, T, rng, drive, skip), k=1)[:, 0]
    return rates.mean(), lyapunov.standard_errors(rates)


@pytest.mark.parametrize(("gain", "seen"), [(1.5, 0.058), (2.0, 0.145), (3.0, 0.307)])
def test_above_the_edge_of_chaos_the_exponent_is_that_of_mean_field(gain, seen):
    """At 400 units; λ_1 scatters from network to network by about 1/√m of a nat, hence .02."""
    rng = np.random.default_rng(int(10 * gain))
    rate, error = measured(matrices.gaussian(400, rng, gain), 1500, rng)
    assert abs(rate - meanfield.exponent(gain)) < 3 * error + 0.02
    assert abs(rate - seen) < 3 * error + 0.02


def test_below_the_edge_of_chaos_the_exponent_is_that_of_the_largest_eigenvalue():
    rng = np.random.default_rng(0)
    W = matrices.gaussian(400, rng, 0.5)
    rate, _ = measured(W, 2000, rng, skip=1500)
    radius = np.abs(np.linalg.eigvals(W)).max()
    np.testing.assert_allclose(rate, np.log(radius), rtol=0, atol=2e-3)
    assert abs(radius / 0.5 - 1) < 1.5 / np.sqrt(400) * 2  # the theory's ln g is the limit only


@pytest.mark.parametrize("kind", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("drive", [0.5, 1.0])
def test_input_moves_the_edge_of_chaos(drive, kind):
    """Page 2.6: the rate is zero at gains 1.550 and 1.856, and not at one."""
    rng = np.random.default_rng(0)
    W = getattr(matrices, kind)(400, rng, meanfield.critical_gain(drive))
    rate, error = measured(W, 1500, rng, drive)
    assert abs(rate) < 3 * error + 0.01
    assert measured(W / meanfield.critical_gain(drive), 300, rng, drive)[0] < -0.2


@pytest.mark.parametrize(("gain", "seen"), [(1.0, -0.351), (np.sqrt(2), -0.0045), (2.0, 0.342)])
def test_masks_that_pass_half_of_the_units_have_a_critical_gain_of_root_two(gain, seen):
    """ReLU with independent masks; the rate is ln(g/√2) up to 1/m."""
    rng = np.random.default_rng(0)
    W = matrices.gaussian(200, rng, gain)
    rates = lyapunov.growth((rng.integers(0, 2, (200, 1)) * W for _ in range(3000)), k=1)[100:, 0]
    error = lyapunov.standard_errors(rates)
    assert abs(rates.mean() - np.log(gain / np.sqrt(2))) < 3 * error + 2 / 200
    assert abs(rates.mean() - seen) < 3 * error + 2 / 200


# Errors

REFUSED = [
    (lambda: lyapunov.exponents(np.zeros((2, 2))), ValueError, "J has shape (2, 2), but needs (T, m, m)"),
    (lambda: lyapunov.exponents(np.zeros((4, 2, 3))), ValueError, "J has shape (4, 2, 3), but needs (T, m, m)"),
    (
        lambda: lyapunov.exponents(np.zeros((4, 1, 2, 3))),
        ValueError,
        "J has shape (4, 1, 2, 3), but needs (T, N, m, m)",
    ),
    (
        lambda: lyapunov.exponents(np.zeros((0, 2, 2))),
        ValueError,
        "J has shape (0, 2, 2), but needs (T, m, m) with T at least 1",
    ),
    (lambda: lyapunov.exponents(iter([])), ValueError, "J has no step, but needs at least 1"),
    (
        lambda: lyapunov.exponents(7),
        TypeError,
        "J is of type int, but needs an array (T, m, m) or an iterable of (m, m) arrays",
    ),
    (
        lambda: lyapunov.exponents(iter([np.eye(2), np.eye(3)])),
        ValueError,
        "J[1] has shape (3, 3), but needs (m, m) with m = 2 as in J[0]",
    ),
    (
        lambda: lyapunov.exponents(np.full((1, 2, 2), np.nan)),
        ValueError,
        "J contains nan at index (0, 0, 0), but needs finite numbers",
    ),
    (
        lambda: lyapunov.exponents(np.zeros((1, 2, 2)), 3),
        ValueError,
        "k is 3, but needs a whole number of at least 1 and at most 2",
    ),
    (
        lambda: lyapunov.exponents(np.zeros((1, 2, 2)), 0),
        ValueError,
        "k is 0, but needs a whole number of at least 1 and at most 2",
    ),
    (lambda: lyapunov.newman(0, 1.0), ValueError, "H is 0, but needs a whole number of at least 1"),
    (lambda: lyapunov.newman(2, 0.0), ValueError, "sigma is 0.0, but needs a finite number above 0"),
    (lambda: lyapunov.newman_errors(2, 0), ValueError, "T is 0, but needs a whole number of at least 1"),
    (
        lambda: lyapunov.standard_errors(np.zeros(30), 16),
        ValueError,
        "blocks is 16, but needs a whole number of at least 2 and at most 15",
    ),
    (
        lambda: lyapunov.standard_errors([1.0]),
        TypeError,
        "growth is of type list, but needs a NumPy array of float64, (T,)",
    ),
]


@pytest.mark.parametrize(("call", "kind", "sentence"), REFUSED, ids=[sentence for _, _, sentence in REFUSED])
def test_what_is_no_sequence_of_jacobians_is_refused_in_one_sentence(call, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        call()


def test_nothing_writes_into_its_arguments():
    J = np.random.default_rng(0).standard_normal((6, 2, 3, 3))
    copies = freeze(J)
    series = lyapunov.growth(J)
    copies += freeze(series)
    lyapunov.growth(J[:, 0], 1), lyapunov.exponents(iter(J[:, 1])), lyapunov.standard_errors(series, 2)
    assert (copies[0] == J).all()
    assert (copies[1] == series).all()
