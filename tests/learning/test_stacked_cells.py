"""The batched recurrences and their backward passes by hand, against the layers of torch."""

import pytest
import torch

from bptt.learning import networks, stacked_cells

CORE = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


@pytest.mark.parametrize("T", [1, 2, 9])
@pytest.mark.parametrize(("kind", "relu"), [("rnn", False), ("rnn", True), ("gru", False), ("lstm", False)])
def test_states_and_gradients_are_those_of_torch(kind, relu, T):
    torch.manual_seed(0)
    options = {"nonlinearity": "relu"} if relu else {}
    layers = [networks.CORES[kind](3, 5, dtype=torch.float64, **options) for _ in range(4)]
    params = [torch.stack([getattr(l, name).detach() for l in layers]).requires_grad_() for name in CORE]
    x, losses = torch.randn(4, T, 6, 3, dtype=torch.float64), torch.randn(4, T, 6, 5, dtype=torch.float64)
    h = stacked_cells.hidden(kind, relu, params, x)
    (h * losses).sum().backward()
    for s, layer in enumerate(layers):
        expected, _ = layer(x[s])
        (expected * losses[s]).sum().backward()
        torch.testing.assert_close(h[s], expected, rtol=1e-12, atol=1e-14)
        for name, p in zip(CORE, params, strict=True):
            torch.testing.assert_close(p.grad[s], getattr(layer, name).grad, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_the_gradient_by_hand_survives_finite_differences(kind):
    torch.manual_seed(1)
    rows = networks.GATES[kind] * 3
    shapes = [(2, rows, 2), (2, rows, 3), (2, rows), (2, rows)]
    params = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    x = torch.randn(2, 4, 3, 2, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda *p: stacked_cells.hidden(kind, False, p, x), params)
