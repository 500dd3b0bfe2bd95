"""The referee of 1997 is itself checked: truncated or not, against differences, and against the cell's outputs."""

import numpy as np
from problems import agree

from bptt.cells import lstm1997
from bptt.referees import torch_1997
from bptt.referees.torch_cells import tensor


def test_its_outputs_are_those_of_the_cell():
    rng = np.random.default_rng(0)
    params, x = lstm1997.init(2, 3, 2, 2, rng, spread=1.0), rng.standard_normal((6, 4, 2))
    y = torch_1997.outputs([tensor(part) for part in params], tensor(x), 2)
    agree(y.numpy(), lstm1997.forward(params, x).y)


def test_its_whole_gradient_is_that_of_differences():
    rng = np.random.default_rng(1)
    params, x, target = lstm1997.init(2, 1, 2, 1, rng, spread=1.0), rng.standard_normal((5, 1, 2)), np.ones((1, 1))
    found = torch_1997.backward(params, x, target, truncated=False).W_h[0, 1]

    def loss(shift):
        W_h = params.W_h.copy()
        W_h[0, 1] += shift
        return ((lstm1997.forward(params._replace(W_h=W_h), x).y - target) ** 2).sum() / 2

    assert abs(found - (loss(1e-6) - loss(-1e-6)) / 2e-6) < 1e-8
