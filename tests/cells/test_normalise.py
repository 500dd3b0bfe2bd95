"""Layer normalisation against torch's, and against what it must do whatever the vector is."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import agree

from bptt.cells import normalise
from bptt.referees.torch_cells import tensor

eps = st.sampled_from([1e-5, 1e-2, 1.0])
vectors = st.builds(
    lambda n, seed: np.random.default_rng(seed).standard_normal((2, n)), st.integers(3, 8), st.integers(0, 2**32 - 1)
)


def by_torch(z, eps):
    return torch.nn.functional.layer_norm(z, z.shape[-1:], eps=eps)


@given(vectors, eps)
def test_it_is_that_of_torch(z, eps):
    agree(normalise.layer_norm(z, eps), by_torch(tensor(z), eps).numpy())


@given(vectors, eps)
def test_the_jacobian_is_that_of_torch(z, eps):
    expected = torch.autograd.functional.jacobian(lambda one: by_torch(one, eps), tensor(z[0])).numpy()
    agree(normalise.jacobian(z, eps)[0], expected, rtol=1e-10)


@given(vectors, eps)
def test_backward_is_a_row_times_the_jacobian(z, eps):
    row = np.cos(np.arange(z.size)).reshape(z.shape)
    expected = (row[:, None] @ normalise.jacobian(z, eps))[:, 0]
    np.testing.assert_allclose(normalise.backward(z, row, eps), expected, atol=1e-12)


def test_an_equal_vector_is_divided_by_the_root_of_eps():
    z = np.full(4, 3.0)
    assert not normalise.layer_norm(z).any()
    assert np.linalg.norm(normalise.jacobian(z), 2) == pytest.approx(1e-5**-0.5)


def test_a_negative_eps_is_refused():
    with pytest.raises(ValueError, match=r"^eps is -1\.0, but needs a finite number of at least 0"):
        normalise.layer_norm(np.ones(3), -1.0)
