"""The referee of the LSTM, against finite differences of the forward pass, and the mapping to and from torch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from problems import agree, freeze
from problems_lstm import lstm_problem, lstm_problems

from bptt.cells import lstm
from bptt.checks import gradient_check
from bptt.referees import torch_cells
from bptt.referees.torch_cells import tensor

# The derivatives


def forward(p):
    return lstm.forward(p.params, p.x, p.h0, p.c0)


@pytest.mark.parametrize("last", [True, False])
def test_the_gradient_agrees_with_a_finite_difference(last):
    p = lstm_problem()
    dh, dc = (p.dh[-1], p.dc[-1]) if last else (p.dh, p.dc)

    def loss(point):
        W_x, W_h, b, x, h0, c0 = point
        trace = lstm.forward(lstm.Params(W_x, W_h, b), x, h0, c0)
        where = -1 if last else slice(1, None)
        return float((trace.h[where] * dh).sum() + (trace.c[where] * dc).sum())

    gradient = tuple(torch_cells.lstm_backward(p.params, p.x, dh, dc, p.h0, p.c0))
    measured, predicted = gradient_check(loss, (*p.params, p.x, p.h0, p.c0), gradient, np.random.default_rng(1))
    assert measured == pytest.approx(predicted, rel=1e-7)


@given(lstm_problems())
def test_the_gradients_of_the_copies_sum_to_the_gradient(p):
    parts = torch_cells.lstm_contributions(p.params, p.x, p.dh, p.dc, p.h0, p.c0)
    total = torch_cells.lstm_backward(p.params, p.x, p.dh, p.dc, p.h0, p.c0)
    agree(tuple(part.sum(axis=0) for part in parts), tuple(total))


def test_the_copy_of_the_last_step_has_the_gradient_of_that_step_alone():
    p, trace = lstm_problem(), forward(lstm_problem())
    alone = torch_cells.lstm_backward(p.params, p.x[-1:], p.dh[-1], p.dc[-1], trace.h[-2], trace.c[-2])
    parts = torch_cells.lstm_contributions(p.params, p.x, p.dh[-1], p.dc[-1], p.h0, p.c0)
    agree(tuple(part[-1] for part in parts[:3]), tuple(alone[:3]))


def difference(function, start, step=1e-6):
    """Jacobian of a function of one vector by central differences, column by column."""
    bumps = step * np.eye(len(start))
    return np.array([(function(start + e) - function(start - e)) / (2 * step) for e in bumps]).T


def test_the_jacobian_of_the_last_state_is_what_finite_differences_find():
    p, n = lstm_problem(), 1

    def last_state(state):
        trace = lstm.forward(p.params, p.x[:, n : n + 1], *(part[None] for part in np.split(state, 2)))
        return np.concatenate([trace.h[-1, 0], trace.c[-1, 0]])

    expected = difference(last_state, np.concatenate([p.h0[n], p.c0[n]]))
    agree(torch_cells.lstm_state_jacobian(p.params, p.x, p.h0, p.c0, n), expected, rtol=1e-8)


def test_the_one_step_jacobians_multiply_to_that_of_the_last_state():
    p = lstm_problem()
    J = torch_cells.lstm_jacobians(p.params, forward(p), n=1)
    product = np.linalg.multi_dot(J[::-1])
    agree(product, torch_cells.lstm_state_jacobian(p.params, p.x, p.h0, p.c0, n=1))


@pytest.mark.parametrize("k", [0, 2, 5])
def test_the_derivative_of_the_last_cell_is_what_finite_differences_find(k):
    p, n = lstm_problem(), 1
    trace = forward(p)

    def last_cell(c):
        h = trace.o[k - 1, n] * np.tanh(c) if k else p.h0[n]
        return lstm.forward(p.params, p.x[k:, n : n + 1], h[None], c[None]).c[-1, 0] if k < 5 else c

    expected = difference(last_cell, trace.c[k, n])
    agree(torch_cells.cell_derivative(p.params, trace, k, n), expected, rtol=1e-8)


def test_truncated_as_in_1997_the_derivative_is_the_product_of_the_forget_gates():
    p, trace = lstm_problem(), forward(lstm_problem())
    for k in range(6):
        got = torch_cells.cell_derivative(p.params, trace, k, n=1, truncated=True)
        agree(got, np.diag(trace.f[k:, 1].prod(axis=0)), rtol=1e-15)


# To torch and back


@pytest.mark.parametrize("make", [torch_cells.torch_lstm, torch_cells.torch_lstm_cell])
def test_to_torch_and_back_is_the_identity(make):
    params = lstm_problem().params
    module = make(params)
    agree(tuple(torch_cells.from_torch_lstm(module)), tuple(params), rtol=0)
    assert all(leaf.dtype == torch.float64 for leaf in module.parameters())
    assert all((leaf == 0).all() for name, leaf in module.named_parameters() if name.startswith("bias_hh"))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", [torch.nn.LSTM, torch.nn.LSTMCell])
def test_a_module_of_torch_computes_what_its_parameters_compute_here(kind, bias):
    torch.manual_seed(0)
    module, x = kind(3, 4, bias=bias, dtype=torch.float64), np.random.default_rng(0).standard_normal((1, 2, 3))
    trace = lstm.forward(torch_cells.from_torch_lstm(module), x)
    with torch.no_grad():
        h, c = module(tensor(x))[1] if kind is torch.nn.LSTM else module(tensor(x[0]))
    agree((trace.h[-1], trace.c[-1]), (h.numpy().reshape(2, 4), c.numpy().reshape(2, 4)))


def test_the_two_biases_are_added_and_float32_becomes_float64():
    module = torch.nn.LSTM(3, 4)
    params = torch_cells.from_torch_lstm(module)
    biases = [leaf.detach().double().numpy() for leaf in (module.bias_ih_l0, module.bias_hh_l0)]
    agree(params.b, biases[0] + biases[1], rtol=0)
    assert {part.dtype for part in params} == {np.dtype(np.float64)}


def test_what_has_more_than_one_layer_and_direction_is_refused():
    for extra in (dict(num_layers=2), dict(bidirectional=True), dict(proj_size=2)):
        with pytest.raises(
            ValueError, match=r"^module is LSTM\(.*\), but needs one layer, one direction and no projection$"
        ):
            torch_cells.from_torch_lstm(torch.nn.LSTM(3, 4, **extra))
    with pytest.raises(TypeError, match=r"^module is of type GRU, but needs a torch.nn.LSTM or torch.nn.LSTMCell$"):
        torch_cells.from_torch_lstm(torch.nn.GRU(3, 4))


def test_nothing_writes_into_its_arguments_or_keeps_them():
    p, trace = lstm_problem(), forward(lstm_problem())
    before = freeze(*p.params, *p[1:])
    torch_cells.lstm_backward(*p)
    torch_cells.lstm_contributions(*p)
    torch_cells.lstm_jacobians(p.params, trace)
    torch_cells.lstm_state_jacobian(p.params, p.x, p.h0, p.c0)
    torch_cells.cell_derivative(p.params, trace, 2)
    module = torch_cells.torch_lstm(p.params)
    copied = torch_cells.from_torch_lstm(module)
    with torch.no_grad():
        for leaf in module.parameters():
            leaf.zero_()
    agree(tuple(copied), tuple(p.params), rtol=0)
    for array, copy in zip((*p.params, *p[1:]), before, strict=True):
        assert (array == copy).all()
