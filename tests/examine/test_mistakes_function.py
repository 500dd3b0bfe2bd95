"""What a pass does that a function does not."""

import numpy as np
import pytest

from bptt.cells import rnn
from bptt.examine.mistakes_calls import Hand, Parameters
from bptt.examine.mistakes_function import bounds, findings, loss_twice

RNG = np.random.default_rng(0)
PARAMS = rnn.init(2, 3, RNG)
X, DH = RNG.standard_normal((4, 2, 2)), RNG.standard_normal((4, 2, 3))


def forward(params, x):
    return rnn.forward(params, x).h[1:]


def backward(params, x, dh):
    return rnn.backward(params, rnn.forward(params, x), dh)


def told(forward=forward, backward=backward):
    hand = Hand(forward, backward, Parameters(PARAMS), "TND")
    hand.states(list(PARAMS), X)
    return [finding.text for finding in findings(hand, list(PARAMS), X, DH, 1e-9) if not finding.fine]


def test_functions_are_functions():
    assert told() == []


def test_a_forward_pass_that_draws_at_random():
    noise = np.random.default_rng(0)
    noisy = lambda params, x: forward(params, x) * (noise.random() < 2) + noise.random()
    assert told(forward=noisy) == [
        "two calls of forward with the same arguments differ: it keeps something, or draws at random"
    ]


def test_a_backward_pass_that_goes_on_adding():
    kept = [np.zeros_like(part) for part in PARAMS]

    def adds(params, x, dh):
        for total, part in zip(kept, backward(params, x, dh), strict=False):
            total += part
        return kept

    assert "two calls of backward with the same arguments differ: it keeps something, or draws at random" in told(
        backward=adds
    )


@pytest.mark.parametrize("name", ["dh", "x", "params"])
def test_a_backward_pass_that_writes_into_its_arguments(name):
    def writes(params, x, dh):
        grads = backward(params, x, dh.copy())
        {"dh": dh, "x": x, "params": params[0]}[name].__iadd__(1.0)
        return grads

    assert f"backward writes into {name}: its caller's array is another one afterwards" in told(backward=writes)


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        (lambda gs: [np.clip(g, -5, 5) for g in gs], "entries of the gradient are ±5 exactly: clipped"),
        (lambda gs: [g * min(1, 5 / np.sqrt(sum((p**2).sum() for p in gs[:3]))) for g in gs[:3]], "to the norm 5, which belongs outside"),
    ],
)  # fmt: skip
def test_clipping_inside(cut, words):
    (text,) = told(backward=lambda params, x, dh: cut(backward(params, x, dh)))[:1]
    assert "does not give" in text
    assert words in text


def test_something_added_of_its_own():
    decayed = lambda params, x, dh: [g + 0.1 * p for g, p in zip(backward(params, x, dh), params, strict=False)]
    assert "with no loss at all the gradient is not zero: backward adds something of its own" in told(backward=decayed)


def test_samples_that_see_each_other():
    mixed = lambda params, x, dh: backward(params, np.roll(x, 1, axis=1), dh)
    assert any("neither the sum nor the mean" in text for text in told(backward=mixed))


def test_the_mean_over_samples_is_said_and_is_no_mistake():
    mean = lambda params, x, dh: [g / x.shape[1] for g in backward(params, x, dh)]
    hand = Hand(forward, mean, Parameters(PARAMS), "TND")
    hand.states(list(PARAMS), X)
    assert "the gradient is the mean over the samples, not their sum" in [f.text for f in findings(hand, list(PARAMS), X, DH, 1e-9)]  # fmt: skip


def test_a_loss_that_returns_the_same_arrays_again_and_again():
    kept = [np.zeros(2)]

    def loss(params):
        kept[0] += 2 * params[0]
        return float(params[0] @ params[0]), kept

    finding, _ = loss_twice(loss, Parameters([np.ones(2)]), [np.ones(2)])
    assert finding.text == "two calls of loss give different gradients: something is kept"


def test_bounds_are_noticed_in_entries_that_are_equal():
    assert bounds([np.array([5.0, -5.0, 1.0])]) == [
        "2 entries of the gradient are ±5 exactly: clipped, which belongs outside"
    ]
    assert bounds([np.array([5.0, -4.0])]) == bounds([np.zeros(3)]) == []
