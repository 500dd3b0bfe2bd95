"""Arguments are refused in one sentence that names them, what they are and what they should be."""

import re
from typing import NamedTuple

import numpy as np
import pytest

from bptt.arguments import choice, count, fields, float_array, generator, number


def refuses(kind, sentence):
    return pytest.raises(kind, match=f"^{re.escape(sentence)}$")


# float_array


def test_sizes_are_learnt_from_the_first_array_and_hold_for_the_next():
    sizes = {}
    float_array("A", np.ones((3, 4)), "H D", sizes)
    assert sizes == {"H": (3, "A"), "D": (4, "A")}
    float_array("x", np.ones((7, 2, 4)), "T N D", sizes)
    float_array("h", np.ones((8, 2, 3)), "T+1 N H", sizes)
    assert sizes == {"H": (3, "A"), "D": (4, "A"), "T": (7, "x"), "N": (2, "x")}


def test_nothing_is_learnt_from_a_refused_array():
    sizes = {"D": (4, "A")}
    with pytest.raises(ValueError, match="x has shape"):
        float_array("x", np.ones((7, 5)), "T D", sizes)
    assert sizes == {"D": (4, "A")}


def test_sizes_start_afresh_when_left_out():
    float_array("A", np.ones((3, 3)), "m m")
    float_array("A", np.ones((4, 4)), "m m")


@pytest.mark.parametrize(
    "value", [np.ones((2, 3)), np.ones((3, 2)).T, np.ones((4, 6))[::2, ::2], np.full((2, 3), 1e308)]
)
def test_any_memory_layout_and_any_finite_number_will_do(value):
    float_array("A", value, "m n")


def test_an_array_is_only_looked_at():
    A = np.random.default_rng(0).standard_normal((2, 3))
    A.flags.writeable = False
    before = A.copy()
    float_array("A", A, "m n")
    assert (A == before).all()


def test_an_axis_may_be_a_multiple_of_another_met_before_or_in_the_same_array():
    sizes = {}
    float_array("W_h", np.ones((8, 2)), "4H H", sizes)
    assert sizes == {"H": (2, "W_h")}
    float_array("b", np.ones(8), "4H", sizes)
    with refuses(ValueError, "b has shape (6,), but needs (4H,) with 4H = 8 as in W_h"):
        float_array("b", np.ones(6), "4H", sizes)
    with refuses(ValueError, "W_h has shape (6, 2), but needs (4H, H)"):
        float_array("W_h", np.ones((6, 2)), "4H H")


# fields and choice


class Pair(NamedTuple):
    W: np.ndarray
    b: np.ndarray


AXES = {"W": "H D", "b": "H"}


def test_the_fields_of_a_tuple_are_looked_at_one_after_another():
    pair = Pair(np.ones((3, 4)), np.ones(3))
    assert fields("pair", pair, Pair, AXES) == {"H": (3, "pair.W"), "D": (4, "pair.W")}
    with refuses(TypeError, "pair is of type tuple, but needs test_arguments.Pair(W, b)"):
        fields("pair", tuple(pair), Pair, AXES)
    with refuses(ValueError, "pair.b has shape (4,), but needs (H,) with H = 3 as in pair.W"):
        fields("pair", pair._replace(b=np.ones(4)), Pair, AXES)
    with refuses(ValueError, "pair.W has shape (3, 4), but needs (H, D) with D = 5 as in x"):
        fields("pair", pair, Pair, AXES, {"D": (5, "x")})
    broken = pair._replace(b=np.full(3, np.nan))
    fields("pair", broken, Pair, AXES, finite=False)
    with refuses(ValueError, "pair.b contains nan at index (0,), but needs finite numbers"):
        fields("pair", broken, Pair, AXES)


def test_a_choice_is_one_of_those_that_are_known():
    choice("kind", "rnn", {"rnn": 1, "lstm": 4})
    with refuses(ValueError, "kind is 'elman', but needs one of rnn, lstm"):
        choice("kind", "elman", {"rnn": 1, "lstm": 4})


# what float_array refuses


WRONG = [
    (None, "m n", TypeError, "A is of type NoneType, but needs a NumPy array of float64, (m, n)"),
    ([[1.0]], "m n", TypeError, "A is of type list, but needs a NumPy array of float64, (m, n)"),
    (1.0, "m", TypeError, "A is of type float, but needs a NumPy array of float64, (m,)"),
    (np.ones((2, 2)).view(np.recarray), "m n", TypeError, "A is of type recarray, but needs a NumPy array of float64, (m, n)"),
    (np.ma.ones((2, 2)), "m n", TypeError, "A is of type MaskedArray, but needs a NumPy array of float64, (m, n)"),
    (np.ones((2, 2), np.float32), "m n", TypeError, "A has dtype float32, but needs float64"),
    (np.ones((2, 2), np.float16), "m n", TypeError, "A has dtype float16, but needs float64"),
    (np.ones((2, 2), int), "m n", TypeError, "A has dtype int64, but needs float64"),
    (np.ones((2, 2), bool), "m n", TypeError, "A has dtype bool, but needs float64"),
    (np.ones((2, 2), complex), "m n", TypeError, "A has dtype complex128, but needs float64"),
    (np.ones((2, 2), object), "m n", TypeError, "A has dtype object, but needs float64"),
    (np.ones((2, 2)).astype(">f8"), "m n", TypeError, "A has dtype >f8, but needs float64"),
    (np.array(1.0), "m n", ValueError, "A has shape (), but needs (m, n)"),
    (np.ones(2), "m n", ValueError, "A has shape (2,), but needs (m, n)"),
    (np.ones((2, 3)), "m m", ValueError, "A has shape (2, 3), but needs (m, m)"),
    (np.ones((2, 3)), "m", ValueError, "A has shape (2, 3), but needs (m,)"),
    (np.ones((0, 3)), "m n", ValueError, "A has shape (0, 3), but needs (m, n) with m at least 1"),
    (np.ones((3, 0)), "m n", ValueError, "A has shape (3, 0), but needs (m, n) with n at least 1"),
    (np.array([[1.0, np.nan]]), "m n", ValueError, "A contains nan at index (0, 1), but needs finite numbers"),
    (np.array([[1.0], [np.inf]]), "m n", ValueError, "A contains inf at index (1, 0), but needs finite numbers"),
    (np.array([-np.inf, np.inf]), "m", ValueError, "A contains -inf at index (0,), but needs finite numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "axes", "kind", "sentence"), WRONG, ids=[case[3] for case in WRONG])
def test_a_wrong_array_is_refused(value, axes, kind, sentence):
    with refuses(kind, sentence):
        float_array("A", value, axes)


def test_the_sentence_says_where_each_size_comes_from():
    sizes = {"T": (5, "x"), "N": (2, "x"), "H": (3, "params.W_x")}
    with refuses(ValueError, "h has shape (5, 2, 3), but needs (T+1, N, H) with T+1 = 6 as in x, N = 2 as in x, H = 3 as in params.W_x"):  # fmt: skip
        float_array("h", np.ones((5, 2, 3)), "T+1 N H", sizes)


def test_an_infinity_is_found_among_numbers_whose_sum_overflows():
    float_array("A", np.full(9, 1.7e308), "m")
    with refuses(ValueError, "A contains -inf at index (1,), but needs finite numbers"):
        float_array("A", np.array([np.finfo(float).max, -np.inf, np.inf]), "m")


# generator


@pytest.mark.parametrize("value", [0, None, np.random.RandomState(0), np.random, "0", np.random.SeedSequence(0)])
def test_only_a_generator_is_a_generator(value):
    with refuses(TypeError, f"rng is of type {type(value).__name__}, but needs a numpy.random.Generator, such as numpy.random.default_rng(0)"):  # fmt: skip
        generator("rng", value)
    generator("rng", np.random.default_rng(0))


# count


@pytest.mark.parametrize("value", [1, 7, np.int64(7), np.uint8(7)])
def test_a_whole_number_is_a_count(value):
    assert count("H", value) == value
    assert type(count("H", value)) is int


@pytest.mark.parametrize(
    ("value", "limits", "kind", "sentence"),
    [
        (0, {}, ValueError, "H is 0, but needs a whole number of at least 1"),
        (-3, {}, ValueError, "H is -3, but needs a whole number of at least 1"),
        (np.int64(-3), {}, ValueError, "H is -3, but needs a whole number of at least 1"),
        (2.0, {}, TypeError, "H is 2.0, but needs a whole number of at least 1"),
        (np.nan, {}, TypeError, "H is nan, but needs a whole number of at least 1"),
        (True, {}, TypeError, "H is True, but needs a whole number of at least 1"),
        (np.True_, {}, TypeError, "H is np.True_, but needs a whole number of at least 1"),
        ("3", {}, TypeError, "H is '3', but needs a whole number of at least 1"),
        (None, {}, TypeError, "H is None, but needs a whole number of at least 1"),
        (-1, {"at_least": 0}, ValueError, "H is -1, but needs a whole number of at least 0"),
        (4, {"at_least": 0, "at_most": 3}, ValueError, "H is 4, but needs a whole number of at least 0 and at most 3"),
    ],
)
def test_anything_else_is_no_count(value, limits, kind, sentence):
    with refuses(kind, sentence):
        count("H", value, **limits)


def test_the_limits_of_a_count_belong_to_it():
    assert [count("n", n, at_least=0, at_most=3) for n in (0, 3)] == [0, 3]


# number


@pytest.mark.parametrize("value", [0, 1, -2.5, np.float32(0.5), np.float64(3), np.int64(4)])
def test_a_finite_number_is_a_number(value):
    assert number("gain", value) == value
    assert type(number("gain", value)) is float


@pytest.mark.parametrize(
    ("value", "limits", "kind", "sentence"),
    [
        (np.nan, {}, ValueError, "gain is nan, but needs a finite number"),
        (np.inf, {}, ValueError, "gain is inf, but needs a finite number"),
        (-np.inf, {}, ValueError, "gain is -inf, but needs a finite number"),
        ("1", {}, TypeError, "gain is '1', but needs a finite number"),
        (1j, {}, TypeError, "gain is 1j, but needs a finite number"),
        (True, {}, TypeError, "gain is True, but needs a finite number"),
        (None, {}, TypeError, "gain is None, but needs a finite number"),
        (np.ones(1), {}, TypeError, "gain is array([1.]), but needs a finite number"),
        (-1.0, {"at_least": 0}, ValueError, "gain is -1.0, but needs a finite number of at least 0"),
        (0.0, {"above": 0}, ValueError, "gain is 0.0, but needs a finite number above 0"),
        (1.5, {"at_most": 1}, ValueError, "gain is 1.5, but needs a finite number of at most 1"),
        (1.0, {"below": 1}, ValueError, "gain is 1.0, but needs a finite number below 1"),
        (2.0, {"above": 0, "below": 1}, ValueError, "gain is 2.0, but needs a finite number above 0 and below 1"),
        (np.nan, {"at_least": 0, "at_most": 1}, ValueError, "gain is nan, but needs a finite number of at least 0 and of at most 1"),
    ],
)  # fmt: skip
def test_anything_else_is_no_number(value, limits, kind, sentence):
    with refuses(kind, sentence):
        number("gain", value, **limits)


def test_the_closed_limits_of_a_number_belong_to_it():
    assert [number("gain", g, at_least=0, at_most=1) for g in (0, 1)] == [0.0, 1.0]
