"""Right code is never accused, in any layout and precision; what other people got wrong is named."""

import numpy as np
import pytest
import torch
from handwritten import by_gate, passes, stacked

from bptt.cells import lstm, rnn
from bptt.examine import mistakes

sigma = lambda z: 1 / (1 + np.exp(-z))
D, H = 2, 3
APART = [np.zeros((4 * H, D)), np.zeros((4 * H, H)), np.zeros(4 * H)]
BESIDE = [np.zeros((4 * H, D + H)), np.zeros(4 * H)]
GATES = {f"{part}{k}": np.zeros(shape) for part, shape in (("W", (H, D)), ("U", (H, H)), ("b", (H,))) for k in "fiog"}

RIGHT = [
    ("stacked", stacked(), APART),
    ("in the order f, i, o, g", stacked("fiog"), APART),
    ("[h, x]", stacked("ofig", "hx"), BESIDE),
    ("[x, h]", stacked("igfo", "xh"), BESIDE),
    ("columns", stacked("gofi", "hx", turned=True), [BESIDE[0].T, BESIDE[1]]),
    ("a dict by gate", by_gate(), GATES),
]


@pytest.mark.parametrize("numpy", [True, False], ids=["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("reader", "params"), [one[1:] for one in RIGHT], ids=[one[0] for one in RIGHT])
def test_right_code_is_not_accused(reader, params, dtype, numpy):
    make = (lambda a: a.astype(dtype)) if numpy else (lambda a: torch.tensor(a, dtype=getattr(torch, dtype)))
    params = {k: make(v) for k, v in params.items()} if isinstance(params, dict) else [make(v) for v in params]
    report = mistakes.check(*passes(reader, numpy), params)
    assert report.ok, str(report)
    assert report.cell.startswith("LSTM, h = o tanh c; gates in the order")


@pytest.mark.parametrize("seed", range(5))
def test_numbers_in_single_precision_are_not_accused(seed):
    """A float32 buffer inside, float64 outside: the dtype says nothing, the digits do."""

    def forward(params, x):
        return lstm.forward(params, x).h[1:].astype(np.float32)

    def backward(params, x, dh):
        return [g.astype(np.float32) for g in lstm.backward(params, lstm.forward(params, x), dh)]

    report = mistakes.check(forward, backward, lstm.init(2, 3, np.random.default_rng(0)), seed=seed)
    assert report.ok
    assert report.precision == "3e-05"


def lstm_forward(P, x):
    """Row vectors, gates in the order f, i, g, o, one matrix for [h, x]."""
    h, c, tape = np.zeros(H), np.zeros(H), []
    for x_t in x:
        z = np.concatenate([h, x_t])
        f, i, g, o = sigma(P[0] @ z), sigma(P[1] @ z), np.tanh(P[2] @ z), sigma(P[3] @ z)
        c_before, c = c, f * c + i * g
        h = o * np.tanh(c)
        tape.append((z, f, i, g, o, c_before, c, h))
    return np.array([step[-1] for step in tape]), tape


def seven_mistakes(P, x, dhs):
    """After nicklashansen/rnn_lstm_from_scratch#1 and CaptainE/RNN-LSTM-in-numpy#1."""
    grads, dh_next, dc_next = [np.zeros_like(p) for p in P], np.zeros(H), np.zeros(H)
    for (z, f, i, g, o, c_before, c, _), dh in reversed(list(zip(lstm_forward(P, x)[1], dhs, strict=True))):
        dh = dh + dh_next
        dc = dc_next + dh * o * (1 - np.tanh(np.tanh(c)) ** 2)
        again = lambda s: sigma(s) * (1 - sigma(s))
        deltas = dc * c_before * sigma(f), dc * g * again(i), dc * i * (1 - np.tanh(g) ** 2), dh * np.tanh(c) * again(o)
        for k, dz in enumerate(deltas):
            grads[k] += np.outer(dz, z)
    return grads


def test_seven_published_mistakes_at_once():
    report = mistakes.check(lstm_forward, seven_mistakes, (np.zeros((H, H + D)),) * 4)
    assert "f, i, g, o; W of [h, x]" in report.cell
    assert [f"{one.slot} {one.name}" for one in report.mistakes] == [
        "slope_c tanh2", "slope_i again", "slope_f sigma", "slope_o again", "slope_g again", "carry_c none", "carry_h none",
    ]  # fmt: skip
    assert len(report.sets) == 1


def rnn_forward(P, x):
    return rnn.forward(P, x).h[1:]


def rnn_backward(P, x, dh):
    return rnn.backward(P, rnn.forward(P, x), dh)


def test_a_mistake_that_is_not_in_the_catalogue_is_placed_and_not_named():
    def halved(P, x, dh):
        grads = rnn_backward(P, x, dh)
        grads.W_x[0] /= 2
        return grads

    report = mistakes.check(rnn_forward, halved, rnn.init(2, 3, np.random.default_rng(0)))
    assert report.sets == []
    assert report.errors["W_h"] == report.errors["b"] == 0.0
    assert report.sentence.startswith("no set of up to")


def test_the_gradient_of_another_cell_is_called_that():
    def backward(P, x, dh):  # of a network with tanh, where the forward pass has a logistic function
        return rnn.backward(P, rnn.forward(P, x), dh)

    def forward(P, x):
        h = np.zeros((x.shape[1], 3))
        return np.array([h := sigma(x_t @ P.W_x.T + h @ P.W_h.T + P.b) for x_t in x])

    report = mistakes.check(forward, backward, rnn.init(2, 3, np.random.default_rng(0)))
    assert "it is the right gradient of another cell: RNN with tanh" in report.sentence


def test_a_cell_that_is_not_known_is_checked_by_differences():
    def forward(P, x):
        W_x, W_h = P
        h = np.zeros((x.shape[1], 3))
        return np.array([h := np.sin(x_t @ W_x.T + h @ W_h.T) for x_t in x])

    def backward(P, x, dhs):
        W_x, W_h = P
        h = np.concatenate([np.zeros((1, x.shape[1], 3)), forward(P, x)])
        grads, carried = [np.zeros_like(W_x), np.zeros_like(W_h)], 0.0
        for t in reversed(range(len(x))):
            dz = (dhs[t] + carried) * np.cos(x[t] @ W_x.T + h[t] @ W_h.T)
            grads[0] += dz.T @ x[t]
            grads[1] += dz.T @ (h[t + 1] if wrong else h[t])
            carried = dz @ W_h
        return grads

    params = (np.zeros((3, 2)), np.zeros((3, 3)))
    for wrong in (False, True):
        report = mistakes.check(forward, backward, params)
        assert report.ok is not wrong
        assert report.cell == ""
        assert [bool(error) for error in report.errors.values()] == [False, wrong]


def test_clipping_does_not_hide_the_mistake_behind_it():
    def backward(P, x, dh):
        grads = rnn_backward(P, x, dh)
        return [np.clip(g, -0.1, 0.1) for g in (grads.W_x, -grads.W_h * 0, grads.b)]

    report = mistakes.check(rnn_forward, backward, rnn.init(2, 3, np.random.default_rng(0)))
    assert not report.findings[2].fine
    assert [one.says for one in report.mistakes] == ["dW_h is never added to"]


def test_a_forward_pass_with_a_memory_is_not_asked_for_more():
    state = [np.zeros((1, 3))]

    def forward(P, x):
        trace = rnn.forward(P, x, h0=np.resize(state[0], (x.shape[1], 3)))
        state[0] = trace.h[-1]
        return trace.h[1:]

    report = mistakes.check(forward, rnn_backward, rnn.init(2, 3, np.random.default_rng(0)))
    assert not report.ok
    assert report.errors == {}
    assert "two calls of forward" in str(report)


def character_network(P):
    """After the character network of 112 lines: loss inside, clipped inside; c is never added to, as in javaidnabi31/RNN-from-scratch#2."""
    rng = np.random.default_rng(0)
    inputs, targets, hs, ps, loss = *rng.integers(0, 4, (2, 6)), [np.zeros(3)], [], 0.0
    for k, y in zip(inputs, targets, strict=True):
        hs.append(np.tanh(P["U"][:, k] + P["W"] @ hs[-1] + P["b"]))
        e = np.exp(P["V"] @ hs[-1] + P["c"])
        ps.append(e / e.sum())
        loss -= np.log(ps[-1][y])
    grads, carried = {k: np.zeros_like(v) for k, v in P.items()}, np.zeros(3)
    for t in reversed(range(6)):
        dy = ps[t] - np.eye(4)[targets[t]]
        grads["V"] += np.outer(dy, hs[t + 1])
        grads["c"] += grads["c"]
        dz = (P["V"].T @ dy + carried) * (1 - hs[t + 1] ** 2)
        grads["U"][:, inputs[t]] += dz
        grads["W"] += np.outer(dz, hs[t])
        grads["b"] += dz
        carried = P["W"].T @ dz
    return loss, {k: np.clip(g, -0.5, 0.5) for k, g in grads.items()}


def test_a_loss_inside():
    rng = np.random.default_rng(1)
    params = {k: rng.standard_normal(shape) for k, shape in dict(U=(3, 4), W=(3, 3), V=(4, 3), b=(3,), c=(4,)).items()}
    report = mistakes.check(loss=character_network, params=params)
    assert report.errors["c"] == 1.0
    assert "the gradient of c is exactly zero: it is never added to" in report.notes
    assert any("±0.5 exactly" in note for note in report.notes)


@pytest.mark.parametrize("x", [None, np.array([0, 1, 2])])
def test_tokens(x):
    def forward(P, inputs):
        hs = [np.zeros(3)]
        for k in inputs:
            hs.append(np.tanh(P["U"][:, k] + P["W"] @ hs[-1]))
        return hs[1:]

    def backward(P, inputs, dhs):
        hs, grads, carried = [np.zeros(3), *forward(P, inputs)], {k: np.zeros_like(v) for k, v in P.items()}, 0.0
        for t in reversed(range(len(inputs))):
            dz = (dhs[t] + carried) * (1 - hs[t + 1] ** 2)
            grads["U"][:, inputs[t]] += dz
            grads["W"] += np.outer(dz, hs[t])
            carried = P["W"] @ dz
        return grads

    report = mistakes.check(forward, backward, {"U": np.zeros((3, 5)), "W": np.zeros((3, 3))}, x)
    assert [one.says for one in report.mistakes] == ["dh is handed on through W_h in place of its transpose"]
