"""The GRU and its Jacobians, against `torch.nn.GRU` and automatic differentiation of it."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import agree, freeze

from bptt.cells import gru
from bptt.chains import jacobians
from bptt.checks import gradient_check
from bptt.referees import torch_cells
from bptt.referees.torch_cells import tensor


def problem(T=5, N=2, D=3, H=4, gain=1.0, seed=0):
    rng = np.random.default_rng(seed)
    params = gru.init(D, H, rng, gain)
    params = params._replace(b_x=rng.uniform(-0.5, 0.5, 3 * H), b_h=rng.uniform(-0.5, 0.5, 3 * H))
    return params, rng.standard_normal((T, N, D)), rng.standard_normal((N, H))


@st.composite
def problems(draw):
    T, N, D, H = draw(st.integers(1, 6)), *(draw(st.integers(1, 4)) for _ in range(3))
    params, x, h0 = problem(T, N, D, H, draw(st.sampled_from([0.5, 1.0, 2.0])), draw(st.integers(0, 2**32 - 1)))
    return params, x, h0 if draw(st.booleans()) else None, draw(st.integers(0, N - 1))


@given(problems())
def test_forward_agrees_with_torch_gru(p):
    params, x, h0, _ = p
    with torch.no_grad():
        states, _ = torch_cells.torch_gru(params)(tensor(x), None if h0 is None else tensor(h0[None]))
    agree(gru.forward(params, x, h0).h[1:], states.numpy())


def by_torch(params, x, h0, dh):
    """Gradient by `torch.nn.GRU`, differentiated automatically."""
    module, inputs = torch_cells.torch_gru(params), tensor(x, True)
    start = tensor((np.zeros_like(dh[-1] if dh.ndim == 3 else dh) if h0 is None else h0)[None], True)
    states, last = module(inputs, start)
    ((states if dh.ndim == 3 else last[0]) * tensor(dh)).sum().backward()
    *parts, dh0 = (leaf.grad.numpy() for leaf in (*module.parameters(), inputs, start))
    return gru.Grads(*parts, dh0[0])


@given(problems(), st.booleans())
def test_backward_agrees_with_torch_gru(p, at_every_step):
    params, x, h0, n = p
    dh = np.random.default_rng(n).standard_normal((*x.shape[:2], params.W_h.shape[1]))
    dh = dh if at_every_step else dh[-1]
    trace = gru.forward(params, x, h0)
    agree(gru.backward(params, trace, dh), by_torch(params, x, h0, dh))
    parts = gru.contributions(params, trace, dh)
    agree(tuple(part.sum(axis=0) for part in parts), tuple(gru.backward(params, trace, dh)))


def test_backward_agrees_with_a_finite_difference():
    params, x, h0 = problem()
    dh = np.random.default_rng(1).standard_normal((5, 2, 4))
    loss = lambda theta: float((gru.forward(theta, x, h0).h[1:] * dh).sum())
    grads = gru.backward(params, gru.forward(params, x, h0), dh)
    measured, predicted = gradient_check(loss, params, grads, np.random.default_rng(2))
    assert measured == pytest.approx(predicted, rel=1e-8)


def test_contributions_are_the_gradients_of_the_steps_own_copies():
    """Of step 2 of 3: run the others with parameters that are held fast."""
    params, x, h0 = problem(T=3)
    dh = np.random.default_rng(1).standard_normal((2, 4))
    first = gru.forward(params, x[:1], h0).h[1]

    def loss(theta):
        second = gru.forward(theta, x[1:2], first).h[1]
        return float((gru.forward(params, x[2:], second).h[1] * dh).sum())

    parts = gru.contributions(params, gru.forward(params, x, h0), dh)
    copy = gru.Grads(*(part[1] for part in parts))
    measured, predicted = gradient_check(loss, params, copy, np.random.default_rng(2))
    assert measured == pytest.approx(predicted, rel=1e-8)
    assert not parts.h0[1:].any()
    assert not parts.x[~np.eye(3, dtype=bool)].any()


@given(problems())
def test_the_jacobians_multiply_to_the_derivative_of_torch_gru(p):
    params, x, h0, n = p
    trace, module = gru.forward(params, x, h0), torch_cells.torch_gru(params)
    J = gru.steps(params, trace, n)
    for t in range(len(x)):
        after = lambda h, t=t: module(tensor(x[t : t + 1, n]), h[None])[0][-1]
        agree(J[t], torch.autograd.functional.jacobian(after, tensor(trace.h[t, n])).numpy())
    last = lambda h: module(tensor(x[:, n]), h[None])[0][-1]
    agree(jacobians.product(J), torch.autograd.functional.jacobian(last, tensor(trace.h[0, n])).numpy())


def test_the_door_to_the_jacobians_is_the_same_as_for_the_other_networks():
    assert jacobians.gru_steps is gru.steps


@pytest.mark.parametrize("k", range(3), ids="rug")
def test_the_blocks_are_stacked_in_the_order_r_u_g(k):
    params = gru.Params(np.zeros((6, 1)), np.zeros((6, 2)), np.zeros(6), np.zeros(6))
    params.b_x[2 * k : 2 * k + 2] = 40.0
    trace = gru.forward(params, np.zeros((1, 1, 1)))
    at_rest = dict(r=0.5, u=0.5, g=0.0)
    assert {gate: getattr(trace, gate)[0, 0, 0] for gate in "rug"} == at_rest | {"rug"[k]: 1.0}


def test_the_reset_gate_acts_on_the_second_bias_of_the_candidate_alone():
    params = gru.Params(np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(3), np.zeros(3))
    shut = params._replace(b_x=np.array([-1000.0, 0.0, 0.0]))
    second, first = np.array([0.0, 0.0, 9.0]), np.array([-1000.0, 0.0, 9.0])
    assert gru.forward(shut._replace(b_h=second), np.zeros((1, 1, 1))).g == 0
    assert gru.forward(shut._replace(b_x=first), np.zeros((1, 1, 1))).g == np.tanh(9.0)


def test_init_draws_with_the_standard_deviations_it_promises():
    params = gru.init(300, 200, np.random.default_rng(0), gain=1.5)
    for block in np.split(params.W_h, 3):
        assert block.std() == pytest.approx(1.5 / np.sqrt(200), rel=0.02)
    assert params.W_x.std() == pytest.approx(1 / np.sqrt(300), rel=0.02)
    assert not params.b_x.any()
    assert not params.b_h.any()


def test_nothing_writes_into_its_arguments():
    params, x, h0 = problem()
    before = freeze(*params, x, h0)
    trace = gru.forward(params, x, h0)
    frozen = freeze(*trace)
    gru.steps(params, trace, 1)
    gru.backward(params, trace, np.ones((2, 4)))
    assert not np.shares_memory(trace.h, h0)
    for array, copy in zip((*params, x, h0, *trace), (*before, *frozen), strict=True):
        assert (array == copy).all()


REFUSED = [
    (dict(params=None), TypeError, "params is of type NoneType, but needs gru.Params(W_x, W_h, b_x, b_h)"),
    (dict(W_h=np.zeros((4, 4))), ValueError, "params.W_h has shape (4, 4), but needs (3H, H)"),
    (dict(W_x=np.zeros((4, 3))), ValueError, "params.W_x has shape (4, 3), but needs (3H, D) with 3H = 12 as in params.W_h"),
    (dict(b_h=np.zeros(4)), ValueError, "params.b_h has shape (4,), but needs (3H,) with 3H = 12 as in params.W_h"),
    (dict(x=np.zeros((5, 2, 4))), ValueError, "x has shape (5, 2, 4), but needs (T, N, D) with D = 3 as in params.W_x"),
    (dict(h0=np.full((2, 4), np.inf)), ValueError, "h0 contains inf at index (0, 0), but needs finite numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "kind", "sentence"), REFUSED, ids=[sentence for *_, sentence in REFUSED])
def test_forward_refuses_in_one_sentence(changes, kind, sentence):
    (params, x, h0), changes = problem(), dict(changes)
    weights = {name: changes.pop(name) for name in params._fields if name in changes}
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        gru.forward(**(dict(params=params._replace(**weights), x=x, h0=h0) | changes))


def test_steps_refuses_in_one_sentence():
    params, x, h0 = problem()
    trace = gru.forward(params, x, h0)
    with pytest.raises(ValueError, match="^n is 2, but needs a whole number of at least 0 and at most 1$"):
        gru.steps(params, trace, 2)
    with pytest.raises(TypeError, match="^trace is of type int, but needs gru.Trace\\(x, h, r, u, g, s\\)$"):
        gru.steps(params, 3)
    with pytest.raises(
        ValueError, match=r"^trace.u has shape \(4, 2, 4\), but needs \(T, N, H\) with T = 5 as in trace.x"
    ):
        gru.steps(params, trace._replace(u=trace.u[1:]))


def test_weights_that_overflow_are_refused():
    params = gru.Params(np.full((6, 1), 1e308), np.full((6, 2), -1.7e308), np.zeros(6), np.zeros(6))
    with pytest.raises(FloatingPointError, match="^the pre-activations overflow at step 1 of 3: "):
        gru.forward(params, np.full((3, 1, 1), 9.0), np.ones((1, 2)))


def test_a_gradient_that_overflows_is_refused():
    params = gru.Params(np.zeros((6, 1)), np.zeros((6, 2)), np.zeros(6), np.zeros(6))
    params.W_h[4:] = 1e20
    trace = gru.forward(params, np.zeros((100, 1, 1)))
    for function in (gru.backward, gru.contributions):
        with pytest.raises(FloatingPointError, match="^the gradient overflows on its way back through 100 steps: "):
            function(params, trace, np.ones((1, 2)))
        with pytest.raises(ValueError, match=r"^dh contains nan at index \(0, 0\)"):
            function(params, trace, np.full((1, 2), np.nan))
