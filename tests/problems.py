"""Random problems for the tests, and what it means for two results to agree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from bptt.cells import activations, rnn


class Problem(NamedTuple):
    """Everything that `rnn.forward` and `rnn.backward` take; ``h0`` may be None."""

    params: rnn.Params
    x: np.ndarray
    h0: np.ndarray | None
    dh: np.ndarray
    activation: activations.Activation


@st.composite
def rnn_problems(draw, among=activations.ALL, T=st.integers(1, 6)):
    """Draw sizes and switches one by one, so that hypothesis can shrink them; the numbers come from one seed.

    Inputs, weights and biases are small enough that no unit saturates: there a slope is a difference of
    nearly equal numbers, and no two libraries agree on its last digits.
    """
    T, (N, D, H) = draw(T), (draw(st.integers(1, 4)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    params = rnn.init(D, H, rng, gain=draw(st.sampled_from([0.5, 1.0])))
    params = rnn.Params(*(np.clip(part, -1, 1) for part in params))._replace(b=rng.uniform(-0.5, 0.5, H))
    x, h0 = rng.uniform(-1, 1, (T, N, D)), rng.uniform(-1, 1, (N, H))
    dh = rng.standard_normal((T, N, H) if draw(st.booleans()) else (N, H))
    return Problem(params, x, h0 if draw(st.booleans()) else None, dh, draw(st.sampled_from(among)))


def agree(got, expected, rtol=1e-12):
    """Assert that two arrays agree, or two tuples array by array, relative to the largest entry expected."""
    if isinstance(got, tuple):
        for got_part, expected_part in zip(got, expected, strict=True):
            agree(got_part, expected_part, rtol)
        return
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    error, size = np.abs(got - expected).max(), np.abs(expected).max()
    assert error <= rtol * size, f"error {error:.3g} on a size of {size:.3g}"


def freeze(*arrays):
    """Make arrays read-only, tuples of arrays too, and return copies to compare with later."""
    copies = []
    for array in arrays:
        if isinstance(array, tuple):
            copies.append(type(array)(*freeze(*array)))
        else:
            array.flags.writeable = False
            copies.append(array.copy())
    return copies
