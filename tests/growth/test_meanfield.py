"""Mean field: its integrals against adaptive quadrature, its fixed points against iteration."""

import re

import numpy as np
import pytest
from problems import agree
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit

from bptt.growth import meanfield


def by_quadrature(f, variance):
    """E[f(z)] for an even f, adaptively and on one half of the axis."""
    density = lambda z: np.sqrt(2 / np.pi) * np.exp(-z * z / 2)
    return quad(lambda z: f(np.sqrt(variance) * z) * density(z), 0, 12, epsabs=1e-15, epsrel=1e-13, limit=500)[0]


EVEN = {
    "tanh²": lambda z: np.tanh(z) ** 2,
    "slope": lambda z: 1 - np.tanh(z) ** 2,
    "slope²": lambda z: (1 - np.tanh(z) ** 2) ** 2,
}


@pytest.mark.parametrize("name", EVEN)
@pytest.mark.parametrize("variance", [1e-3, 0.5, 1.0, 8.0, 50.0, 400.0])
def test_means_agree_with_adaptive_quadrature(name, variance):
    expected = by_quadrature(EVEN[name], variance)
    assert abs(meanfield.normal_mean(EVEN[name], variance) - expected) < 1e-14 + 1e-13 * expected


def test_means_in_closed_form():
    agree(meanfield.normal_mean(lambda z: z**2, 2.0, mean=3.0), 2 + 9.0)
    agree(meanfield.normal_mean(np.exp, 0.5, mean=1.0), np.exp(1.25))
    agree(meanfield.normal_mean(lambda z: z**6), 15.0)
    assert meanfield.normal_mean(np.tanh, 0.0, mean=0.5) == pytest.approx(np.tanh(0.5), rel=1e-14)


def test_how_large_the_slope_of_tanh_is():
    means = [meanfield.normal_mean(EVEN[name], q) for name, q in (("slope", 1), ("slope²", 1), ("slope", 4))]
    agree(np.round(means, 3), [0.606, 0.464, 0.365])


def test_the_typical_gate_is_smaller_than_its_mean_square():
    """E ln f against ½ ln E f², f = σ(z), z ~ N(1, 1)."""
    typical = meanfield.normal_mean(lambda z: np.log(expit(z)), 1.0, mean=1.0)
    mean_square = np.log(meanfield.normal_mean(lambda z: expit(z) ** 2, 1.0, mean=1.0)) / 2
    agree(np.round([typical, mean_square], 4), [-0.4069, -0.3281])


@pytest.mark.parametrize(("gain", "drive"), [(1.2, 0.0), (3.0, 0.0), (0.5, 0.3), (1.0, 0.1), (20.0, 0.0), (2.0, 5.0)])
def test_the_variance_is_where_iteration_ends(gain, drive):
    q = 1.0
    for _ in range(300):
        q = gain**2 * by_quadrature(EVEN["tanh²"], q) + drive**2
    agree(meanfield.variance(gain, drive), q, rtol=1e-10)


def test_close_to_the_edge_the_variance_follows_its_expansion():
    # q = g² (q - 2q² + 17q³/3 - …) gives q ≈ (1 - 1/g²)/2 + 17/12 (1 - 1/g²)² to second order.
    for small in (1e-3, 1e-5):
        e = 1 - 1 / (1 + small) ** 2
        agree(meanfield.variance(1 + small), e / 2 + 17 / 24 * e**2, rtol=20 * e**2)


def test_without_drive_a_small_network_falls_silent():
    assert meanfield.variance(1.0) == meanfield.variance(0.3) == 0
    agree(meanfield.exponent(0.5), np.log(0.5))
    agree(meanfield.variance(0.0, 0.7), 0.49)
    assert meanfield.exponent(0.0) == -np.inf


def test_the_exponents_of_random_networks_to_three_digits():
    """At g = 3, quadrature by two methods."""
    agree(np.round([meanfield.exponent(g) for g in (0.5, 0.9, 1.5, 2.0)], 3), [-0.693, -0.105, 0.065, 0.155])
    q = brentq(lambda q: 9 * by_quadrature(EVEN["tanh²"], q) - q, 1.0, 9.0, xtol=1e-13)
    agree(meanfield.exponent(3.0), np.log(9 * by_quadrature(EVEN["slope²"], q)) / 2)
    assert round(meanfield.exponent(3.0), 3) == 0.310
    assert round(meanfield.exponent(1.1), 3) == 0.005


def test_at_its_critical_gain_a_network_neither_vanishes_nor_explodes():
    agree(np.round([meanfield.critical_gain(s) for s in (0.0, 0.1, 0.5, 1.0)], 3), [1.0, 1.193, 1.550, 1.856])
    for drive in (1e-6, 0.01, 0.5, 1.0, 10.0):
        gain = meanfield.critical_gain(drive)
        assert abs(meanfield.exponent(gain, drive)) < 1e-10
        assert meanfield.exponent(0.99 * gain, drive) < 0 < meanfield.exponent(1.01 * gain, drive)


REFUSED = [
    (lambda: meanfield.normal_mean(np.tanh, -1.0), "variance is -1.0, but needs a finite number of at least 0"),
    (lambda: meanfield.normal_mean(np.tanh, 1.0, np.inf), "mean is inf, but needs a finite number"),
    (lambda: meanfield.variance(-0.1), "gain is -0.1, but needs a finite number of at least 0"),
    (lambda: meanfield.variance(1.0, np.nan), "drive is nan, but needs a finite number of at least 0"),
    (lambda: meanfield.exponent(1.0, -2), "drive is -2, but needs a finite number of at least 0"),
    (lambda: meanfield.critical_gain(11.0), "drive is 11.0, but needs a finite number of at least 0 and of at most 10"),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_the_rest_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        call()
