"""The whole gradient of the vanilla RNN, `rnn.forward` and `rnn.backward` with a loss on the last state.

Against `torch.nn.RNN`, forward and backward; against a Python loop of `torch.nn.RNNCell` under autograd; and against
the arithmetic alone: one product of two square matrices with as many multiply-adds, 3 T N H (D + H). Between the two
stand the products that the recurrence really needs and nothing else: two small ones a step, which no library runs at
full speed, and four large ones. All contestants return the gradients of the parameters, of the inputs and of the
initial state.
"""

from __future__ import annotations

import numpy as np
import torch
from harness import Race, Rival

from bptt.cells import rnn
from bptt.referees import torch_cells

SIZES = [(100, 1, 8, 32), (200, 32, 32, 64), (1000, 1, 16, 64), (1000, 32, 64, 128), (200, 64, 128, 256)]


def races():
    for T, N, D, H in SIZES:
        rng = np.random.default_rng(0)
        params, x, dh = rnn.init(D, H, rng), rng.standard_normal((T, N, D)), rng.standard_normal((N, H))

        def ours(params=params, x=x, dh=dh):
            return rnn.backward(params, rnn.forward(params, x), dh)

        layer, loop = torch_layer(params, x, dh), torch_loop(params, x, dh)
        for theirs in (layer(), loop()):
            for got, expected in zip(ours(), theirs, strict=True):
                np.testing.assert_allclose(got, expected.numpy(), rtol=0, atol=1e-9 * expected.abs().max())
        near = 2.5 if T * N * H * H > 1e8 else None
        yield Race(
            f"T={T} N={N} D={D} H={H}",
            ours,
            [
                Rival("`torch.nn.RNN`", layer, bar=1),
                Rival("loop of cells", loop, bar=1),
                Rival("its own products", products(params, x)),
                Rival("arithmetic", arithmetic(3 * T * N * H * (D + H)), bar=near),
            ],
        )


def torch_layer(params, x, dh):
    """Gradient by `torch.nn.RNN`."""
    module = torch_cells.torch_rnn(params)
    x, dh, h0 = torch_cells.tensor(x, True), torch_cells.tensor(dh), torch_cells.tensor(np.zeros((1, *dh.shape)), True)
    wanted = [module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, x, h0]

    def run():
        *rest, dh0 = torch.autograd.grad(module(x, h0)[1], wanted, dh[None])
        return *rest, dh0[0]

    return run


def torch_loop(params, x, dh):
    """Gradient by a Python loop over a `torch.nn.RNNCell`."""
    H, D = params.W_x.shape
    cell = torch.nn.RNNCell(D, H, dtype=torch.float64)
    cell.load_state_dict(
        {name.removesuffix("_l0"): value for name, value in torch_cells.torch_rnn(params).state_dict().items()}
    )
    x, dh, h0 = torch_cells.tensor(x, True), torch_cells.tensor(dh), torch_cells.tensor(np.zeros_like(dh), True)
    wanted = [cell.weight_ih, cell.weight_hh, cell.bias_ih, x, h0]

    def run():
        h = h0
        for x_t in x:
            h = cell(x_t, h)
        return torch.autograd.grad(h, wanted, dh)

    return run


def products(params, x):
    """The matrix products of a gradient, with nothing in between."""
    (T, N, D), H = x.shape, len(params.b)
    h = np.random.default_rng(0).standard_normal((T, N, H))
    flat, inputs, h_t, W_hT = h.reshape(T * N, H), x.reshape(T * N, D), np.empty((N, H)), params.W_h.T.copy()

    def run():
        for W in (W_hT, params.W_h):
            for t in range(T):
                np.matmul(h[t], W, out=h_t)
        return inputs @ params.W_x.T, flat.T @ flat, flat.T @ inputs, flat @ params.W_x

    return run


def arithmetic(multiply_adds):
    """One matrix product with so many multiply-adds."""
    m = round(multiply_adds ** (1 / 3))
    A, B = np.random.default_rng(0).standard_normal((2, m, m))
    return lambda: A @ B
