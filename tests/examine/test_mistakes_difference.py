"""Central differences see a wrong array, and say nothing about a right one."""

import numpy as np
import pytest

from bptt.examine.mistakes_difference import errors

A, B = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -0.5])


def energy(arrays):
    return float(np.tanh(arrays[0] @ arrays[1]).sum())


def gradient():
    slope = 1 - np.tanh(A @ B) ** 2
    return [np.outer(slope, B), A.T @ slope]


def test_a_right_gradient_has_no_error():
    assert errors(energy, [A, B], gradient(), np.random.default_rng(0), single=False) == [0.0, 0.0]


@pytest.mark.parametrize("k", [0, 1])
def test_the_wrong_array_is_told_from_the_right_one(k):
    wrong = gradient()
    wrong[k] = wrong[k] * 1.01
    found = errors(energy, [A, B], wrong, np.random.default_rng(0), single=False)
    assert found[k] == pytest.approx(0.01, rel=0.02)
    assert found[1 - k] == 0.0


def test_single_precision_is_no_mistake():
    rounded = lambda arrays: float(np.float32(energy([a.astype(np.float32) for a in arrays])))
    assert errors(rounded, [A, B], gradient(), np.random.default_rng(0), single=True) == [0.0, 0.0]
