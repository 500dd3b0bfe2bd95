"""Activations: value, slope and bound, against torch and against 50 digits of mpmath."""

import mpmath
import numpy as np
import pytest
import torch

from bptt.cells.activations import ALL, GELU, IDENTITY, RELU, SIGMOID, SILU, TANH
from bptt.referees import torch_cells

Z = np.concatenate([np.linspace(-6, 6, 241), [-40.0, -20.0, 20.0, 40.0]])

EXACT = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "relu": lambda z: max(z, mpmath.mpf(0)),
    "identity": lambda z: z,
    "gelu": lambda z: z * mpmath.ncdf(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
}

every = pytest.mark.parametrize("activation", ALL, ids=lambda activation: activation.name)


def test_the_names_are_those_of_torch_and_differ():
    assert [activation.name for activation in ALL] == list(EXACT)
    assert set(torch_cells.VALUE) == set(EXACT)
    assert ALL == (TANH, SIGMOID, RELU, IDENTITY, GELU, SILU)


@every
def test_value_and_slope_agree_with_torch(activation):
    z = torch.tensor(Z, requires_grad=True)
    a = torch_cells.VALUE[activation.name](z)
    a.sum().backward()
    np.testing.assert_allclose(activation.value(Z), a.detach().numpy(), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(activation.slope(Z, activation.value(Z)), z.grad.numpy(), rtol=1e-14, atol=5e-16)


@every
def test_value_and_slope_agree_with_fifty_digits(activation):
    exact, away_from_kink = EXACT[activation.name], Z[Z != 0]
    with mpmath.workdps(50):
        value = [float(exact(mpmath.mpf(z))) for z in Z]
        slope = [float(mpmath.diff(exact, mpmath.mpf(z))) for z in away_from_kink]
    np.testing.assert_allclose(activation.value(Z), value, rtol=1e-14, atol=1e-15)
    got = activation.slope(away_from_kink, activation.value(away_from_kink))
    np.testing.assert_allclose(got, slope, rtol=1e-14, atol=5e-16)


@every
def test_gamma_is_the_least_upper_bound_of_the_slope(activation):
    z = np.linspace(-12, 12, 480_001)
    steepest = np.abs(activation.slope(z, activation.value(z))).max()
    assert steepest <= activation.gamma * (1 + 1e-15)
    assert steepest == pytest.approx(activation.gamma, rel=1e-9)


def test_gamma_of_gelu_and_silu_to_the_last_digit():
    with mpmath.workdps(50):
        z = mpmath.sqrt(2)
        gelu = mpmath.ncdf(z) + z * mpmath.npdf(z)
        z = mpmath.findroot(lambda z: z * mpmath.tanh(z / 2) - 2, 2.4)
        silu = (1 + z / (1 + mpmath.exp(z))) / (1 + mpmath.exp(-z))
    assert pytest.approx(float(gelu), rel=1e-15) == GELU.gamma
    assert pytest.approx(float(silu), rel=1e-15) == SILU.gamma


def test_the_slope_of_relu_at_its_kink_is_zero():
    assert RELU.slope(np.zeros(1), np.zeros(1)) == 0.0


@every
@pytest.mark.parametrize("size", [1e3, 1e160, 1.7e308])
def test_the_slope_is_finite_however_large_the_argument(activation, size):
    z = np.array([-size, size])
    slope = activation.slope(z, activation.value(z))
    ends = {"tanh": [0, 0], "sigmoid": [0, 0], "identity": [1, 1]}.get(activation.name, [0, 1])
    assert slope.tolist() == ends


@every
def test_value_and_slope_keep_the_shape_and_write_into_nothing(activation):
    z = np.random.default_rng(0).standard_normal((2, 3, 4))
    z.flags.writeable = False
    a = activation.value(z)
    a.flags.writeable = False
    slope = activation.slope(z, a)
    assert a.shape == slope.shape == z.shape
    assert a.dtype == slope.dtype == np.float64
    assert not np.shares_memory(a, z)
    assert not np.shares_memory(slope, a)
    assert not np.shares_memory(slope, z)
