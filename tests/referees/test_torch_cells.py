"""The referee is doubted too: against `torch.nn.RNN`, and against finite differences that torch has no part in."""

import numpy as np
import pytest
import torch
from hypothesis import given
from problems import agree, freeze, rnn_problems

from bptt.cells import rnn
from bptt.cells.activations import ALL, RELU, SIGMOID, TANH
from bptt.checks import gradient_check
from bptt.referees import torch_cells


def problem(T=4, N=2, D=3, H=4):
    rng = np.random.default_rng(0)
    params = rnn.init(D, H, rng)._replace(b=rng.standard_normal(H))
    return params, rng.standard_normal((T, N, D)), rng.standard_normal((N, H)), rng.standard_normal((T, N, H))


@pytest.mark.parametrize("activation", [TANH, RELU], ids=lambda activation: activation.name)
@pytest.mark.parametrize("last", [False, True])
def test_rnn_backward_agrees_with_the_module_of_torch(activation, last):
    params, x, h0, dh = problem()
    module = torch_cells.torch_rnn(params, activation)
    states, _ = module(torch_cells.tensor(x), torch_cells.tensor(h0[None]))
    loss = (states[-1] * torch_cells.tensor(dh[-1])).sum() if last else (states * torch_cells.tensor(dh)).sum()
    loss.backward()
    got = torch_cells.rnn_backward(params, x, dh[-1] if last else dh, h0, activation)
    expected = (module.weight_ih_l0, module.weight_hh_l0, module.bias_hh_l0)
    agree(tuple(got[:3]), tuple(leaf.grad.numpy() for leaf in expected))


@pytest.mark.parametrize("activation", ALL, ids=lambda activation: activation.name)
def test_rnn_backward_agrees_with_a_finite_difference(activation):
    params, x, h0, dh = problem()

    def loss(point):
        W_x, W_h, b, inputs, h = point
        total = 0.0
        for x_t, dh_t in zip(inputs, dh, strict=True):
            h = activation.value(x_t @ W_x.T + h @ W_h.T + b)
            total += float((h * dh_t).sum())
        return total

    gradient = torch_cells.rnn_backward(params, x, dh, h0, activation)
    measured, predicted = gradient_check(loss, (*params, x, h0), gradient, np.random.default_rng(1))
    assert measured == pytest.approx(predicted, rel=1e-7)


@given(rnn_problems())
def test_the_gradients_of_the_copies_sum_to_the_gradient(p):
    parts = torch_cells.rnn_contributions(p.params, p.x, p.dh, p.h0, p.activation)
    total = torch_cells.rnn_backward(p.params, p.x, p.dh, p.h0, p.activation)
    agree(tuple(part.sum(axis=0) for part in parts), tuple(total))


def test_the_copy_of_the_last_step_has_the_gradient_of_that_step_alone():
    params, x, h0, dh = problem()
    h = rnn.forward(params, x, h0).h[-2]
    alone = torch_cells.rnn_backward(params, x[-1:], dh[-1], h)
    agree(tuple(part[-1] for part in torch_cells.rnn_contributions(params, x, dh[-1], h0)[:3]), tuple(alone[:3]))


def test_the_jacobian_of_the_last_state_is_what_one_finite_difference_a_column_finds():
    params, x, h0, _ = problem()
    step, column = 1e-6, []
    for j in range(4):
        e = step * np.eye(4)[j]
        up, down = (rnn.forward(params, x, h0 + sign * e).h[-1, 1] for sign in (1, -1))
        column.append((up - down) / (2 * step))
    agree(torch_cells.rnn_state_jacobian(params, x, h0, n=1), np.array(column).T, rtol=1e-8)


def test_the_module_of_torch_has_our_parameters_and_a_second_bias_of_zero():
    params, *_ = problem()
    module = torch_cells.torch_rnn(params, RELU)
    agree(tuple(leaf.detach().numpy() for leaf in (module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0)), tuple(params), rtol=0)  # fmt: skip
    assert (module.bias_hh_l0 == 0).all()
    assert all(leaf.dtype == torch.float64 for leaf in module.parameters())
    assert module.nonlinearity == "relu"


def test_torch_knows_no_rnn_of_another_activation():
    with pytest.raises(ValueError, match="sigmoid"):
        torch_cells.torch_rnn(problem()[0], SIGMOID)


def test_nothing_writes_into_its_arguments_or_keeps_them():
    params, x, h0, dh = problem()
    before = freeze(params, x, h0, dh)
    trace = rnn.forward(params, x, h0)
    torch_cells.rnn_backward(params, x, dh, h0)
    torch_cells.rnn_contributions(params, x, dh[-1], h0)
    torch_cells.rnn_jacobians(params, trace)
    torch_cells.rnn_state_jacobian(params, x, h0)
    module = torch_cells.torch_rnn(params)
    with torch.no_grad():
        for leaf in module.parameters():
            leaf.zero_()
    for array, copy in zip((*params, x, h0, dh), (*before[0], *before[1:]), strict=True):
        assert (array == copy).all()
