"""The split of a gradient over its routes: that it is complete, each route by cutting the others, and its size at any scale."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze
from problems_lstm import lstm_problem, lstm_problems

from bptt.cells import lstm
from bptt.chains import jacobians, routes
from bptt.referees import torch_cells


def forward(p):
    return lstm.forward(p.params, p.x, p.h0, p.c0)


def chain(p, trace, terms, n):
    """The products of the cell-only Jacobians from every k to the last step."""
    J = jacobians.cell_steps(p.params, trace, n, terms)
    return np.array([jacobians.product(J[k:]) for k in range(len(J) + 1)])


# The split


@given(lstm_problems(), st.data())
def test_the_routes_sum_to_the_derivative_by_autograd(p, data):
    n, trace = data.draw(st.integers(0, p.x.shape[1] - 1)), forward(p)
    parts = routes.split(p.params, trace, n)
    agree(parts.carry + parts.gates + parts.output, parts.total, rtol=1e-15)
    agree(parts.total, np.array([torch_cells.cell_derivative(p.params, trace, k, n) for k in range(len(p.x) + 1)]))


@given(lstm_problems())
def test_the_carry_is_the_product_of_the_forget_gates(p):
    trace = forward(p)
    agree(routes.split(p.params, trace).carry, chain(p, trace, "forget", 0))


@given(lstm_problems())
def test_carry_and_gates_are_the_full_cell_chain(p):
    trace = forward(p)
    parts = routes.split(p.params, trace)
    agree(parts.carry + parts.gates, chain(p, trace, "full", 0))


def test_where_the_output_gate_does_not_see_h_no_route_leads_through_it():
    p = lstm_problem()
    p.params.W_h[12:] = 0
    parts = routes.split(p.params, forward(p))
    assert not parts.output.any()
    assert parts.gates[:-1].any()


def test_where_only_the_output_gate_sees_h_the_carry_is_everything():
    p = lstm_problem()
    p.params.W_h[:12] = 0
    parts = routes.split(p.params, forward(p))
    agree(parts.total, parts.carry, rtol=0)
    assert not parts.gates.any()
    assert not parts.output.any()


def test_the_first_route_through_an_output_gate_takes_three_steps():
    p = lstm_problem()
    trace = forward(p)
    b, output = jacobians.lstm_blocks(p.params, trace), routes.split(p.params, trace).output
    assert not output[-2:].any()
    agree(output[-3], b.A[-1] @ b.B[-2] * b.R[-3])


# Its size at any scale


@given(lstm_problems())
def test_log_norms_are_those_of_the_parts(p):
    trace = forward(p)
    for part, size in zip(routes.split(p.params, trace), routes.log_norms(p.params, trace), strict=True):
        norms = np.linalg.norm(part, 2, axis=(1, 2))
        np.testing.assert_allclose(np.exp(size), norms, rtol=1e-12, atol=0)


def test_every_route_is_right_over_8000_steps_at_gain_8():
    # Chaotic: rounding moves the sum of 8,000 logarithms, about 1,100, by some tens.
    p = lstm_problem(T=8000, N=1, D=4, H=16, gain=8.0, seed=3)
    trace = forward(p)
    size = routes.log_norms(p.params, trace)
    carry = np.log(trace.f[::-1, 0]).cumsum(axis=0)[::-1].max(axis=1)
    agree(size.carry[:-1], carry)
    assert size.carry[-1] == 0

    # The cell chain, and dc_T/dc_k from the joint Jacobian: M is the chain in the coordinates r and c.
    G, b = jacobians.cell_steps(p.params, trace), jacobians.lstm_blocks(p.params, trace)
    M = np.block([[b.B, b.B * b.R[:-1, None]], [b.A, G]])
    for k in (0, 2500):
        cell, joint = (scaled_product(J[k:]) for J in (G, M))
        agree(size.total[k], log_norm(joint, np.s_[16:, 16:]))
        agree(size.gates[k], log_norm(cell, np.s_[:]))  # beside which the carry is nothing
        agree(size.output[k], size.total[k])  # beside which the cell chain is nothing
    assert size.carry[0] < -745  # both beyond float64
    assert size.total[0] > 745


def scaled_product(J):
    """The ordered product, divided by its Frobenius norm at every step, and the logarithm of what it was divided by."""
    P, log = np.eye(J.shape[1]), 0.0
    for J_t in reversed(J):
        P = P @ J_t
        size = np.linalg.norm(P)
        P, log = P / size, log + np.log(size)
    return P, log


def log_norm(scaled, block):
    P, log = scaled
    return log + np.log(np.linalg.norm(P[block], 2))


# The cell-only gradient


def theta(grads, rows=np.s_[:]):
    return np.concatenate([part[rows].ravel() for part in (grads.W_x, grads.W_h, grads.b)])


def cell_gradient(p, trace, terms):
    parts, dc = routes.cell_contributions(p.params, trace, p.dh, terms)
    return lstm.Params(*(part.sum(axis=0) for part in parts)), dc


def relative_error(got, expected):
    return np.linalg.norm(got - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("terms", ["forget", "article", "full"])
def test_its_contributions_are_exact_where_no_gate_sees_h(terms):
    p = lstm_problem(N=1)
    p = p._replace(params=p.params._replace(W_h=np.zeros((16, 4))), dh=p.dh[-1])
    trace = forward(p)
    parts, dc = routes.cell_contributions(p.params, trace, p.dh, terms)
    exact = lstm.contributions(p.params, trace, p.dh)
    for part, expected in zip(parts, exact[:3], strict=True):
        agree(part[:, :12], expected[:, :12])
        assert not part[:, 12:].any()
    agree(dc[0] * trace.f[0, 0], lstm.backward(p.params, trace, p.dh).c0[0])


def test_it_is_exact_but_for_the_output_gate_where_that_does_not_see_h():
    p = lstm_problem(N=1)
    p.params.W_h[12:] = 0
    p = p._replace(dh=p.dh[-1])
    trace = forward(p)
    exact = lstm.backward(p.params, trace, p.dh)
    agree(theta(cell_gradient(p, trace, "full")[0], np.s_[:12]), theta(exact, np.s_[:12]))
    assert relative_error(theta(cell_gradient(p, trace, "article")[0], np.s_[:12]), theta(exact, np.s_[:12])) > 1e-3


def test_the_loss_is_that_of_one_sample():
    p = lstm_problem(N=2)
    p = p._replace(dh=p.dh[-1])
    parts, dc = routes.cell_contributions(p.params, forward(p), p.dh, "full", 1)
    alone = p._replace(x=p.x[:, 1:], h0=p.h0[1:], c0=p.c0[1:], dh=p.dh[1:])
    agree(
        (*parts, dc),
        (
            *routes.cell_contributions(p.params, forward(alone), alone.dh)[0],
            routes.cell_contributions(p.params, forward(alone), alone.dh)[1],
        ),
    )


def default(D, H, rng, forget_bias=0.0):
    """As torch initialises its LSTM: all entries uniform in ±1/√H, two biases."""
    W_x, W_h, b, b_too = (rng.uniform(-1, 1, size) / np.sqrt(H) for size in ((4 * H, D), (4 * H, H), 4 * H, 4 * H))
    return lstm.Params(W_x, W_h, b + b_too + np.repeat([0.0, forget_bias, 0.0, 0.0], H))


def gaussian(gain, forget_bias):
    return lambda D, H, rng: lstm.init(D, H, rng, gain, forget_bias)


# Relative error of the gradient of all but the output gate, in per cent, with the terms "forget", "article" and "full", as
# one run for each regime found it before this package was written.
PROFILE = {
    "default": (default, (20.8, 1.9, 1.7)),
    "default, forget bias 3": (lambda D, H, rng: default(D, H, rng, 3.0), (80.8, 11.3, 11.7)),
    "gain 1, forget bias 1": (gaussian(1.0, 1.0), (46.7, 24.9, 17.4)),
    "gain 2, forget bias 1": (gaussian(2.0, 1.0), (76.3, 41.4, 33.6)),
    "gain 4, forget bias 3": (gaussian(4.0, 3.0), (99.6, 78.1, 63.0)),
}


@pytest.mark.parametrize("regime", PROFILE)
def test_the_errors_of_the_three_versions_have_the_profile_that_was_measured_before(regime):
    draw, measured = PROFILE[regime]
    T, D, H, errors = 50, 4, 32, []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        params, x, dh = draw(D, H, rng), rng.standard_normal((T, 1, D)), rng.standard_normal((1, H))
        trace = lstm.forward(params, x)
        p = lstm_problem()._replace(params=params, dh=dh)
        exact = theta(lstm.backward(params, trace, dh), np.s_[: 3 * H])
        got = [theta(cell_gradient(p, trace, terms)[0], np.s_[: 3 * H]) for terms in ("forget", "article", "full")]
        errors.append([relative_error(part, exact) for part in got])
    logs = np.log(errors)
    # An error is a positive number that varies from network to network by a factor: three standard deviations of its logarithm.
    assert (np.abs(np.log(np.array(measured) / 100) - logs.mean(axis=0)) < 3 * logs.std(axis=0)).all()
    assert (logs.mean(axis=0)[0] > logs.mean(axis=0)[1:]).all() or regime.startswith("gain 4")


# The vanishing condition


def test_gains_are_the_largest_norms():
    p = lstm_problem()
    trace = forward(p)
    b, gains = jacobians.lstm_blocks(p.params, trace, 1), routes.gains(p.params, trace, 1)
    diag = lambda diagonals: [np.diag(diagonal) for diagonal in diagonals]
    agree(gains, tuple(max(np.linalg.norm(M, 2) for M in block) for block in (b.A, b.B, diag(b.F), diag(b.R))))


@given(lstm_problems(T=st.integers(2, 6)), st.sampled_from([0.05, 0.3, 1.0]))
def test_the_gains_bound_the_gradient_and_their_condition_is_that_of_a_shrinking_bound(p, gain):
    p = p._replace(params=p.params._replace(W_h=gain * p.params.W_h))
    trace = forward(p)
    alpha, beta, phi, r = routes.gains(p.params, trace)
    P = np.array([[beta, beta * r], [alpha, phi + alpha * r]])
    norms = np.linalg.norm(routes.split(p.params, trace).total, 2, axis=(1, 2))
    bounds = [np.linalg.matrix_power(P, k)[1, 1] for k in reversed(range(len(norms)))]
    assert (norms <= np.array(bounds) * (1 + 1e-12)).all()
    assert (np.abs(np.linalg.eigvals(P)).max() < 1) == (beta < 1 and phi < 1 and alpha * r < (1 - beta) * (1 - phi))


# Arguments


def test_nothing_writes_into_its_arguments():
    p = lstm_problem()
    trace = forward(p)
    before = freeze(*p.params, *trace, p.dh)
    routes.split(p.params, trace), routes.log_norms(p.params, trace, 1), routes.gains(p.params, trace)
    routes.cell_contributions(p.params, trace, p.dh[-1], "article", 1)
    for array, copy in zip((*p.params, *trace, p.dh), before, strict=True):
        assert (array == copy).all()


REFUSED = [
    (dict(n=2), ValueError, "n is 2, but needs a whole number of at least 0 and at most 1"),
    (dict(params=3), TypeError, "params is of type int, but needs lstm.Params(W_x, W_h, b)"),
    (dict(trace=3), TypeError, "trace is of type int, but needs lstm.Trace(x, h, c, i, f, g, o)"),
]


@pytest.mark.parametrize("function", [routes.split, routes.log_norms, routes.gains, routes.cell_contributions])
@pytest.mark.parametrize(("changes", "kind", "sentence"), REFUSED)
def test_functions_refuse_in_one_sentence(changes, kind, sentence, function):
    p = lstm_problem()
    loss = dict(dh=p.dh[-1]) if function is routes.cell_contributions else {}
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        function(**(dict(params=p.params, trace=forward(p)) | loss | changes))


def test_the_cell_only_gradient_refuses_losses_at_every_step():
    p = lstm_problem()
    with pytest.raises(ValueError, match=r"^dh has shape \(5, 2, 4\), but needs \(N, H\) with N = 2 as in trace.x, "):
        routes.cell_contributions(p.params, forward(p), p.dh)
