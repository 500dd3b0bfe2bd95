"""The reader's functions are called as they want to be, in any structure and any order of axes."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest
import torch

from bptt.examine.mistakes_calls import FORMS, Hand, Parameters, arrange, gathered, shape_of, turned


class Pair(NamedTuple):
    a: object
    b: object


A, B = np.ones((2, 3)), np.zeros(3)


@pytest.mark.parametrize(
    "params",
    [(A, B), [A, B], {"a": A, "b": B}, OrderedDict(a=A, b=B), Pair(A, B), A, (torch.ones(2, 3), torch.zeros(3))],
    ids=lambda params: type(params).__name__,
)
def test_a_structure_comes_back_with_other_numbers(params):
    parameters = Parameters(params)
    arrays = [np.full(shape, 7.0) for shape in parameters.shapes]
    built = parameters.build(arrays)
    assert type(built) is type(params)
    assert all((one == 7).all() for one in parameters.read(built))


def test_tensors_keep_their_type_or_become_double_and_want_gradients_as_before():
    parameters = Parameters([torch.zeros(2, requires_grad=True), torch.zeros(2)])
    own, double = parameters.build([np.ones(2)] * 2, "own"), parameters.build([np.ones(2)] * 2)
    assert [t.dtype for t in own + double] == [torch.float32] * 2 + [torch.float64] * 2
    assert [t.requires_grad for t in own] == [True, False]


def test_what_is_no_array_is_passed_on():
    parameters = Parameters({"W": A, "size": 3, "bias": None})
    assert parameters.names == ["W"]
    assert parameters.build([A + 1])["size"] == 3


@pytest.mark.parametrize("spelled", ["{}", "d{}", "d_{}", "grad_{}", "{}_grad"])
def test_gradients_are_found_under_their_usual_names_in_any_order(spelled):
    parameters = Parameters({"Wf": A, "bf": B})
    found = parameters.read({spelled.format("bf"): B + 2, spelled.format("Wf"): A + 1})
    assert [array.max() for array in found] == [2, 2]
    assert found[0].shape == A.shape


def test_gradients_may_be_a_list_hold_more_and_have_another_shape_of_the_same_size():
    found = Parameters({"a": A, "b": B}).read([A, B.reshape(3, 1), "more"])
    assert [array.shape for array in found] == [(2, 3), (3,)]


def test_a_gradient_that_is_missing_is_refused():
    with pytest.raises(
        ValueError, match=r"^backward returns \['params\[0\]'\], but needs a gradient for each of \['a', 'b'\]"
    ):
        Parameters({"a": A, "b": B}).read([A])
    with pytest.raises(ValueError, match=r"an array of shape \(2,\) for b, but needs \(3,\)"):
        Parameters(Pair(A, B)).read((A, B[:2]))


def test_no_arrays_are_refused():
    with pytest.raises(TypeError, match="^params is int, but needs arrays"):
        Parameters(3)


@pytest.mark.parametrize("form", FORMS[:-1])
def test_states_come_back_from_any_form(form):
    states = np.random.default_rng(0).standard_normal((5, 2 if "N" in form else 1, 3))
    laid_out = arrange(states, form)
    found = shape_of(laid_out, *states.shape[:2])
    assert turned(laid_out, found) == pytest.approx(states)


def test_tokens_are_the_places_of_the_ones():
    assert arrange(np.eye(4)[[2, 0, 3]][:, None], "tokens").tolist() == [2, 0, 3]


def test_states_are_gathered_from_lists_dicts_and_tuples():
    h = np.arange(12.0).reshape(4, 3)
    for raw in (
        h,
        list(h),
        {-1: h[0], **dict(enumerate(h))},
        (h, "cache"),
        (list(h), 3),
        [torch.tensor(row) for row in h],
    ):
        assert gathered(raw, 4).tolist() == h.tolist()


def test_another_shape_is_refused():
    with pytest.raises(
        ValueError, match=r"^forward returns an array of shape \(7, 3\), but needs all hidden states of 4 steps"
    ):
        shape_of(np.zeros((7, 3)), 4, 1)


def test_a_batch_that_is_insisted_on_is_filled_with_zeros():
    seen = {}

    def backward(params, x, dh):
        seen.update(x=x, dh=dh)
        return params

    hand = Hand(lambda params, x: x[..., :1], backward, Parameters((B,)), "TND", batch=3)
    assert hand.states([B], np.ones((4, 1, 2))).shape == (4, 1, 1)
    hand.gradient([B], np.ones((4, 1, 2)), np.ones((4, 1, 1)))
    assert seen["x"][:, 1:].max() == seen["dh"][:, 1:].max() == 0


def test_structures_within_structures():
    parameters = Parameters({"f": {"W": A, "b": B}, "rest": [A, Pair(B, 3)]})
    assert parameters.names == ["f.W", "f.b", "params['rest'][0]", "params['rest'][1]['a']"]
    built = parameters.build([np.full(shape, 7.0) for shape in parameters.shapes])
    assert built["f"]["b"].tolist() == [7] * 3
    assert type(built["rest"][1]) is Pair
    assert built["rest"][1].b == 3
    assert [one.max() for one in Parameters({"f": {"W": A, "b": B}}).read({"f": {"db": B, "dW": A}})] == [1, 0]
