"""Recurrent weights worth knowing: the laws of the random ones, and what each constant refutes."""

import re

import numpy as np
import pytest
from problems import agree
from scipy.stats import kstest

from bptt.growth import matrices

CONSTANTS = {name: W for name, W in vars(matrices).items() if name.isupper()}


def radius(W):
    return np.abs(np.linalg.eigvals(W)).max()


# At 512 units: the limits with what is left of them at finite size, 3/√H on either side.


def test_gaussian_weights_have_the_radius_of_the_circular_law_and_twice_that_as_norm():
    for gain in (0.5, 1.0):
        W = matrices.gaussian(512, np.random.default_rng(0), gain)
        assert abs(radius(W) / gain - 1) < 3 / np.sqrt(512)
        assert abs(np.linalg.norm(W, 2) / gain - 2) < 3 / np.sqrt(512)
        assert kstest(W.ravel() * np.sqrt(512) / gain, "norm").pvalue > 0.01


def test_weights_as_pytorch_draws_them_break_the_sufficient_condition():
    W = matrices.uniform(512, np.random.default_rng(0))
    assert abs(radius(W) - 1 / np.sqrt(3)) < 3 / np.sqrt(512)
    assert abs(np.linalg.norm(W, 2) - 2 / np.sqrt(3)) < 3 / np.sqrt(512)
    assert radius(W) < 0.65 < 1 < np.linalg.norm(W, 2)
    assert kstest(W.ravel() * np.sqrt(512), "uniform", args=(-1, 2)).pvalue > 0.01


def test_orthogonal_weights_are_orthogonal_and_none_is_preferred():
    rng = np.random.default_rng(0)
    Q = matrices.orthogonal(40, rng, gain=1.5)
    agree(Q @ Q.T, 1.5**2 * np.eye(40))
    # A rotation or reflection of the plane: the angle of its first column is uniform, and so is the kind.
    plane = np.stack([matrices.orthogonal(2, rng) for _ in range(2000)])
    angles = np.arctan2(plane[:, 1, 0], plane[:, 0, 0])
    assert kstest(angles, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 0.01
    assert abs((np.linalg.det(plane) > 0).mean() - 0.5) < 3 * 0.5 / np.sqrt(2000)


def test_the_delay_line_forgets_all_at_once():
    W = matrices.delay_line(64)
    assert np.linalg.norm(np.linalg.matrix_power(W, 63), 2) == 1
    assert not np.linalg.matrix_power(W, 64).any()


def test_each_constant_is_what_its_comment_says():
    W = CONSTANTS
    assert np.linalg.norm(W["DEAD_END"], 2) == 10
    assert not (W["DEAD_END"] @ W["DEAD_END"]).any()
    agree(np.linalg.eigvals(W["TRANSIENT"]), [0.9, 0.9])
    agree(np.linalg.norm(np.linalg.matrix_power(W["TRANSIENT"], 9), 2), 38.7, rtol=0.01)
    agree(np.linalg.norm(W["RADIAL"], 2), 2.0)
    assert radius(W["RADIAL"]) == 2
    assert (W["RADIAL"] @ W["RADIAL"].T != W["RADIAL"].T @ W["RADIAL"]).any()
    assert not (W["CANCELLING"] @ W["CANCELLING"]).any()
    agree(radius(np.diag([1.0, 0.0]) @ W["CANCELLING"]), 2.0)
    agree(radius(np.diag([1.0, 0.0]) @ W["SWITCHING"] @ np.diag([0.0, 1.0]) @ W["SWITCHING"]), 1.5)
    agree(np.linalg.norm(np.linalg.matrix_power(W["SHEAR"], 1000), 2), 1000.0, rtol=0.01)


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_cannot_be_changed(name):
    with pytest.raises(ValueError, match="read-only"):
        CONSTANTS[name][0, 0] = 7.0


RNG = np.random.default_rng(0)
REFUSED = [
    (lambda: matrices.gaussian(0, RNG), ValueError, "H is 0, but needs a whole number of at least 1"),
    (lambda: matrices.gaussian(2, RNG, -1.0), ValueError, "gain is -1.0, but needs a finite number of at least 0"),
    (
        lambda: matrices.gaussian(2, 0),
        TypeError,
        "rng is of type int, but needs a numpy.random.Generator, such as numpy.random.default_rng(0)",
    ),
    (lambda: matrices.uniform(1.0, RNG), TypeError, "H is 1.0, but needs a whole number of at least 1"),
    (lambda: matrices.orthogonal(2, RNG, np.nan), ValueError, "gain is nan, but needs a finite number of at least 0"),
    (lambda: matrices.delay_line(-1), ValueError, "H is -1, but needs a whole number of at least 1"),
]


@pytest.mark.parametrize(("call", "kind", "sentence"), REFUSED, ids=[sentence for _, _, sentence in REFUSED])
def test_the_rest_is_refused_in_one_sentence(call, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        call()
