"""Driven networks: the states they are led through, the examples of Chapter 2, and torch's opinion of them."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze

from bptt.cells import rnn
from bptt.chains import jacobians, steering
from bptt.growth import matrices, spectra
from bptt.referees import torch_cells


@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_steered_network_passes_through_the_states(H, N, T, seed):
    rng = np.random.default_rng(seed)
    params = rnn.Params(matrices.orthogonal(H, rng, 0.7), matrices.gaussian(H, rng), rng.standard_normal(H))
    h = rng.uniform(-0.99, 0.99, (T + 1, N, H))
    h[0] *= 5  # the initial state may be anywhere
    agree(rnn.forward(params, steering.steer(params, h), h[0]).h, h, rtol=1e-11)


def log_norm(params, trace):
    return jacobians.log_norms(jacobians.rnn_steps(params, trace))[0]


def agrees_with_torch(params, trace):
    by_torch = torch_cells.rnn_state_jacobian(params, trace.x, trace.h[0])
    agree(jacobians.product(jacobians.rnn_steps(params, trace)), by_torch, rtol=1e-11)


def test_factors_below_one_whose_product_tends_to_one_half():
    params, trace = steering.fading(10_000)
    assert trace.slope.max() < 1
    agree(np.exp(log_norm(params, trace)), 10_002 / 20_002, rtol=1e-10)
    assert round(float(np.exp(log_norm(params, trace))), 5) == 0.50005
    agrees_with_torch(*steering.fading(50))


def test_without_input_the_product_falls_like_the_power_of_minus_three_halves():
    """The slope of the log-log plot, by the last decade."""
    one = np.ones((1, 1))
    params, T = rnn.Params(one, one, np.zeros(1)), 100_000
    trace = rnn.forward(params, np.zeros((T, 1, 1)), one)
    products = np.cumsum(np.log(trace.slope.ravel()))
    slope = (products[99_999] - products[9_999]) / np.log(10)
    agree(slope, -1.5, rtol=2e-3)


def test_a_matrix_without_eigenvalues_doubles_the_gradient_every_step():
    """The example of page 2.4: 1.44e15 after 50 steps."""
    params, trace = steering.cancelling(50)
    agree(params.W_h @ params.W_h, np.zeros((2, 2)))
    agree(np.exp(log_norm(params, trace)), 1.44e15, rtol=0.005)
    agrees_with_torch(params, trace)
    # Held ideally, at 1, the second unit would be gone, and the first would be alone with its weight of 2.
    ideal = np.tile(np.diag([1.0, 0.0]) @ matrices.CANCELLING, (50, 1, 1))
    agree(np.exp(jacobians.log_norms(ideal)[0]), 2.0**50 * np.sqrt(2))


def test_jacobians_that_are_all_stable_have_a_product_that_explodes():
    """The example of page 2.5: 5.0e8 after 100 steps, 1.2218 a step, every radius at most .883."""
    params, trace = steering.switching(100)
    J = jacobians.rnn_steps(params, trace)
    agree(np.round(spectra.spectral_radius(J), 3).max(), 0.883)
    agree(np.exp(log_norm(params, trace)), 5.0e8, rtol=0.01)
    agree(np.exp(log_norm(params, trace) / 100), 1.2218, rtol=2e-3)
    assert np.exp(log_norm(params, trace) / 100) < np.sqrt(1.5)
    agrees_with_torch(params, trace)


def test_near_zero_a_real_network_shows_the_whole_transient():
    """The example of page 2.4: 38.7 after nine steps of tiny inputs."""
    params = rnn.Params(np.eye(2), matrices.TRANSIENT, np.zeros(2))
    trace = rnn.forward(params, 1e-6 * np.random.default_rng(0).standard_normal((9, 1, 2)))
    agree(np.exp(log_norm(params, trace)), 38.7, rtol=0.002)


def test_at_a_fixed_point_the_rate_is_the_radius_of_its_own_jacobian():
    """Neither ρ(W) nor the norm of the Jacobian."""
    rng = np.random.default_rng(0)
    params = rnn.Params(np.eye(32), matrices.gaussian(32, rng, 0.9), rng.standard_normal(32))
    trace = rnn.forward(params, np.zeros((700, 1, 32)))
    J = jacobians.rnn_steps(params, trace)
    rate = (jacobians.log_norms(J[500:])[0] - jacobians.log_norms(J[600:])[0]) / 100
    own = spectra.spectral_radius(J[-1])
    agree(np.exp(rate), own, rtol=0.02)
    assert own < 0.9 * spectra.spectral_radius(params.W_h)
    assert own < 0.9 * spectra.sigma_max(J[-1])


def test_explosion_needs_a_norm_above_one_and_that_is_not_enough():
    """W = 3Q explodes at rest and vanishes under strong input."""
    rng = np.random.default_rng(0)
    params = rnn.Params(np.eye(16), matrices.orthogonal(16, rng, 3.0), np.zeros(16))
    x, start = rng.standard_normal((100, 1, 16)), 1e-3 * rng.standard_normal((1, 16))
    logs = [log_norm(params, rnn.forward(params, gain * x, start)) for gain in (0.0, 10.0)]
    assert logs[0] > 20
    assert logs[1] < -40


# Jacobians under noise


def test_steps_are_the_jacobians_of_the_network_they_say():
    rng = np.random.default_rng(0)
    W, T = matrices.gaussian(4, rng), 6
    J = np.array(list(steering.steps(W, T, np.random.default_rng(7), drive=0.5)))
    rng = np.random.default_rng(7)
    h0 = rng.standard_normal((1, 4))
    x = np.stack([0.5 * rng.standard_normal((1, 4)) for _ in range(T)])
    params = rnn.Params(np.eye(4), W, np.zeros(4))
    agree(J, jacobians.rnn_steps(params, rnn.forward(params, x, h0)))


def test_skipped_steps_are_those_that_would_have_come_first():
    W = matrices.gaussian(3, np.random.default_rng(0))
    whole = list(steering.steps(W, 9, np.random.default_rng(1), 0.3))
    agree(np.array(list(steering.steps(W, 5, np.random.default_rng(1), 0.3, skip=4))), np.array(whole[4:]), rtol=0)


# Errors


def steered(**changes):
    params = rnn.Params(np.eye(2), np.zeros((2, 2)), np.zeros(2))._replace(**changes)
    return steering.steer(params, np.zeros((3, 1, 2)))


RNG = np.random.default_rng(0)
REFUSED = [
    (lambda: steered(W_x=np.ones((2, 2))), ValueError, "params.W_x has rank 1, but needs rank 2, one input for every unit"),
    (
        lambda: steered(W_x=np.ones((2, 3))),
        ValueError,
        "params.W_x has shape (2, 3), but needs (H, H) with H = 2 as in params.W_h",
    ),
    (
        lambda: steering.steer(rnn.Params(np.eye(1), np.eye(1), np.zeros(1)), np.ones((2, 1, 1))),
        ValueError,
        "h contains a state of size 1.0, but tanh needs states between -1 and 1",
    ),
    (lambda: steering.fading(0), ValueError, "T is 0, but needs a whole number of at least 1"),
    (lambda: steering.cancelling(5, 1.0), ValueError, "held is 1.0, but needs a finite number above -1 and below 1"),
    (lambda: steering.switching(5, 1.5), ValueError, "saturated is 1.5, but needs a finite number above -1 and below 1"),
    (lambda: next(steering.steps(np.eye(2), 3, 0)), TypeError, "rng is of type int, but needs a numpy.random.Generator, such as numpy.random.default_rng(0)"),
    (lambda: next(steering.steps(np.eye(2), 0, RNG)), ValueError, "T is 0, but needs a whole number of at least 1"),
    (lambda: next(steering.steps(np.eye(2), 1, RNG, -1.0)), ValueError, "drive is -1.0, but needs a finite number of at least 0"),
    (lambda: next(steering.steps(np.ones((2, 3)), 1, RNG)), ValueError, "W_h has shape (2, 3), but needs (H, H)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "sentence"), REFUSED, ids=[sentence for _, _, sentence in REFUSED])
def test_the_rest_is_refused_in_one_sentence(call, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        call()


def test_nothing_writes_into_its_arguments():
    rng = np.random.default_rng(0)
    params, h = rnn.Params(np.eye(2), matrices.gaussian(2, rng), np.zeros(2)), rng.uniform(-0.5, 0.5, (3, 1, 2))
    copies = freeze(params, h)
    steering.steer(params, h), list(steering.steps(params.W_h, 3, rng))
    assert (copies[1] == h).all()
    for array, before in zip(params, copies[0], strict=True):
        assert (array == before).all()
