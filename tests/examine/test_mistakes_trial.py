"""The way to call the functions is found by trying."""

import numpy as np
import pytest
from handwritten import passes, stacked

from bptt.cells import rnn
from bptt.examine.mistakes_calls import FORMS, Hand, Parameters
from bptt.examine.mistakes_trial import Trial, draw, find, sequences, ways

PARAMS = [np.zeros((12, 2)), np.zeros((12, 3)), np.zeros(12)]


def test_the_example_decides_on_the_order_of_the_axes():
    parameters = Parameters(PARAMS)
    assert {form for form, _, _ in ways(parameters, np.zeros((5, 1, 2)))} == {"TND", "NTD", "TDN", "DNT"}
    assert {form for form, _, _ in ways(parameters, np.zeros((5, 2)))} == {"TD", "DT"}
    assert {form for form, _, _ in ways(parameters, [1, 2])} == {"tokens"}
    assert {form for form, _, _ in ways(parameters, None)} == set(FORMS)


def test_without_an_example_the_shapes_admit_the_right_number_of_inputs():
    for shapes in ([(12, 2), (12, 3)], [(12, 5)], [(6, 12)]):
        assert 2 in {D for _, D, _ in ways(Parameters([np.zeros(shape) for shape in shapes]), None)}


@pytest.mark.parametrize("form", ["TND", "NTD", "DNT", "TDN"])
def test_any_order_of_the_axes_is_found(form):
    forward, backward = passes(stacked())
    there, back = ([form.index(k) for k in "TND"], ["TND".index(k) for k in form])
    trial = find(
        lambda params, x: forward(params, x.transpose(there)).transpose(back),
        lambda params, x, dh: backward(params, x.transpose(there), dh.transpose(there)),
        Parameters(PARAMS), None, np.random.default_rng(0),
    )  # fmt: skip
    assert trial.reading.orders == ["ifgo"]
    assert trial.hand.form == form


def test_an_array_that_reaches_no_state_is_noticed():
    forward, backward = passes(stacked())
    with_head = lambda params, x, dh: [*backward(params[:3], x, dh), params[3]]
    trial = find(lambda params, x: forward(params[:3], x), with_head, Parameters([*PARAMS, np.zeros((2, 3))]), None, np.random.default_rng(0))  # fmt: skip
    assert trial.live == [True, True, True, False]


def test_what_forward_says_is_passed_on():
    def forward(params, x):
        raise KeyError("no such weight")

    with pytest.raises(ValueError, match=r"^forward\(params, x\) cannot be called .* KeyError: 'no such weight'"):
        find(forward, None, Parameters(PARAMS), None, np.random.default_rng(0))


def test_what_backward_says_is_passed_on():
    def backward(params, x, dh):
        raise ZeroDivisionError("by the gate")

    forward, _ = passes(stacked())
    with pytest.raises(
        ValueError, match=r"^backward\(params, x, dh\) cannot be called .* ZeroDivisionError: by the gate"
    ):
        find(forward, backward, Parameters(PARAMS), np.zeros((3, 1, 2)), np.random.default_rng(0))


def test_a_dh_for_the_initial_state_is_given_where_it_is_wanted():
    params = rnn.init(2, 3, np.random.default_rng(0))
    backward = lambda p, x, dh: rnn.backward(p, rnn.forward(p, x), dh[1:].reshape(len(x), x.shape[1], 3))
    hand = Hand(lambda p, x: rnn.forward(p, x).h, backward, Parameters(params), "TND")
    trial = Trial(hand, 2, np.random.default_rng(0))
    assert trial.hand.first == 1
    assert trial.reading.cell.kind == "RNN"


def test_weights_are_of_order_one_and_tokens_differ():
    rng = np.random.default_rng(0)
    (W,) = draw(Parameters([np.zeros((400, 100))]), rng)
    assert W.std() == pytest.approx(np.sqrt(8 / 400), rel=0.05)
    x = sequences("tokens", 4, 6, rng)
    assert (x.sum(axis=2) == 1).all()
    assert len(set(x[:, 0].argmax(axis=1))) == 4
