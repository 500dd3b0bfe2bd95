"""The whole gradient of the LSTM, `lstm.forward` and `lstm.backward` with a loss on the last state.

Against `torch.nn.LSTM`, forward and backward; against a Python loop of `torch.nn.LSTMCell` under autograd; and against
the arithmetic alone: one product of two square matrices with as many multiply-adds, 12 T N H (D + H). All contestants
return the gradients of the parameters, of the inputs and of the initial states.
"""

from __future__ import annotations

import numpy as np
import torch
from harness import Race, Rival
from rnn import SIZES, arithmetic

from bptt.cells import lstm
from bptt.referees import torch_cells
from bptt.referees.torch_cells import tensor


def races():
    for T, N, D, H in SIZES:
        rng = np.random.default_rng(0)
        params, x, dh = lstm.init(D, H, rng), rng.standard_normal((T, N, D)), rng.standard_normal((N, H))

        def ours(params=params, x=x, dh=dh):
            return lstm.backward(params, lstm.forward(params, x), dh)

        layer, loop = torch_layer(params, x, dh), torch_loop(params, x, dh)
        for theirs in (layer(), loop()):
            for got, expected in zip(ours(), theirs, strict=True):
                np.testing.assert_allclose(got, expected.numpy(), rtol=0, atol=1e-9 * expected.abs().max())
        near = 3 if T * N * H * H > 1e8 else None
        yield Race(
            f"T={T} N={N} D={D} H={H}",
            ours,
            [
                Rival("`torch.nn.LSTM`", layer, bar=1),
                Rival("loop of cells", loop, bar=1),
                Rival("arithmetic", arithmetic(12 * T * N * H * (D + H)), bar=near),
            ],
        )


def torch_layer(params, x, dh):
    """Gradient by `torch.nn.LSTM`."""
    module, (x, dh) = torch_cells.torch_lstm(params), (tensor(x, True), tensor(dh))
    h0, c0 = (tensor(np.zeros((1, *dh.shape)), True) for _ in range(2))
    wanted = [module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, x, h0, c0]

    def run():
        *rest, dh0, dc0 = torch.autograd.grad(module(x, (h0, c0))[1][0], wanted, dh[None])
        return *rest, dh0[0], dc0[0]

    return run


def torch_loop(params, x, dh):
    """Gradient by a Python loop over a `torch.nn.LSTMCell`."""
    cell, (x, dh) = torch_cells.torch_lstm_cell(params), (tensor(x, True), tensor(dh))
    h0, c0 = (tensor(np.zeros(dh.shape), True) for _ in range(2))
    wanted = [cell.weight_ih, cell.weight_hh, cell.bias_ih, x, h0, c0]

    def run():
        h, c = h0, c0
        for x_t in x:
            h, c = cell(x_t, (h, c))
        return torch.autograd.grad(h, wanted, dh)

    return run
