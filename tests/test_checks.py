"""A claim that is false, unclear or empty does not pass; the line of a true one is the same on every machine."""

import re
from fractions import Fraction

import numpy as np
import pytest

from bptt import checks
from bptt.cells import rnn
from bptt.checks import claim, gradient_check

NAN, INF = float("nan"), float("inf")

TRUE = [
    (dict(got=1.0, expected=1.0), "✓ It is so — relative error < 1e-12"),
    (dict(got=1.0 + 1e-13, expected=1.0), "✓ It is so — relative error < 1e-12"),
    (dict(got=[1.0, 1e-15], expected=[1.0, 0.0]), "✓ It is so — relative error < 1e-12"),
    (dict(got=np.ones((2, 3)), expected=1), "✓ It is so — relative error < 1e-12"),
    (dict(got=1.001, expected=1.0, rtol=0.01), "✓ It is so — relative error < 0.01"),
    (dict(got=1e-10, expected=0.0, atol=1e-9), "✓ It is so — absolute error < 1e-09"),
    (dict(got=[1, 2], expected=[1, 2], rtol=0), "✓ It is so — exactly equal"),
    (dict(got=0.0, expected=0.0, atol=0), "✓ It is so — exactly equal"),
    (dict(got=-INF, expected=-INF, rtol=0), "✓ It is so — exactly equal"),
    (dict(got=Fraction(1, 3), expected=Fraction(2, 6), rtol=0), "✓ It is so — exactly equal"),
    (dict(got=1.29, expected=1.0, se=0.1), "✓ It is so — within 3 standard errors"),
    (dict(got=[1.0, 5.0], expected=[1.1, 4.0], se=[0.1, 1.0], within=2), "✓ It is so — within 2 standard errors"),
    (dict(got=[0.5, 1.0], at_most=1.0), "✓ It is so — at most 1"),
    (dict(got=0.29, at_least=0.29), "✓ It is so — at least 0.29"),
    (dict(got=[0.3, 0.4], at_least=0.29, at_most=0.5), "✓ It is so — at least 0.29 and at most 0.5"),
    (dict(got=1 / 7, at_most=1 / 3), "✓ It is so — at most 0.333333"),
    (dict(got=True), "✓ It is so"),
    (dict(got=np.True_), "✓ It is so"),
    (dict(got=True, article="1.4"), "✓ It is so [article 1.4]"),
    (dict(got=True, refutes="2.2"), "✓ It is so [against article 2.2]"),
    (dict(got=2.0, expected=2.0, article="1.4", refutes="2.2"), "✓ It is so — relative error < 1e-12 [article 1.4] [against article 2.2]"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "line"), TRUE)
def test_a_true_claim_prints_one_line(form, line, capsys):
    claim("It is so", **form)
    assert capsys.readouterr().out == line + "\n"


FALSE = [
    (dict(got=2.0, expected=1.0), "relative error 1, but the claim needs < 1e-12"),
    (dict(got=1.0 + 1e-11, expected=1.0), "relative error 1e-11, but the claim needs < 1e-12"),
    (dict(got=[1.0, 1e-11], expected=[1.0, 0.0]), "relative error 1e-11, but the claim needs < 1e-12"),
    (dict(got=-1.0, expected=1.0), "relative error 2, but the claim needs < 1e-12"),
    (dict(got=np.eye(2), expected=1.0), "relative error 1, but the claim needs < 1e-12"),
    (dict(got=1.01, expected=1.0, rtol=1e-3), "relative error 0.01, but the claim needs < 0.001"),
    (dict(got=1.01, expected=1.0, rtol=-1.0), "relative error 0.01, but the claim needs < -1"),
    (dict(got=2e-9, expected=0.0, atol=1e-9), "absolute error 2e-09, but the claim needs < 1e-09"),
    (dict(got=1e-9, expected=0.0, atol=1e-9), "absolute error 1e-09, but the claim needs < 1e-09"),
    (dict(got=1.0 + 2e-16, expected=1.0, rtol=0), "number of different entries 1, but the claim needs 0"),
    (dict(got=2**53 + 1, expected=2**53, rtol=0), "number of different entries 1, but the claim needs 0"),
    (dict(got=[1, 2, 3], expected=[1, 3, 2], rtol=0), "number of different entries 2, but the claim needs 0"),
    (dict(got=1.31, expected=1.0, se=0.1), "distance in standard errors 3.1, but the claim needs < 3"),
    (dict(got=[1.0, 2.0], expected=[1.0, 1.0], se=[9.0, 0.1]), "distance in standard errors 10, but the claim needs < 3"),
    (dict(got=1.21, expected=1.0, se=0.1, within=2), "distance in standard errors 2.1, but the claim needs < 2"),
    (dict(got=[0.5, 1.01], at_most=1.0), "got 0.5 to 1.01, but the claim needs at most 1"),
    (dict(got=[0.28, 7], at_least=0.29), "got 0.28 to 7, but the claim needs at least 0.29"),
    (dict(got=0.6, at_least=0.29, at_most=0.5), "got 0.6 to 0.6, but the claim needs at least 0.29 and at most 0.5"),
    (dict(got=False), "the condition is false"),
    (dict(got=np.False_), "the condition is false"),
    # NaN is close to nothing, not even to NaN; an infinity is no measured value.
    (dict(got=NAN, expected=1.0), "relative error nan, but the claim needs < 1e-12"),
    (dict(got=[1.0, NAN], expected=[1.0, NAN]), "relative error nan, but the claim needs < 1e-12"),
    (dict(got=1.0, expected=NAN), "relative error nan, but the claim needs < 1e-12"),
    (dict(got=NAN, expected=0.0, atol=1.0), "absolute error nan, but the claim needs < 1"),
    (dict(got=NAN, expected=NAN, rtol=0), "number of different entries 1, but the claim needs 0"),
    (dict(got=NAN, expected=0.0, se=1.0), "distance in standard errors nan, but the claim needs < 3"),
    (dict(got=[0.0, NAN], at_most=1.0), "got nan to nan, but the claim needs at most 1"),
    (dict(got=[0.0, NAN], at_least=-1.0), "got nan to nan, but the claim needs at least -1"),
    (dict(got=1.0, expected=2.0, rtol=NAN), "relative error 0.5, but the claim needs < nan"),
    (dict(got=INF, expected=1.0), "relative error inf, but the claim needs < 1e-12"),
    (dict(got=INF, expected=INF), "relative error nan, but the claim needs < 1e-12"),
    (dict(got=INF, expected=INF, atol=1.0), "absolute error nan, but the claim needs < 1"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "reason"), FALSE)
def test_a_false_claim_raises_and_prints_nothing(form, reason, capsys):
    with pytest.raises(AssertionError, match=f"^It is so: {re.escape(reason)}$"):
        claim("It is so", **form)
    assert capsys.readouterr().out == ""


MALFORMED = [
    (dict(got=[1.0, 1.0], expected=[1.0]), "got has shape (2,), but expected has shape (1,)"),
    (dict(got=1.0, expected=[1.0]), "got has shape (), but expected has shape (1,)"),
    (dict(got=np.ones((2, 1)), expected=np.ones((1, 2))), "got has shape (2, 1), but expected has shape (1, 2)"),
    (dict(got=[], expected=[]), "there is nothing to compare, got or expected is empty"),
    (dict(got=[], expected=1.0), "there is nothing to compare, got or expected is empty"),
    (dict(got=[], at_most=1.0), "there is nothing to compare, got or expected is empty"),
    (dict(got=0.0, expected=0.0), "expected is zero, which has no relative error; pass atol or rtol=0"),
    (dict(got=np.array([1j]), expected=[0.0]), "got or expected is complex; compare absolute values, or real and imaginary parts"),
    (dict(got=1 + 1j, at_most=1.0), "got or expected is complex; compare absolute values, or real and imaginary parts"),
    (dict(got=1.0, expected=9.0, se=-1.0), "se is -1.0, but a standard error is positive"),
    (dict(got=1.0, expected=1.0, se=0.0), "se is 0.0, but a standard error is positive"),
    (dict(got=1.0, expected=1.0, se=NAN), "se is nan, but a standard error is positive"),
    (dict(got=1.0, expected=1.0, at_most=2.0), "a claim has either expected or bounds, and this one has both"),
    (dict(got=1.0), "got is 1.0, but a claim without expected or bounds needs one True or False"),
    (dict(got=1), "got is 1, but a claim without expected or bounds needs one True or False"),
    (dict(got=np.array([True])), "got is array([ True]), but a claim without expected or bounds needs one True or False"),
    (dict(got=None), "got is None, but a claim without expected or bounds needs one True or False"),
    (dict(got="yes"), "got is 'yes', but a claim without expected or bounds needs one True or False"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "reason"), MALFORMED)
def test_a_malformed_claim_is_refused(form, reason, capsys):
    with pytest.raises(ValueError, match=f"^It is so: {re.escape(reason)}$"):
        claim("It is so", **form)
    assert capsys.readouterr().out == ""


def test_the_line_does_not_show_the_error(capsys):
    for error in (0.0, 1e-16, 3e-13):
        claim("It is so", 1.0 + error, 1.0)
    assert len(set(capsys.readouterr().out.splitlines())) == 1


# Gradient checks


def quadratic(seed=0):
    """A loss of two arrays with its gradient: Σ A² B."""
    rng = np.random.default_rng(seed)
    A, B = rng.standard_normal((2, 3, 4))
    return lambda point: float((point[0] ** 2 * point[1]).sum()), (A, B), (2 * A * B, A**2)


def test_a_right_gradient_agrees_with_the_difference():
    loss, point, gradient = quadratic()
    measured, predicted = gradient_check(loss, point, gradient, np.random.default_rng(1))
    assert measured == pytest.approx(predicted, rel=1e-9)


@pytest.mark.parametrize("entry", [(0, (0, 0)), (0, (2, 3)), (1, (1, 2))])
def test_one_wrong_entry_shows(entry):
    loss, point, gradient = quadratic()
    array, index = entry
    gradient[array][index] += 0.1
    measured, predicted = gradient_check(loss, point, gradient, np.random.default_rng(1))
    assert abs(measured - predicted) > 1e-4


def test_the_point_keeps_its_type_and_the_gradient_may_hold_more():
    rng = np.random.default_rng(0)
    params, x = rnn.init(2, 3, rng), rng.standard_normal((4, 1, 2))

    def loss(theta):
        assert type(theta) is rnn.Params
        return float(rnn.forward(theta, x).h[-1].sum())

    gradient = rnn.backward(params, rnn.forward(params, x), np.ones((1, 3)))
    measured, predicted = gradient_check(loss, params, gradient, rng)
    assert measured == pytest.approx(predicted, rel=1e-8)


def test_nothing_writes_into_the_point_or_the_gradient():
    loss, point, gradient = quadratic()
    before = [part.copy() for part in (*point, *gradient)]
    for part in (*point, *gradient):
        part.flags.writeable = False
    gradient_check(loss, point, gradient, np.random.default_rng(1))
    assert all((part == copy).all() for part, copy in zip((*point, *gradient), before, strict=True))


def test_a_gradient_check_refuses_a_seed_and_a_gradient_of_another_shape():
    loss, point, gradient = quadratic()
    with pytest.raises(TypeError, match="^rng is of type int, but needs a numpy.random.Generator"):
        gradient_check(loss, point, gradient, 0)
    with pytest.raises(ValueError, match=re.escape("[(3, 4)], but needs those of point, [(3, 4), (3, 4)]")):
        gradient_check(loss, point, gradient[:1], np.random.default_rng(1))
    with pytest.raises(ValueError, match="^gradient has arrays of shapes"):
        gradient_check(loss, point, (gradient[0], gradient[1].sum()), np.random.default_rng(1))


# The power of a claim: what its listeners hear


@pytest.fixture
def heard(monkeypatch):
    records = []
    monkeypatch.setattr(checks, "LISTENERS", [records.append])
    return records


@pytest.mark.parametrize(
    ("arguments", "kind", "used"),
    [
        ({"got": 2, "expected": 2, "rtol": 0}, "exact", None),
        ({"got": 1.0 + 1e-13, "expected": 1.0}, "rounding", 0.1),
        ({"got": 1.05, "expected": 1.0, "rtol": 0.1}, "tolerance", 0.5),
        ({"got": 1.0, "expected": 1.2, "se": 0.1}, "statistical", 2 / 3),
        ({"got": 3.0, "at_most": 4.0}, "bound", 0.75),
        ({"got": [5.0, 8.0], "at_least": 4.0}, "bound", 0.8),
        ({"got": -5.0, "at_most": -2.0}, "bound", 0.4),
        ({"got": 5.0, "at_least": -1.0}, "bound", 0.0),
        ({"got": -5.0, "at_most": 2.0}, "bound", 0.0),
        ({"got": [0.2, 0.9], "at_least": 0.0, "at_most": 1.0}, "bound", 0.9),
        ({"got": 1.0, "at_least": 0.0}, "bound", None),
        ({"got": True}, "condition", None),
    ],
)
def test_a_claim_says_how_much_of_its_bound_it_used(heard, arguments, kind, used):
    claim("A fact", **arguments)
    (record,) = heard
    assert record[::3] == ("A fact", None)
    assert record.kind == kind
    assert record.used == (None if used is None else pytest.approx(used, rel=0.01))


def test_a_bound_that_is_meant_as_negligible_says_why(heard):
    claim("The rest is small", 1e-9, at_most=0.1, negligible="the rest may be anything below a tenth")
    assert heard[0].negligible == "the rest may be anything below a tenth"
    with pytest.raises(ValueError, match="negligible is 'why', but only at_most or at_least can be meant so"):
        claim("One is one", 1.0, 1.0, negligible="why")


def test_a_claim_that_fails_is_not_heard(heard):
    with pytest.raises(AssertionError):
        claim("One is two", 1.0, 2.0)
    assert heard == []


def test_an_error_in_one_array_is_found_in_that_array():
    loss, point, gradient = quadratic()
    gradient[1][1, 2] += 0.1
    names = [f"point[{k}]" for k in range(2)]
    pairs = gradient_check(loss, point, gradient, np.random.default_rng(1), each=True)
    assert list(pairs) == names
    assert pairs[names[0]][0] == pytest.approx(pairs[names[0]][1], rel=1e-8)
    assert abs(pairs[names[1]][0] - pairs[names[1]][1]) > 1e-4


def test_a_gradient_check_takes_dicts_and_lists():
    w = {"a": np.array([1.0, 2.0]), "b": np.array([3.0])}
    loss = lambda p: float(p["a"] @ p["a"] * p["b"][0])
    right = {"b": np.array([5.0]), "a": 6 * w["a"], "more": None}
    measured, predicted = gradient_check(loss, w, right, np.random.default_rng(0))
    assert measured == pytest.approx(predicted, rel=1e-8)
    assert list(gradient_check(loss, w, right, np.random.default_rng(0), each=True)) == ["a", "b"]
    measured, predicted = gradient_check(lambda p: float(p[0] @ p[0]), [w["a"]], [2 * w["a"]], np.random.default_rng(0))
    assert measured == pytest.approx(predicted, rel=1e-8)
    with pytest.raises(ValueError, match=r"^gradient has no b, but needs an array for each of \['a', 'b'\]"):
        gradient_check(loss, w, {"a": w["a"]}, np.random.default_rng(0))


def test_a_gradient_check_refuses_single_precision():
    loss, point, gradient = quadratic()
    single = [part.astype(np.float32) for part in point]
    with pytest.raises(TypeError, match=r"^point\[0\] has dtype float32, but needs float64"):
        gradient_check(loss, single, gradient, np.random.default_rng(1))
    with pytest.raises(TypeError, match=r"^loss\(point\) has dtype float32, but needs float64"):
        gradient_check(lambda p: np.float32(loss(p)), point, gradient, np.random.default_rng(1))


def test_a_gradient_check_refuses_a_loss_that_is_no_function():
    noise, (loss, point, gradient) = np.random.default_rng(0), quadratic()
    with pytest.raises(
        ValueError, match="^two calls of loss with the same point give .* but it needs to be a function"
    ):
        gradient_check(lambda p: loss(p) + noise.random(), point, gradient, np.random.default_rng(1))


def test_a_gradient_check_says_when_it_cannot_see():
    """Thirty steps of gain 0.1: what the loss loses of its first state is below the rounding of the loss."""
    rng = np.random.default_rng(0)
    params, x = rnn.init(2, 3, rng, gain=0.1), rng.standard_normal((30, 1, 2))
    loss = lambda p: float(rnn.forward(params, x, h0=p[0]).h[-1].sum() + 1)
    h0 = rng.standard_normal((1, 3))
    for claimed in (np.zeros((1, 3)), np.full((1, 3), 1e-12)):
        with pytest.raises(FloatingPointError, match="^the slopes are .* but a loss of .* hides slopes below"):
            gradient_check(loss, (h0,), (claimed,), rng)
    measured, predicted = gradient_check(loss, (h0,), (np.ones((1, 3)),), rng)  # a gradient that is wrong is told so
    assert abs(predicted) > 1e6 * abs(measured)


def test_an_error_shows_by_its_share_of_the_whole_slope():
    """As the docstring says: h_T for h_0 in dW_h is seen with two steps, and not at all where early steps have vanished."""

    def difference(T, gain):
        rng = np.random.default_rng(0)
        params, x = rnn.init(2, 3, rng, gain=gain), rng.standard_normal((T, 1, 2))
        trace = rnn.forward(params, x)
        first = rnn.contributions(params, trace, np.ones((1, 3))).b[0]
        W_h = rnn.backward(params, trace, np.ones((1, 3))).W_h + np.outer(first, trace.h[-1])
        pair = gradient_check(lambda p: float(rnn.forward(params._replace(W_h=p[0]), x).h[-1].sum()), (params.W_h,), (W_h,), rng)  # fmt: skip
        return abs(pair[1] / pair[0] - 1)

    assert difference(2, gain=1.5) > 0.01
    assert difference(30, gain=0.3) < 1e-6
