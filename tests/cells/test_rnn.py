"""The RNN and its gradient, against automatic differentiation and `torch.nn.RNN`."""

import re
import sys
import time
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from problems import agree, freeze, rnn_problems

from bptt.cells import rnn
from bptt.cells.activations import ALL, IDENTITY, RELU, SIGMOID, TANH
from bptt.checks import gradient_check
from bptt.referees import torch_cells

SIZES = dict(T=5, N=2, D=3, H=4)


def problem(T=5, N=2, D=3, H=4, gain=1.0, seed=0):
    rng = np.random.default_rng(seed)
    params = rnn.init(D, H, rng, gain)
    return params, rng.standard_normal((T, N, D)), rng.standard_normal((N, H)), rng.standard_normal((T, N, H))


# The gradient


@given(rnn_problems())
def test_backward_agrees_with_autograd(p):
    trace = rnn.forward(p.params, p.x, p.h0, p.activation)
    agree(rnn.backward(p.params, trace, p.dh), torch_cells.rnn_backward(p.params, p.x, p.dh, p.h0, p.activation))


@given(rnn_problems(among=[TANH, RELU]))
def test_forward_and_backward_agree_with_torch_rnn(p):
    module = torch_cells.torch_rnn(p.params, p.activation)
    x, N, H = torch_cells.tensor(p.x, True), p.x.shape[1], len(p.params.b)
    h0 = torch_cells.tensor(np.zeros((1, N, H)) if p.h0 is None else p.h0[None], True)
    states, last = module(x, h0)
    ((states if p.dh.ndim == 3 else last[0]) * torch_cells.tensor(p.dh)).sum().backward()

    trace = rnn.forward(p.params, p.x, p.h0, p.activation)
    agree(trace.h[1:], states.detach().numpy())
    weights = (module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, x)
    expected = (*(leaf.grad.numpy() for leaf in weights), h0.grad.numpy()[0])
    agree(tuple(rnn.backward(p.params, trace, p.dh)), expected)


@given(rnn_problems())
def test_contributions_are_the_gradients_of_the_copies_and_sum_to_the_gradient(p):
    trace = rnn.forward(p.params, p.x, p.h0, p.activation)
    parts = rnn.contributions(p.params, trace, p.dh)
    agree(parts, torch_cells.rnn_contributions(p.params, p.x, p.dh, p.h0, p.activation))
    agree(tuple(part.sum(axis=0) for part in parts), tuple(rnn.backward(p.params, trace, p.dh)))


@pytest.mark.parametrize("activation", ALL, ids=lambda activation: activation.name)
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (1, 3, 2, 4), (7, 1, 2, 3), (7, 3, 1, 2), (7, 3, 2, 1)])
def test_every_activation_at_every_smallest_size(sizes, activation):
    params, x, h0, dh = problem(*sizes)
    params, x = params._replace(W_h=np.clip(params.W_h, -1, 1)), np.clip(x, -1, 1)
    for start in (None, h0):
        trace = rnn.forward(params, x, start, activation)
        for loss in (dh, dh[-1]):
            agree(rnn.backward(params, trace, loss), torch_cells.rnn_backward(params, x, loss, start, activation))


def test_a_loss_on_the_last_state_is_a_loss_at_every_step_that_is_zero_before():
    params, x, h0, dh = problem()
    dh[:-1] = 0
    trace = rnn.forward(params, x, h0)
    agree(rnn.backward(params, trace, dh), rnn.backward(params, trace, dh[-1]))


def test_gradient_agrees_with_a_finite_difference():
    params, x, h0, dh = problem()
    loss = lambda theta: float((rnn.forward(theta, x, h0).h[1:] * dh).sum())
    gradient = rnn.backward(params, rnn.forward(params, x, h0), dh)
    measured, predicted = gradient_check(loss, params, gradient, np.random.default_rng(1))
    assert measured == pytest.approx(predicted, rel=1e-8)


def test_contributions_of_x_and_h0_sit_at_their_own_step_alone():
    params, x, h0, dh = problem()
    parts = rnn.contributions(params, rnn.forward(params, x, h0), dh)
    T = len(x)
    off_diagonal = ~np.eye(T, dtype=bool)
    assert (parts.x[off_diagonal] == 0).all()
    assert (parts.x[np.arange(T), np.arange(T)] != 0).all()
    assert (parts.h0[1:] == 0).all()
    assert (parts.h0[0] != 0).all()


def test_zero_initial_state_is_the_default():
    params, x, h0, _ = problem()
    agree(rnn.forward(params, x).h, rnn.forward(params, x, np.zeros_like(h0)).h, rtol=0)


def test_the_trace_holds_inputs_states_and_slopes():
    params, x, h0, _ = problem()
    trace = rnn.forward(params, x, h0, SIGMOID)
    agree(trace.x, x, rtol=0)
    agree(trace.h[0], h0, rtol=0)
    agree(trace.slope, trace.h[1:] * (1 - trace.h[1:]), rtol=1e-15)


def test_gradients_have_the_shapes_of_what_they_are_the_gradient_of():
    params, x, h0, dh = problem()
    trace = rnn.forward(params, x, h0)
    wanted = [part.shape for part in (*params, x, h0)]
    assert [part.shape for part in rnn.backward(params, trace, dh)] == wanted
    assert [part.shape for part in rnn.contributions(params, trace, dh)] == [(5, *shape) for shape in wanted]


def test_arrays_in_any_memory_layout_give_the_same_result():
    params, x, h0, dh = problem()
    strange = rnn.Params(*(np.asfortranarray(part) for part in params))
    backwards, swapped = x[::-1].copy()[::-1], dh.transpose(2, 0, 1).copy().transpose(1, 2, 0)
    expected = rnn.backward(params, rnn.forward(params, x, h0), dh)
    agree(rnn.backward(strange, rnn.forward(strange, backwards, h0), swapped), expected, rtol=1e-14)


# Nothing writes into its arguments


def test_nothing_writes_into_its_arguments():
    params, x, h0, dh = problem()
    before = freeze(params, x, h0, dh)
    trace = rnn.forward(params, x, h0)
    frozen = freeze(trace)
    for loss in (dh, dh[-1]):
        rnn.backward(params, trace, loss)
        rnn.contributions(params, trace, loss)
    for array, copy in zip((*params, x, h0, dh, *trace), (*before[0], *before[1:], *frozen[0]), strict=True):
        assert (array == copy).all()


def test_results_share_no_memory_with_weights_states_or_losses():
    params, x, h0, dh = problem()
    trace = rnn.forward(params, x, h0)
    assert not np.shares_memory(trace.h, h0)
    for function in (rnn.backward, rnn.contributions):
        for part in function(params, trace, dh[-1]):
            assert not any(np.shares_memory(part, other) for other in (*params, *trace, dh))


# Size: time O(T N H²), memory O(T N H), no recursion


def peak_memory(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("T", "N", "D", "H"), [(2000, 1, 2, 4), (200, 2, 3, 128), (40, 1, 2, 512), (300, 16, 64, 8)])
def test_memory_is_a_few_arrays_of_the_size_of_the_states(T, N, D, H):
    params, x, _, dh = problem(T, N, D, H)
    run = lambda: rnn.backward(params, rnn.forward(params, x), dh)
    run()
    words = peak_memory(run) / 8
    assert words < 5 * T * N * (D + H) + 3 * H * (D + H) + 20_000


def test_time_is_linear_in_T():
    def seconds(T):
        params, x, _, dh = problem(T, N=1, D=2, H=4)
        times = []
        for _ in range(3):
            start = time.process_time()  # what other work the machine does is not counted
            rnn.backward(params, rnn.forward(params, x), dh)
            times.append(time.process_time() - start)
        return min(times)

    # Sixteen times as long: 16 when linear, 256 when quadratic. The limit lies between, far from both.
    assert seconds(64_000) < 64 * seconds(4_000)


@pytest.mark.parametrize(("T", "H"), [(2000, 8), (30, 512)])
def test_long_and_wide_networks_without_recursion(T, H):
    params, x, _, dh = problem(T, N=1, D=2, H=H, gain=0.9)
    limit, depth = sys.getrecursionlimit(), len(list(_frames()))
    sys.setrecursionlimit(depth + 60)
    try:
        gradient = rnn.backward(params, rnn.forward(params, x), dh[-1])
    finally:
        sys.setrecursionlimit(limit)
    agree(gradient, torch_cells.rnn_backward(params, x, dh[-1]), rtol=1e-11)


def _frames():
    frame = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back


# init


def test_init_draws_with_the_standard_deviations_it_promises():
    params = rnn.init(300, 400, np.random.default_rng(0), gain=1.5)
    assert params.W_h.std() == pytest.approx(1.5 / np.sqrt(400), rel=0.02)
    assert params.W_x.std() == pytest.approx(1 / np.sqrt(300), rel=0.02)
    assert abs(params.W_h.mean()) < 1e-3
    assert (params.b == 0).all()
    assert [part.shape for part in params] == [(400, 300), (400, 400), (400,)]


def test_init_repeats_with_the_generator_and_moves_it_on():
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    first = rnn.init(2, 3, rng)
    agree(tuple(first), tuple(rnn.init(2, 3, again)), rtol=0)
    assert (rnn.init(2, 3, rng).W_h != first.W_h).any()


# Errors: each names the argument, what it got and what it wanted

NAN = np.full((5, 2, 3), 0.0)
NAN[1, 0, 2] = np.nan
INF = np.zeros((2, 4))
INF[1, 3] = -np.inf

FORWARD = [
    (dict(params=(1, 2, 3)), TypeError, "params is of type tuple, but needs rnn.Params(W_x, W_h, b)"),
    (dict(W_x=np.zeros(4)), ValueError, "params.W_x has shape (4,), but needs (H, D)"),
    (dict(W_x=np.zeros((4, 0))), ValueError, "params.W_x has shape (4, 0), but needs (H, D) with D at least 1"),
    (dict(W_x=np.zeros((4, 3), complex)), TypeError, "params.W_x has dtype complex128, but needs float64"),
    (dict(W_h=np.zeros((3, 3))), ValueError, "params.W_h has shape (3, 3), but needs (H, H) with H = 4 as in params.W_x"),
    (dict(W_h=np.zeros((4, 5))), ValueError, "params.W_h has shape (4, 5), but needs (H, H) with H = 4 as in params.W_x"),
    (dict(W_h=np.zeros((4, 4), int)), TypeError, "params.W_h has dtype int64, but needs float64"),
    (dict(W_h=np.zeros((4, 4)).view(np.recarray)), TypeError, "params.W_h is of type recarray, but needs a NumPy array of float64, (H, H)"),
    (dict(b=np.zeros(3)), ValueError, "params.b has shape (3,), but needs (H,) with H = 4 as in params.W_x"),
    (dict(b=np.zeros((4, 1))), ValueError, "params.b has shape (4, 1), but needs (H,) with H = 4 as in params.W_x"),
    (dict(b=np.zeros(4, np.float32)), TypeError, "params.b has dtype float32, but needs float64"),
    (dict(b=None), TypeError, "params.b is of type NoneType, but needs a NumPy array of float64, (H,)"),
    (dict(x=np.zeros((5, 3))), ValueError, "x has shape (5, 3), but needs (T, N, D) with D = 3 as in params.W_x"),
    (dict(x=np.zeros((5, 2, 4))), ValueError, "x has shape (5, 2, 4), but needs (T, N, D) with D = 3 as in params.W_x"),
    (dict(x=np.zeros((0, 2, 3))), ValueError, "x has shape (0, 2, 3), but needs (T, N, D) with T at least 1"),
    (dict(x=np.zeros((5, 0, 3))), ValueError, "x has shape (5, 0, 3), but needs (T, N, D) with N at least 1"),
    (dict(x=[[[1.0, 2.0, 3.0]]]), TypeError, "x is of type list, but needs a NumPy array of float64, (T, N, D)"),
    (dict(x=torch.zeros(5, 2, 3)), TypeError, "x is of type Tensor, but needs a NumPy array of float64, (T, N, D)"),
    (dict(x=np.ma.zeros((5, 2, 3))), TypeError, "x is of type MaskedArray, but needs a NumPy array of float64, (T, N, D)"),
    (dict(x=np.zeros((5, 2, 3), np.float32)), TypeError, "x has dtype float32, but needs float64"),
    (dict(x=np.zeros((5, 2, 3), np.int64)), TypeError, "x has dtype int64, but needs float64"),
    (dict(x=np.zeros((5, 2, 3), bool)), TypeError, "x has dtype bool, but needs float64"),
    (dict(x=np.zeros((5, 2, 3), np.complex128)), TypeError, "x has dtype complex128, but needs float64"),
    (dict(x=NAN), ValueError, "x contains nan at index (1, 0, 2), but needs finite numbers"),
    (dict(h0=np.zeros(4)), ValueError, "h0 has shape (4,), but needs (N, H) with N = 2 as in x, H = 4 as in params.W_x"),
    (dict(h0=np.zeros((3, 4))), ValueError, "h0 has shape (3, 4), but needs (N, H) with N = 2 as in x, H = 4 as in params.W_x"),
    (dict(h0=np.zeros((2, 5))), ValueError, "h0 has shape (2, 5), but needs (N, H) with N = 2 as in x, H = 4 as in params.W_x"),
    (dict(h0=INF), ValueError, "h0 contains -inf at index (1, 3), but needs finite numbers"),
    (dict(h0=0.0), TypeError, "h0 is of type float, but needs a NumPy array of float64, (N, H)"),
    (dict(activation="tanh"), TypeError, "activation is 'tanh', but needs an Activation, such as bptt.cells.activations.TANH"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "kind", "sentence"), FORWARD)
def test_forward_refuses_in_one_sentence(changes, kind, sentence):
    params, x, h0, _ = problem()
    changes = dict(changes)
    weights = {name: changes.pop(name) for name in ("W_x", "W_h", "b") if name in changes}
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        rnn.forward(**(dict(params=params._replace(**weights), x=x, h0=h0) | changes))


BACKWARD = [
    (dict(trace=(1, 2, 3)), TypeError, "trace is of type tuple, but needs rnn.Trace(x, h, slope)"),
    (dict(x=np.zeros((5, 2, 1))), ValueError, "trace.x has shape (5, 2, 1), but needs (T, N, D) with D = 3 as in params.W_x"),
    (dict(x=np.zeros((4, 2, 3))), ValueError, "trace.h has shape (6, 2, 4), but needs (T+1, N, H) with T+1 = 5 as in trace.x, N = 2 as in trace.x, H = 4 as in params.W_x"),
    (dict(h=np.zeros((5, 2, 4))), ValueError, "trace.h has shape (5, 2, 4), but needs (T+1, N, H) with T+1 = 6 as in trace.x, N = 2 as in trace.x, H = 4 as in params.W_x"),
    (dict(h=np.full((6, 2, 4), np.nan)), ValueError, "trace.h contains nan at index (0, 0, 0), but needs finite numbers"),
    (dict(slope=np.zeros((6, 2, 4))), ValueError, "trace.slope has shape (6, 2, 4), but needs (T, N, H) with T = 5 as in trace.x, N = 2 as in trace.x, H = 4 as in params.W_x"),
    (dict(slope=np.zeros((5, 2, 4), np.float32)), TypeError, "trace.slope has dtype float32, but needs float64"),
    (dict(W_h=np.zeros((5, 5))), ValueError, "params.W_h has shape (5, 5), but needs (H, H) with H = 4 as in params.W_x"),
    (dict(params=None), TypeError, "params is of type NoneType, but needs rnn.Params(W_x, W_h, b)"),
    (dict(dh=np.zeros(4)), ValueError, "dh has shape (4,), but needs (N, H) with N = 2 as in trace.x, H = 4 as in params.W_x"),
    (dict(dh=np.zeros((1, 4))), ValueError, "dh has shape (1, 4), but needs (N, H) with N = 2 as in trace.x, H = 4 as in params.W_x"),
    (dict(dh=np.zeros((2, 1))), ValueError, "dh has shape (2, 1), but needs (N, H) with N = 2 as in trace.x, H = 4 as in params.W_x"),
    (dict(dh=np.zeros((6, 2, 4))), ValueError, "dh has shape (6, 2, 4), but needs (T, N, H) with T = 5 as in trace.x, N = 2 as in trace.x, H = 4 as in params.W_x"),
    (dict(dh=np.zeros((2, 4), int)), TypeError, "dh has dtype int64, but needs float64"),
    (dict(dh=INF), ValueError, "dh contains -inf at index (1, 3), but needs finite numbers"),
    (dict(dh=None), TypeError, "dh is of type NoneType, but needs a NumPy array of float64, (N, H)"),
    (dict(dh=[1.0]), TypeError, "dh is of type list, but needs a NumPy array of float64, (N, H)"),
]  # fmt: skip


@pytest.mark.parametrize("function", [rnn.backward, rnn.contributions])
@pytest.mark.parametrize(("changes", "kind", "sentence"), BACKWARD)
def test_backward_and_contributions_refuse_in_one_sentence(changes, kind, sentence, function):
    params, x, h0, dh = problem()
    trace, changes = rnn.forward(params, x, h0), dict(changes)
    trace = trace._replace(**{name: changes.pop(name) for name in ("x", "h", "slope") if name in changes})
    params = params._replace(**{name: changes.pop(name) for name in ("W_h",) if name in changes})
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        function(**(dict(params=params, trace=trace, dh=dh) | changes))


INIT = [
    (dict(D=0), ValueError, "D is 0, but needs a whole number of at least 1"),
    (dict(D=-2), ValueError, "D is -2, but needs a whole number of at least 1"),
    (dict(D=2.0), TypeError, "D is 2.0, but needs a whole number of at least 1"),
    (dict(H=-1), ValueError, "H is -1, but needs a whole number of at least 1"),
    (dict(H=True), TypeError, "H is True, but needs a whole number of at least 1"),
    (dict(H="4"), TypeError, "H is '4', but needs a whole number of at least 1"),
    (dict(rng=0), TypeError, "rng is of type int, but needs a numpy.random.Generator, such as numpy.random.default_rng(0)"),
    (dict(rng=None), TypeError, "rng is of type NoneType, but needs a numpy.random.Generator, such as numpy.random.default_rng(0)"),
    (dict(rng=np.random.RandomState(0)), TypeError, "rng is of type RandomState, but needs a numpy.random.Generator, such as numpy.random.default_rng(0)"),
    (dict(gain=-0.5), ValueError, "gain is -0.5, but needs a finite number of at least 0"),
    (dict(gain=np.nan), ValueError, "gain is nan, but needs a finite number of at least 0"),
    (dict(gain=np.inf), ValueError, "gain is inf, but needs a finite number of at least 0"),
    (dict(gain="1"), TypeError, "gain is '1', but needs a finite number of at least 0"),
    (dict(gain=1j), TypeError, "gain is 1j, but needs a finite number of at least 0"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "kind", "sentence"), INIT)
def test_init_refuses_in_one_sentence(changes, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        rnn.init(**(dict(D=3, H=4, rng=np.random.default_rng(0)) | changes))


# Overflow is an error, not a NaN


def test_a_state_that_overflows_is_refused_with_its_step():
    params = rnn.Params(np.ones((1, 1)), np.full((1, 1), 1e10), np.zeros(1))
    with pytest.raises(FloatingPointError, match="^the state h overflows at step 32 of 100: "):
        rnn.forward(params, np.ones((100, 1, 1)), activation=IDENTITY)


def test_inputs_that_overflow_at_once_are_refused_without_a_warning():
    params = rnn.Params(np.ones((1, 2)), np.ones((1, 1)), np.zeros(1))
    with pytest.raises(FloatingPointError, match="^the state h overflows at step 1 of 3: "):
        rnn.forward(params, np.full((3, 1, 2), 1.7e308), activation=RELU)


@pytest.mark.parametrize("function", [rnn.backward, rnn.contributions])
def test_a_gradient_that_overflows_is_refused(function):
    params = rnn.Params(np.ones((2, 1)), np.full((2, 2), 5e9), np.zeros(2))
    trace = rnn.forward(params, np.zeros((100, 1, 1)), activation=IDENTITY)
    with pytest.raises(FloatingPointError, match="^the gradient overflows on its way back through 100 steps: "):
        function(params, trace, np.ones((1, 2)))


@pytest.mark.parametrize("function", [rnn.backward, rnn.contributions])
@pytest.mark.parametrize("name", ["dh", "trace.x", "trace.h", "trace.slope"])
@pytest.mark.parametrize("step", [0, 2, -1])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_single_bad_number_is_found_wherever_it_stands(value, step, name, function):
    params, x, h0, dh = problem()
    trace = rnn.forward(params, x, h0)
    {"dh": dh, **{f"trace.{field}": array for field, array in trace._asdict().items()}}[name][step, 1, 2] = value
    with pytest.raises(ValueError, match=f"^{name} contains {value} at index "):
        function(params, trace, dh)


def test_a_state_that_overflows_and_comes_back_is_refused_too():
    params = rnn.Params(np.ones((1, 2)), -np.ones((1, 1)), np.zeros(1))
    x = np.zeros((3, 1, 2))
    x[0] = 1.7e308
    with pytest.raises(FloatingPointError, match="^the state h overflows at step 1 of 3: "):
        rnn.forward(params, x, activation=RELU)
