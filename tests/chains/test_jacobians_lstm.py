"""The joint Jacobian of the LSTM and that of the cell alone: against autograd, by identities, and where the short one is exact."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze
from problems_lstm import lstm_problem, lstm_problems

from bptt.cells import lstm
from bptt.chains import jacobians
from bptt.referees import torch_cells

TERMS = ("forget", "article", "full")


def forward(p):
    return lstm.forward(p.params, p.x, p.h0, p.c0)


def diag(diagonals):
    """Diagonal matrices (T, H, H) from their diagonals (T, H)."""
    return diagonals[:, :, None] * np.eye(diagonals.shape[1])


# The joint Jacobian


@given(lstm_problems(), st.data())
def test_one_step_jacobians_agree_with_autograd(p, data):
    n, trace = data.draw(st.integers(0, p.x.shape[1] - 1)), forward(p)
    J = jacobians.lstm_steps(p.params, trace, n)
    agree(J, torch_cells.lstm_jacobians(p.params, trace, n))
    agree(jacobians.product(J), torch_cells.lstm_state_jacobian(p.params, p.x, p.h0, p.c0, n))


@given(lstm_problems())
def test_the_row_vector_times_the_product_is_what_backward_carries(p):
    trace, last = forward(p), [None if loss is None else loss[-1] if loss.ndim == 3 else loss for loss in (p.dh, p.dc)]
    grads = lstm.backward(p.params, trace, *last)
    rows = np.concatenate([np.zeros_like(last[0]) if loss is None else loss for loss in last], axis=1)
    got = [row @ jacobians.product(jacobians.lstm_steps(p.params, trace, n)) for n, row in enumerate(rows)]
    agree(np.array(got), np.concatenate([grads.h0, grads.c0], axis=1))


@given(lstm_problems())
def test_the_determinant_is_that_of_B_times_the_forget_gates(p):
    trace = forward(p)
    J, blocks = jacobians.lstm_steps(p.params, trace), jacobians.lstm_blocks(p.params, trace)
    (sign, log), (sign_B, log_B) = np.linalg.slogdet(J), np.linalg.slogdet(blocks.B)
    # A determinant feels rounding as strongly as its matrix is close to a singular one.
    scale = np.maximum(np.linalg.cond(J), np.linalg.cond(blocks.B))
    clear = scale < 1e10
    assert (sign == sign_B)[clear].all()
    np.testing.assert_array_less(
        np.abs(log - log_B - np.log(blocks.F).sum(axis=1))[clear], 1e-14 * scale[clear] + 1e-13
    )


@given(lstm_problems())
def test_the_jacobian_is_an_upper_times_a_lower_triangle(p):
    trace = forward(p)
    b = jacobians.lstm_blocks(p.params, trace)
    one, zero = diag(np.ones_like(b.F)), np.zeros_like(b.A)
    U, L = np.block([[one, diag(b.R[1:])], [zero, one]]), np.block([[b.B, zero], [b.A, diag(b.F)]])
    agree(U @ L, jacobians.lstm_steps(p.params, trace), rtol=1e-15)


@given(lstm_problems(T=st.integers(2, 6)))
def test_in_the_coordinates_r_and_c_the_article_s_derivative_done_right_stands_in_the_corner(p):
    trace = forward(p)
    J, b = jacobians.lstm_steps(p.params, trace), jacobians.lstm_blocks(p.params, trace)
    one, zero, R = diag(np.ones_like(b.R)), np.zeros((len(b.R), *b.A.shape[1:])), diag(b.R)
    to, back = np.block([[one, -R], [zero, one]]), np.block([[one, R], [zero, one]])
    M = to[1:] @ J @ back[:-1]  # of (r, c), where dh = R dc + dr
    H = b.F.shape[1]
    agree(M, np.block([[b.B, b.B * b.R[:-1, None]], [b.A, jacobians.cell_steps(p.params, trace)]]), rtol=1e-14)
    agree(jacobians.product(J), back[-1] @ jacobians.product(M) @ to[0])
    assert (b.R[0] == 0).all()
    assert M.shape == (len(p.x), 2 * H, 2 * H)


# The cell alone


@given(lstm_problems(), st.data())
def test_the_full_cell_step_is_the_derivative_by_the_last_cell_state(p, data):
    t, n, trace = data.draw(st.integers(1, len(p.x))), data.draw(st.integers(0, p.x.shape[1] - 1)), forward(p)
    shorter = lstm.Trace(*(part[: t + (name in "hc")] for name, part in trace._asdict().items()))
    J = jacobians.cell_steps(p.params, trace, n)
    agree(J[t - 1], torch_cells.cell_derivative(p.params, shorter, t - 1, n))


def test_the_terms_are_nested():
    p = lstm_problem()
    trace = forward(p)
    forget, article, full = (jacobians.cell_steps(p.params, trace, 1, terms) for terms in TERMS)
    b = jacobians.lstm_blocks(p.params, trace, 1)
    agree(forget, diag(trace.f[:, 1]), rtol=0)
    agree(article - forget, (b.A_i + b.A_g) * b.R[:-1, None], rtol=1e-15)
    agree(full - article, b.A_f * b.R[:-1, None], rtol=1e-15)
    agree(jacobians.cell_steps(p.params, trace, 1), full, rtol=0)
    assert (forget[1:] != article[1:]).any()
    assert (article[1:] != full[1:]).any()


def only(params, gates):
    """The same network, but only these gates see h."""
    seen = np.repeat([gate in gates for gate in "ifgo"], params.W_h.shape[1])
    return params._replace(W_h=params.W_h * seen[:, None])


@given(lstm_problems())
def test_the_cell_chain_is_exact_where_the_output_gate_does_not_see_h(p):
    p = p._replace(params=only(p.params, "ifg"))
    trace = forward(p)
    agree(jacobians.product(jacobians.cell_steps(p.params, trace)), torch_cells.cell_derivative(p.params, trace, 0))


@given(lstm_problems())
def test_the_forget_gates_are_exact_where_only_the_output_gate_sees_h(p):
    p = p._replace(params=only(p.params, "o"))
    trace = forward(p)
    for terms in TERMS:
        agree(
            jacobians.product(jacobians.cell_steps(p.params, trace, 0, terms)),
            torch_cells.cell_derivative(p.params, trace, 0),
        )


@given(lstm_problems())
def test_the_forget_gates_are_exact_for_the_truncated_gradient_of_1997(p):
    trace = forward(p)
    J = jacobians.cell_steps(p.params, trace, 0, "forget")
    agree(jacobians.product(J), torch_cells.cell_derivative(p.params, trace, 0, truncated=True))


def test_in_general_no_cell_chain_is_exact():
    p = lstm_problem(T=20, gain=1.5)
    trace = forward(p)
    exact = torch_cells.cell_derivative(p.params, trace, 1)
    for terms in TERMS:
        error = jacobians.product(jacobians.cell_steps(p.params, trace, 0, terms)[1:]) - exact
        assert np.linalg.norm(error) > 0.02 * np.linalg.norm(exact)


def test_the_first_path_that_the_cell_chain_omits():
    p = lstm_problem(T=3)
    trace = forward(p)
    b, G = jacobians.lstm_blocks(p.params, trace), jacobians.cell_steps(p.params, trace)
    omitted = b.A[2] @ b.B[1] * b.R[1]
    agree(torch_cells.cell_derivative(p.params, trace, 1) - G[2] @ G[1], omitted, rtol=1e-11)


# Cancellation, and a long sequence


def test_an_open_forget_gate_does_not_keep_the_derivative_from_zero():
    i, f, g, o, c = 0.9, 0.95, 0.3, 0.9, 0.2
    W_g = -f / (o * (1 - np.tanh(c) ** 2) * i * (1 - g**2))  # so that F + A R = 0
    assert W_g == pytest.approx(-1.341, abs=5e-4)
    # The inputs are the pre-activations: the first step sets o and keeps c, the second sets i, f and g.
    params = lstm.Params(np.eye(4), np.array([[0.0], [0.0], [W_g], [0.0]]), np.zeros(4))
    x = np.array([[-1000.0, 1000.0, 0.0, logit(o)], [logit(i), logit(f), np.arctanh(g) - W_g * o * np.tanh(c), 0.0]])
    trace = lstm.forward(params, x[:, None], c0=np.array([[c]]))
    agree((trace.f[1], trace.g[1]), (np.array([[f]]), np.array([[g]])))
    assert abs(jacobians.cell_steps(params, trace)[1, 0, 0]) < 1e-15


def logit(q):
    return np.log(q / (1 - q))


def test_norms_are_right_over_8000_steps_at_gain_8():
    # Chaotic: rounding moves the sum of 8,000 logarithms, about 1,100, by some tens.
    p = lstm_problem(T=8000, N=1, D=4, H=16, gain=8.0, seed=3)
    J = jacobians.lstm_steps(p.params, forward(p))
    got = jacobians.log_norms(J)
    P, log, expected = np.eye(32), 0.0, {}
    for k in reversed(range(8000)):
        P = P @ J[k]
        size = np.linalg.norm(P)  # Frobenius: another way of scaling than that of log_norms
        P, log = P / size, log + np.log(size)
        if k % 1000 == 0:
            expected[k] = log + np.log(np.linalg.norm(P, 2))
    agree(got[list(expected)], list(expected.values()))
    assert got[0] > 745  # beyond float64


# Arguments


def test_nothing_writes_into_its_arguments_or_keeps_them():
    p = lstm_problem()
    trace = forward(p)
    before = freeze(*p.params, *trace)
    results = [*jacobians.lstm_blocks(p.params, trace, 1), jacobians.lstm_steps(p.params, trace, 1)]
    results += [jacobians.cell_steps(p.params, trace, 1, terms) for terms in TERMS]
    for array, copy in zip((*p.params, *trace), before, strict=True):
        assert (array == copy).all()
        assert not any(np.shares_memory(array, result) for result in results)


FUNCTIONS = [jacobians.lstm_blocks, jacobians.lstm_steps, jacobians.cell_steps]
REFUSED = [
    (dict(n=2), ValueError, "n is 2, but needs a whole number of at least 0 and at most 1"),
    (dict(n=-1), ValueError, "n is -1, but needs a whole number of at least 0 and at most 1"),
    (dict(n=0.0), TypeError, "n is 0.0, but needs a whole number of at least 0 and at most 1"),
    (dict(params=3), TypeError, "params is of type int, but needs lstm.Params(W_x, W_h, b)"),
    (dict(trace=3), TypeError, "trace is of type int, but needs lstm.Trace(x, h, c, i, f, g, o)"),
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("changes", "kind", "sentence"), REFUSED)
def test_steps_refuse_in_one_sentence(changes, kind, sentence, function):
    p = lstm_problem()
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        function(**(dict(params=p.params, trace=forward(p)) | changes))


@pytest.mark.parametrize("terms", ["all", None, ("forget",)])
def test_unheard_of_terms_are_refused(terms):
    p = lstm_problem()
    with pytest.raises(
        ValueError, match=f"^{re.escape(f'terms is {terms!r}, but needs one of')} forget, article, full$"
    ):
        jacobians.cell_steps(p.params, forward(p), terms=terms)
