"""The LSTM and its gradient, against automatic differentiation, `torch.nn.LSTM` and `torch.nn.LSTMCell`."""

import inspect
import re
import tracemalloc
from pathlib import Path

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

GATES = ("i", "f", "g", "o")


def gradient(p, function=lstm.backward):
    return function(p.params, lstm.forward(p.params, p.x, p.h0, p.c0), p.dh, p.dc)


# The gradient


@given(lstm_problems())
def test_backward_agrees_with_autograd(p):
    agree(gradient(p), torch_cells.lstm_backward(p.params, p.x, p.dh, p.dc, p.h0, p.c0))


@given(lstm_problems())
def test_forward_and_backward_agree_with_torch_lstm(p):
    module, x = torch_cells.torch_lstm(p.params), tensor(p.x, True)
    zero = np.zeros_like(p.dh[-1] if p.dh.ndim == 3 else p.dh)
    h0, c0 = (tensor(zero[None] if start is None else start[None], True) for start in (p.h0, p.c0))
    states, (last_h, last_c) = module(x, (h0, c0))
    dc = p.dc if p.dc is not None and p.dc.ndim == 2 else zero  # torch shows only the last cell state
    loss = ((states if p.dh.ndim == 3 else last_h[0]) * tensor(p.dh)).sum() + (last_c[0] * tensor(dc)).sum()
    loss.backward()

    trace = lstm.forward(p.params, p.x, p.h0, p.c0)
    agree(trace.h[1:], states.detach().numpy())
    agree(trace.c[-1], last_c[0].detach().numpy())
    leaves = (module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, x)
    expected = (*(leaf.grad.numpy() for leaf in leaves), h0.grad.numpy()[0], c0.grad.numpy()[0])
    agree(tuple(lstm.backward(p.params, trace, p.dh, dc)), expected)
    agree(module.bias_ih_l0.grad.numpy(), module.bias_hh_l0.grad.numpy())  # of torch's two biases one is enough


@given(lstm_problems())
def test_every_step_agrees_with_torch_lstm_cell(p):
    cell, trace = torch_cells.torch_lstm_cell(p.params), lstm.forward(p.params, p.x, p.h0, p.c0)
    with torch.no_grad():
        for t, x in enumerate(tensor(p.x)):
            h, c = cell(x, (tensor(trace.h[t]), tensor(trace.c[t])))
            agree((trace.h[t + 1], trace.c[t + 1]), (h.numpy(), c.numpy()))


@given(lstm_problems())
def test_contributions_are_the_gradients_of_the_copies_and_sum_to_the_gradient(p):
    parts = gradient(p, lstm.contributions)
    agree(parts, torch_cells.lstm_contributions(p.params, p.x, p.dh, p.dc, p.h0, p.c0))
    agree(tuple(part.sum(axis=0) for part in parts), tuple(gradient(p)))


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (1, 3, 2, 4), (7, 1, 2, 3), (7, 3, 1, 2), (7, 3, 2, 1)])
@pytest.mark.parametrize("start", [True, False], ids=["start", "zero"])
def test_every_kind_of_loss_at_every_smallest_size(sizes, start):
    p = lstm_problem(*sizes)
    p = p if start else p._replace(h0=None, c0=None)
    for dh in (p.dh, p.dh[-1]):
        for dc in (p.dc, p.dc[-1], None):
            expected = torch_cells.lstm_backward(p.params, p.x, dh, dc, p.h0, p.c0)
            agree(gradient(p._replace(dh=dh, dc=dc)), expected)


def test_a_loss_on_the_last_state_is_a_loss_at_every_step_that_is_zero_before():
    p = lstm_problem()
    p.dh[:-1], p.dc[:-1] = 0, 0
    agree(gradient(p), gradient(p._replace(dh=p.dh[-1], dc=p.dc[-1])))


def test_no_loss_on_the_cell_is_a_loss_of_zero():
    p = lstm_problem()
    agree(gradient(p._replace(dc=None)), gradient(p._replace(dc=np.zeros_like(p.dc))), rtol=0)


def test_gradient_agrees_with_a_finite_difference():
    p = lstm_problem()

    def loss(theta):
        trace = lstm.forward(theta, p.x, p.h0, p.c0)
        return float((trace.h[1:] * p.dh).sum() + (trace.c[1:] * p.dc).sum())

    measured, predicted = gradient_check(loss, p.params, gradient(p), np.random.default_rng(1))
    assert measured == pytest.approx(predicted, rel=1e-8)


def test_contributions_of_x_h0_and_c0_sit_at_their_own_step_alone():
    parts = gradient(lstm_problem(), lstm.contributions)
    T = len(parts.b)
    off_diagonal = ~np.eye(T, dtype=bool)
    assert (parts.x[off_diagonal] == 0).all()
    assert (parts.x[np.arange(T), np.arange(T)] != 0).all()
    for start in (parts.h0, parts.c0):
        assert (start[1:] == 0).all()
        assert (start[0] != 0).all()


def test_gradients_have_the_shapes_of_what_they_are_the_gradient_of():
    p = lstm_problem()
    wanted = [part.shape for part in (*p.params, p.x, p.h0, p.c0)]
    assert [part.shape for part in gradient(p)] == wanted
    assert [part.shape for part in gradient(p, lstm.contributions)] == [(5, *shape) for shape in wanted]


def test_arrays_in_any_memory_layout_give_the_same_result():
    p = lstm_problem()
    strange = lstm.Params(*(np.asfortranarray(part) for part in p.params))
    backwards, swapped = p.x[::-1].copy()[::-1], p.dh.transpose(2, 0, 1).copy().transpose(1, 2, 0)
    agree(gradient(p._replace(params=strange, x=backwards, dh=swapped)), gradient(p), rtol=1e-14)


# The forward pass


def test_zero_initial_state_is_the_default():
    p = lstm_problem()
    zero = np.zeros_like(p.h0)
    agree(lstm.forward(p.params, p.x), lstm.forward(p.params, p.x, zero, zero), rtol=0)


def test_the_trace_holds_inputs_states_and_gates():
    p = lstm_problem()
    trace = lstm.forward(p.params, p.x, p.h0, p.c0)
    agree(trace.x, p.x, rtol=0)
    agree((trace.h[0], trace.c[0]), (p.h0, p.c0), rtol=0)
    agree(trace.c[1:], trace.f * trace.c[:-1] + trace.i * trace.g, rtol=1e-15)
    agree(trace.h[1:], trace.o * np.tanh(trace.c[1:]), rtol=1e-15)


@pytest.mark.parametrize("k", range(4), ids=GATES)
def test_the_blocks_are_stacked_in_the_order_i_f_g_o(k):
    params, zero = lstm.Params(np.zeros((8, 1)), np.zeros((8, 2)), np.zeros(8)), np.zeros((1, 1, 1))
    params.b[2 * k : 2 * k + 2] = 40.0  # saturates σ and tanh alike
    trace = lstm.forward(params, zero)
    at_rest = {"i": 0.5, "f": 0.5, "g": 0.0, "o": 0.5}
    assert {gate: getattr(trace, gate)[0, 0, 0] for gate in GATES} == at_rest | {GATES[k]: 1.0}


# Everywhere else where the package says the update of the cell, and why it is not `lstm.step`.
OTHER_CELLS = {
    "chains/norms.py": "with a layer norm at the places one may choose, inside the step",
    "examine/mistakes_lstm.py": "spoiled on purpose, one mistake at a time",
    "examine/stepping.py": "in tensors of any shape, on a reader's own model",
    "learning/stacked_cells.py": "in tensors with an axis for many networks, written in place",
    "referees/sympy_lstm.py": "in symbols",
    "referees/torch_cells.py": "torch's own, the referee",
}
UPDATE = re.compile(
    r"\bf\w*(\[\w+\])? \* c\w*(\[\w+\])? \+ i\w*(\[\w+\])? \* g"  # NumPy and torch
    r"|\(f\[t\], c_t.*addcmul_\(i|_times\(f, c\) \+ _times\(i, g\)|torch\.lstm_cell\("
)


def test_the_cell_update_is_written_once_in_numpy_and_looks_like_its_equation():
    package = Path(lstm.__file__).parents[1]
    found = [
        path.relative_to(package).as_posix()
        for path in sorted(package.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if UPDATE.search(line)
    ]
    assert found == sorted(["cells/lstm.py", *OTHER_CELLS])
    assert "    c = f * c + i * g\n    h = o * np.tanh(c)\n" in inspect.getsource(lstm.step)


# Saturation


@pytest.mark.parametrize("z", [1000.0, -1000.0, 40.0])
def test_saturated_gates_are_exact_and_warn_of_nothing(z):
    params = lstm.Params(np.zeros((4, 1)), np.zeros((4, 1)), np.full(4, z))
    trace = lstm.forward(params, np.zeros((3, 1, 1)))
    assert (trace.i == (z > 0)).all()
    assert (trace.f == (z > 0)).all()
    assert (trace.o == (z > 0)).all()
    assert (trace.g == np.sign(z)).all()
    assert (trace.c[:, 0, 0] == (np.arange(4) if z > 0 else np.zeros(4))).all()


@pytest.mark.parametrize("z", [1000.0, -1000.0])
def test_what_passes_through_a_saturated_gate_is_exactly_zero_and_never_nan(z):
    p = lstm_problem()
    for k in range(4):
        b = p.params.b.copy()
        b[4 * k : 4 * k + 4] = z
        params = p.params._replace(b=b)
        grads = gradient(p._replace(params=params))
        assert all(np.isfinite(part).all() for part in grads)
        for part in (grads.W_x, grads.W_h, grads.b):
            assert (part[4 * k : 4 * k + 4] == 0).all()
            assert (part != 0).any()


def test_with_the_forget_gate_open_and_the_others_shut_the_error_is_carried_unchanged():
    b = np.repeat([-1000.0, 1000.0, 0.0, -1000.0], 3)
    p = lstm_problem(T=200, H=3)
    p = p._replace(params=p.params._replace(b=b), dh=np.zeros((2, 3)), dc=p.dc[-1])
    grads = gradient(p)
    agree(grads.c0, p.dc, rtol=0)
    assert not any(part.any() for part in grads[:5])


# Nothing writes into its arguments


def test_nothing_writes_into_its_arguments():
    p = lstm_problem()
    before, trace = freeze(*p.params, *p[1:]), lstm.forward(p.params, p.x, p.h0, p.c0)
    frozen = freeze(*trace)
    for loss in (p.dh, p.dh[-1]):
        lstm.backward(p.params, trace, loss, p.dc)
        lstm.contributions(p.params, trace, loss, p.dc[-1])
    lstm.chrono(p.params, 100, np.random.default_rng(0))
    for array, copy in zip((*p.params, *p[1:], *trace), (*before, *frozen), strict=True):
        assert (array == copy).all()


def test_results_share_no_memory_with_weights_states_or_losses():
    p = lstm_problem()
    trace = lstm.forward(p.params, p.x, p.h0, p.c0)
    assert not any(np.shares_memory(part, start) for part in trace for start in (p.h0, p.c0))
    assert not np.shares_memory(lstm.chrono(p.params, 9, np.random.default_rng(0)).b, p.params.b)
    for function in (lstm.backward, lstm.contributions):
        for part in function(p.params, trace, p.dh[-1], p.dc[-1]):
            assert not any(np.shares_memory(part, other) for other in (*p.params, *trace, p.dh, p.dc))


# Size: memory O(T N H), no recursion


def peak_memory(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("T", "N", "D", "H"), [(2000, 1, 2, 4), (200, 2, 3, 128), (20, 1, 2, 512), (300, 16, 64, 8)])
def test_memory_is_a_few_arrays_of_the_size_of_the_gates(T, N, D, H):
    p = lstm_problem(T, N, D, H)
    run = lambda: gradient(p._replace(dh=p.dh[-1], dc=None))
    run()
    words = peak_memory(run) / 8
    assert words < 4 * T * N * (D + 4 * H) + 13 * H * (D + H) + 30 * T + 20_000


@pytest.mark.parametrize(("T", "H"), [(2000, 4), (20, 512)])
def test_long_and_wide_networks(T, H):
    p = lstm_problem(T, N=1, D=2, H=H)
    p = p._replace(dh=p.dh[-1], dc=None)
    agree(gradient(p), torch_cells.lstm_backward(p.params, p.x, p.dh, None, p.h0, p.c0), rtol=1e-11)


# init and chrono


def test_init_draws_with_the_standard_deviations_it_promises():
    params = lstm.init(300, 200, np.random.default_rng(0), gain=1.5, forget_bias=2.0)
    for block in np.split(params.W_h, 4):
        assert block.std() == pytest.approx(1.5 / np.sqrt(200), rel=0.02)
    assert params.W_x.std() == pytest.approx(1 / np.sqrt(300), rel=0.02)
    assert (params.b == np.repeat([0.0, 2.0, 0.0, 0.0], 200)).all()
    assert [part.shape for part in params] == [(800, 300), (800, 200), (800,)]


def test_init_repeats_with_the_generator_and_moves_it_on():
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    first = lstm.init(2, 3, rng)
    agree(tuple(first), tuple(lstm.init(2, 3, again)), rtol=0)
    assert (lstm.init(2, 3, rng).W_h != first.W_h).any()


def test_chrono_spreads_the_time_scales_evenly_and_shuts_the_input_as_far_as_it_opens_the_memory():
    H, longest, rng = 3000, 500, np.random.default_rng(0)
    params = lstm.init(1, H, rng, forget_bias=7.0)
    params = params._replace(b=params.b + 1.0)
    chrono = lstm.chrono(params, longest, rng)
    i, f, g, o = np.split(chrono.b, 4)
    u = np.sort(np.exp(f))
    evenly = 1 + (longest - 2) * (np.arange(H) + 0.5) / H
    assert u[0] >= 1
    assert u[-1] <= longest - 1
    assert np.abs(u - evenly).max() < (longest - 2) * 1.63 / np.sqrt(H)  # Kolmogorov and Smirnov, 1 %
    agree(i, -f, rtol=0)
    agree((g, o, chrono.W_x, chrono.W_h), (*np.split(params.b, 4)[2:], params.W_x, params.W_h), rtol=0)


def test_chrono_of_the_shortest_time_forgets_half():
    assert (lstm.chrono(lstm.init(1, 3, np.random.default_rng(0)), 2, np.random.default_rng(0)).b == 0).all()


# Errors: each names the argument, what it got and what it wanted

INF = np.zeros((2, 4))
INF[1, 3] = -np.inf
AS_PARAMS = "N = 2 as in x, H = 4 as in params.W_h"
AS_TRACE = "N = 2 as in trace.x, H = 4 as in params.W_h"

FORWARD = [
    (dict(params=(1, 2, 3)), TypeError, "params is of type tuple, but needs lstm.Params(W_x, W_h, b)"),
    (dict(W_h=np.zeros((4, 4))), ValueError, "params.W_h has shape (4, 4), but needs (4H, H)"),
    (dict(W_h=np.zeros(16)), ValueError, "params.W_h has shape (16,), but needs (4H, H)"),
    (dict(W_h=np.zeros((16, 4), int)), TypeError, "params.W_h has dtype int64, but needs float64"),
    (dict(W_x=np.zeros((12, 3))), ValueError, "params.W_x has shape (12, 3), but needs (4H, D) with 4H = 16 as in params.W_h"),
    (dict(W_x=np.zeros((16, 3), complex)), TypeError, "params.W_x has dtype complex128, but needs float64"),
    (dict(b=np.zeros(4)), ValueError, "params.b has shape (4,), but needs (4H,) with 4H = 16 as in params.W_h"),
    (dict(b=np.zeros(16, np.float32)), TypeError, "params.b has dtype float32, but needs float64"),
    (dict(b=None), TypeError, "params.b is of type NoneType, but needs a NumPy array of float64, (4H,)"),
    (dict(x=np.zeros((5, 3))), ValueError, "x has shape (5, 3), but needs (T, N, D) with D = 3 as in params.W_x"),
    (dict(x=np.zeros((5, 2, 4))), ValueError, "x has shape (5, 2, 4), but needs (T, N, D) with D = 3 as in params.W_x"),
    (dict(x=np.zeros((0, 2, 3))), ValueError, "x has shape (0, 2, 3), but needs (T, N, D) with T at least 1"),
    (dict(x=torch.zeros(5, 2, 3)), TypeError, "x is of type Tensor, but needs a NumPy array of float64, (T, N, D)"),
    (dict(x=np.full((5, 2, 3), np.nan)), ValueError, "x contains nan at index (0, 0, 0), but needs finite numbers"),
    (dict(h0=np.zeros((3, 4))), ValueError, f"h0 has shape (3, 4), but needs (N, H) with {AS_PARAMS}"),
    (dict(h0=INF), ValueError, "h0 contains -inf at index (1, 3), but needs finite numbers"),
    (dict(c0=np.zeros(4)), ValueError, f"c0 has shape (4,), but needs (N, H) with {AS_PARAMS}"),
    (dict(c0=0.0), TypeError, "c0 is of type float, but needs a NumPy array of float64, (N, H)"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "kind", "sentence"), FORWARD, ids=[sentence for *_, sentence in FORWARD])
def test_forward_refuses_in_one_sentence(changes, kind, sentence):
    p, changes = lstm_problem(), dict(changes)
    weights = {name: changes.pop(name) for name in ("W_x", "W_h", "b") if name in changes}
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        lstm.forward(**(dict(params=p.params._replace(**weights), x=p.x, h0=p.h0, c0=p.c0) | changes))


BACKWARD = [
    (dict(params=None), TypeError, "params is of type NoneType, but needs lstm.Params(W_x, W_h, b)"),
    (dict(trace=(1, 2, 3)), TypeError, "trace is of type tuple, but needs lstm.Trace(x, h, c, i, f, g, o)"),
    (dict(x=np.zeros((5, 2, 1))), ValueError, "trace.x has shape (5, 2, 1), but needs (T, N, D) with D = 3 as in params.W_x"),
    (dict(h=np.zeros((5, 2, 4))), ValueError, f"trace.h has shape (5, 2, 4), but needs (T+1, N, H) with T+1 = 6 as in trace.x, {AS_TRACE}"),
    (dict(c=np.full((6, 2, 4), np.nan)), ValueError, "trace.c contains nan at index (0, 0, 0), but needs finite numbers"),
    (dict(f=np.zeros((6, 2, 4))), ValueError, f"trace.f has shape (6, 2, 4), but needs (T, N, H) with T = 5 as in trace.x, {AS_TRACE}"),
    (dict(o=np.zeros((5, 2, 4), np.float32)), TypeError, "trace.o has dtype float32, but needs float64"),
    (dict(dh=np.zeros(4)), ValueError, f"dh has shape (4,), but needs (N, H) with {AS_TRACE}"),
    (dict(dh=np.zeros((6, 2, 4))), ValueError, f"dh has shape (6, 2, 4), but needs (T, N, H) with T = 5 as in trace.x, {AS_TRACE}"),
    (dict(dh=None), TypeError, "dh is of type NoneType, but needs a NumPy array of float64, (N, H)"),
    (dict(dh=INF), ValueError, "dh contains -inf at index (1, 3), but needs finite numbers"),
    (dict(dc=np.zeros((2, 1))), ValueError, f"dc has shape (2, 1), but needs (N, H) with {AS_TRACE}"),
    (dict(dc=np.zeros((5, 2, 4), int)), TypeError, "dc has dtype int64, but needs float64"),
    (dict(dc=[1.0]), TypeError, "dc is of type list, but needs a NumPy array of float64, (N, H)"),
]  # fmt: skip


@pytest.mark.parametrize("function", [lstm.backward, lstm.contributions])
@pytest.mark.parametrize(("changes", "kind", "sentence"), BACKWARD, ids=[sentence for *_, sentence in BACKWARD])
def test_backward_and_contributions_refuse_in_one_sentence(changes, kind, sentence, function):
    p, changes = lstm_problem(), dict(changes)
    trace = lstm.forward(p.params, p.x, p.h0, p.c0)
    trace = trace._replace(**{name: changes.pop(name) for name in trace._fields if name in changes})
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        function(**(dict(params=p.params, trace=trace, dh=p.dh, dc=p.dc) | changes))


RNG = "rng is of type int, but needs a numpy.random.Generator, such as numpy.random.default_rng(0)"
INIT = [
    (dict(D=0), ValueError, "D is 0, but needs a whole number of at least 1"),
    (dict(H=2.0), TypeError, "H is 2.0, but needs a whole number of at least 1"),
    (dict(rng=0), TypeError, RNG),
    (dict(gain=-0.5), ValueError, "gain is -0.5, but needs a finite number of at least 0"),
    (dict(forget_bias=np.nan), ValueError, "forget_bias is nan, but needs a finite number"),
    (dict(forget_bias="1"), TypeError, "forget_bias is '1', but needs a finite number"),
]


@pytest.mark.parametrize(("changes", "kind", "sentence"), INIT, ids=[sentence for *_, sentence in INIT])
def test_init_refuses_in_one_sentence(changes, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        lstm.init(**(dict(D=3, H=4, rng=np.random.default_rng(0)) | changes))


CHRONO = [
    (dict(params=None), TypeError, "params is of type NoneType, but needs lstm.Params(W_x, W_h, b)"),
    (dict(longest=1), ValueError, "longest is 1, but needs a whole number of at least 2"),
    (dict(longest=100.0), TypeError, "longest is 100.0, but needs a whole number of at least 2"),
    (dict(rng=0), TypeError, RNG),
]


@pytest.mark.parametrize(("changes", "kind", "sentence"), CHRONO, ids=[sentence for *_, sentence in CHRONO])
def test_chrono_refuses_in_one_sentence(changes, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        lstm.chrono(**(dict(params=lstm_problem().params, longest=100, rng=np.random.default_rng(0)) | changes))


# Overflow is an error, not a NaN


def test_a_pre_activation_that_overflows_is_refused_with_its_step():
    # An input alone would saturate every gate. At step 2 it meets the states, infinite too, with the opposite sign.
    params = lstm.Params(np.full((8, 1), 1e308), np.full((8, 2), -1.7e308), np.zeros(8))
    with pytest.raises(FloatingPointError, match="^the pre-activation z overflows at step 2 of 3: "):
        lstm.forward(params, np.full((3, 1, 1), 9.0))


@pytest.mark.parametrize("function", [lstm.backward, lstm.contributions])
def test_a_gradient_that_overflows_is_refused(function):
    # With i, f and o half open a change of h comes back as 1e20/4 times the change of c, and that as half the change of h.
    params = lstm.Params(np.zeros((8, 1)), np.zeros((8, 2)), np.zeros(8))
    params.W_h[4:6] = 1e20
    trace = lstm.forward(params, np.zeros((100, 1, 1)))
    with pytest.raises(FloatingPointError, match="^the gradient overflows on its way back through 100 steps: "):
        function(params, trace, np.ones((1, 2)))
