"""The backward pass with no switch on is the gradient of the forward pass, by torch's autograd."""

import numpy as np
import pytest
import torch
from handwritten import puzzle

from bptt.cells import lstm
from bptt.examine import mistakes_lstm
from bptt.examine.mistakes_switches import columns, sigma


def by_torch(cell, theta, x, dh):
    """The same cell in torch, and the gradient of (h * dh).sum() by automatic differentiation."""
    D, H = x.shape[1], theta.shape[1]
    theta, x, at = torch.tensor(theta, requires_grad=True), torch.tensor(x), columns(D, H)
    h = c = torch.zeros(H, dtype=torch.float64)
    total = 0.0
    for t in range(len(x)):
        W_x, b, W_h = theta[..., at["x"]], theta[..., D], theta[..., at["h"]]
        z = dict(zip(cell.gates, W_x @ x[t] + b + W_h @ h + theta[..., D + 1 + H], strict=True))
        p = dict(zip(cell.gates, theta[..., -1], strict=True))
        f = torch.sigmoid(z["f"] + cell.forget_bias + p["f"] * c)
        i = 1 - f if cell.coupled else torch.sigmoid(z["i"] + p["i"] * c)
        c = f * c + i * torch.tanh(z["g"])
        h = torch.sigmoid(z["o"] + p["o"] * c) * (torch.tanh(c) if cell.exit == "tanh" else c)
        total = total + (h * torch.tensor(dh[t])).sum()
    total.backward()
    return theta.grad.numpy()


@pytest.mark.parametrize("cell", mistakes_lstm.CELLS, ids=lambda cell: "-".join(map(str, cell[1:6])))
def test_without_a_mistake_it_is_the_gradient(cell):
    p = puzzle(cell)
    for T, (x, dh, _) in p.probes.items():
        found = p.gradient(p.codes(()), T).theta[0]
        wanted = by_torch(cell, p.theta, x, dh)
        assert found[p.known] == pytest.approx(wanted[p.known], rel=1e-12, abs=1e-14)


def test_the_plain_cell_is_that_of_the_course():
    p = puzzle(mistakes_lstm.CELLS[0])
    x = p.probes[4][0]
    order = ["ifgo".index(k) for k in p.cell.gates]
    W_x, b, W_h = (p.theta[order][..., part].reshape(12, -1) for part in (slice(0, 2), slice(2, 3), slice(3, 6)))
    trace = lstm.forward(lstm.Params(W_x, W_h, b[:, 0]), x[:, None])
    assert p.tapes[4].states["h"] == pytest.approx(trace.h[:, 0], rel=1e-13)
    assert p.tapes[4].states["f"] == pytest.approx(trace.f[:, 0], rel=1e-13)


def test_a_forget_bias_is_added_to_the_forget_gate():
    p = puzzle(next(cell for cell in mistakes_lstm.CELLS if cell.forget_bias))
    first = p.theta[1][:, :2] @ p.probes[1][0][0] + p.theta[1][:, 2]
    assert p.tapes[1].states["f"][0] == pytest.approx(sigma(first + 1), rel=1e-13)


def test_a_slope_that_is_missing_changes_one_gate_alone_at_one_step():
    p = puzzle(mistakes_lstm.CELLS[0])
    right, wrong = p.gradient(p.codes((), [("slope_i", "none")]), 1).theta
    differs = np.abs(wrong - right).max(axis=(1, 2)) > 1e-9
    assert differs.tolist() == [True, False, False, False]
