"""Jacobians through a stack of attention, against torch's derivative of the whole stack."""

import re

import numpy as np
import pytest
import torch
from problems import agree

from bptt.cells import attention
from bptt.chains import depth, jacobians
from bptt.referees import torch_layers
from bptt.referees.torch_cells import tensor

T, H = 4, 3


def stack_of(layers):
    rng = np.random.default_rng(0)
    return [attention.init(H, H, rng) for _ in range(layers)], rng.standard_normal((T, H))


@pytest.mark.parametrize("kind", depth.LAYERS)
def test_the_product_is_torch_s_derivative_of_the_stack(kind):
    stack, X = stack_of(3)
    by_torch = torch.autograd.functional.jacobian(lambda inner: torch_layers.stack(stack, inner, kind), tensor(X))
    agree(jacobians.product(depth.layers(stack, X, kind)), by_torch.reshape(T * H, T * H).numpy(), rtol=1e-10)


def test_no_step_reads_a_later_one_however_deep():
    stack, X = stack_of(5)
    P = jacobians.product(depth.layers(stack, X, "pre")).reshape(T, H, T, H)
    assert not P.transpose(0, 2, 1, 3)[np.triu_indices(T, 1)].any()


def test_without_values_a_residual_stack_is_the_identity():
    assert depth.by_gain("residual", 0.0, depth=4) == pytest.approx(0.0, abs=1e-12)


REFUSED = [
    (dict(kind="deep"), ValueError, "kind is 'deep', but needs one of "),
    (dict(gain=-1.0), ValueError, "gain is -1.0, but needs a finite number of at least 0"),
    (dict(depth=0), ValueError, "depth is 0, but needs a whole number of at least 1"),
]


@pytest.mark.parametrize(("changes", "kind", "sentence"), REFUSED)
def test_by_gain_refuses_in_one_sentence(changes, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}"):
        depth.by_gain(**(dict(kind="plain", gain=1.0) | changes))
