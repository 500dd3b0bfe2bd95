"""The referees of attention against each other and against the definition, written out."""

import numpy as np
from problems import agree

from bptt.cells import attention
from bptt.referees import torch_layers
from bptt.referees.torch_cells import tensor

RNG = np.random.default_rng(0)
PARAMS, X = attention.init(3, 4, RNG), RNG.standard_normal((5, 1, 3))


def test_attend_is_the_definition():
    q, k, v = (part[:, 0] for part in np.split(X @ PARAMS.W_x.T, 3, axis=2))
    for t in range(5):
        share = np.exp(k[: t + 1] @ q[t] / 2)
        by_torch = torch_layers.attend([tensor(part) for part in PARAMS], tensor(X))[t, 0]
        agree(by_torch.numpy(), share @ v[: t + 1] / share.sum())


def test_the_gradient_is_the_row_times_the_jacobian():
    row = RNG.standard_normal((1, 4))
    J = torch_layers.attention_jacobian(PARAMS, X)
    agree(torch_layers.attention_backward(PARAMS, X, row).x[:, 0], np.einsum("h,thd->td", row[0], J))


def test_a_stack_is_its_layers_one_after_the_other():
    layer = attention.init(4, 4, RNG)
    inner = RNG.standard_normal((5, 4))
    once = torch_layers.stack([layer], tensor(inner), "residual")
    agree(torch_layers.stack([layer] * 2, tensor(inner), "residual").numpy(),
          torch_layers.stack([layer], once, "residual").numpy())  # fmt: skip
    agree(once.numpy() - inner, torch_layers.stack([layer], tensor(inner), "plain").numpy())
