"""The miniatures are what they say, and the page computes the same: numerics.mjs against bptt, to 1e-9 relative."""

import numpy as np
import pytest
from explorables import SETTINGS, biases, node, numbers, presets, random_setting, small_lstm, two_unit, walks

from bptt.cells import lstm, rnn
from bptt.chains import jacobians, steering
from bptt.figures import explore_numerics
from bptt.growth import matrices, one_unit, spectra
from bptt.referees import torch_cells

RTOL = 1e-9


def settings(name, rng, n=40):
    return presets(name) + [random_setting(name, rng) for _ in range(n)]


@pytest.fixture
def rng():
    return np.random.default_rng(2024)


def same(got, expected, rtol=RTOL):
    np.testing.assert_allclose(numbers(got), expected, rtol=rtol, atol=0)


# The miniatures


def test_the_hill_is_that_of_page_2_3():
    found = explore_numerics.ellipses(matrices.TRANSIENT)
    np.testing.assert_allclose(found.products[9], np.linalg.matrix_power(matrices.TRANSIENT, 9))
    assert np.exp(found.log_norms[9]) == pytest.approx(38.7, abs=0.05)
    assert np.exp([found.log_bound, found.log_radius]) == pytest.approx([10.08, 0.9], abs=0.005)


@pytest.mark.parametrize(
    ("drive", "steered", "state"), [("held", steering.cancelling, 0.999), ("turns", steering.switching, 0.995)]
)
def test_inputs_lead_the_units_as_in_bptt_driven(drive, steered, state):
    params, trace = steered(20, state)
    found = explore_numerics.ellipses(params.W_h, drive=drive, strength=float(np.arctanh(state)), T=20)
    J = jacobians.rnn_steps(params, trace)
    np.testing.assert_allclose(found.products[-1], jacobians.product(J), rtol=1e-9)


@pytest.mark.parametrize("activation", explore_numerics.ACTIVATIONS)
@pytest.mark.parametrize("drive", ["held", "turns"])
def test_a_trace_that_is_led_is_one_of_the_network(activation, drive):
    a, params = explore_numerics.ACTIVATIONS[activation], rnn.Params(np.eye(2), matrices.SWITCHING, np.zeros(2))
    trace = explore_numerics._led(params, a, drive, 2.0, 6)
    for t in range(6):
        step = rnn.forward(params, trace.x[t : t + 1], trace.h[t], activation=a)
        np.testing.assert_allclose(step.h[-1], trace.h[t + 1], atol=1e-14)
        np.testing.assert_allclose(step.slope[0], trace.slope[t], atol=1e-14)


def test_noise_has_variance_one_and_is_not_correlated():
    draws = explore_numerics.noise(1, 40_000)
    assert abs(draws.mean()) < 3 / 200
    assert draws.var() == pytest.approx(1, abs=3 * np.sqrt(0.8 / 40_000))
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 3 / 200


def test_noise_is_the_published_sequence():
    """Park and Miller with the multiplier 48271: the 10,000th number after 1 is 399268537."""
    draws = explore_numerics.noise(1, 10_000)
    assert (draws[-1] / np.sqrt(12) + 0.5) * (2**31 - 1) == pytest.approx(399268537, abs=1e-3)


def test_a_clipped_step_is_never_longer_than_rate_times_norm():
    found = explore_numerics.walk(5.05, -2.62, rate=0.1, max_norm=1.0, steps=60)
    assert np.hypot(np.diff(found.w), np.diff(found.b)).max() <= 0.1
    free = explore_numerics.walk(5.05, -2.62, rate=0.1, steps=60)
    assert np.hypot(np.diff(free.w), np.diff(free.b)).max() > 1
    assert free.loss[0] == one_unit.cliff(5.05, -2.62).loss


def test_a_gate_keeps_powers_of_f_and_gathers_their_sum():
    found, f, i = explore_numerics.gate(2.0, -1.0, T=50), 1 / (1 + np.exp(-2)), 1 / (1 + np.e)
    np.testing.assert_allclose(found.kept, f ** np.arange(51))
    np.testing.assert_allclose(found.filled, i * (1 - f ** np.arange(51)) / (1 - f))


def test_chrono_biases_spread_time_constants_evenly():
    taus = 1 + np.exp(explore_numerics.chrono_biases(100, units=98))
    np.testing.assert_allclose(taus, 2.5 + np.arange(98))


def test_the_gradient_of_the_small_lstm_is_that_of_torch():
    params, x = explore_numerics.small_lstm(gain=3.0, forget_bias=2.0, companion=True)
    whole = explore_numerics.paths(gain=3.0, forget_bias=2.0, companion=True).whole
    trace = lstm.forward(params, x)
    for distance in (1, 10, 55):
        by_torch = np.linalg.norm(torch_cells.cell_derivative(params, trace, k=60 - distance), 2)
        assert np.exp(whole[distance]) == pytest.approx(by_torch, rel=1e-10)


def test_without_recurrent_weights_all_routes_are_the_forget_gates():
    whole, article, forget = explore_numerics.paths(gain=0.0)
    np.testing.assert_allclose(whole, forget)
    np.testing.assert_allclose(article, forget)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: explore_numerics.ellipses(np.eye(3)), "W has shape (3, 3)"),
        (
            lambda: explore_numerics.ellipses(np.eye(2), activation="gelu"),
            "activation is 'gelu', but needs one of tanh, ",
        ),
        (lambda: explore_numerics.ellipses(np.eye(2), drive="wind"), "drive is 'wind', but needs one of noise, "),
        (lambda: explore_numerics.walk(5.0, -2.0, rate=0.0), "rate is 0.0, but needs"),
        (lambda: explore_numerics.gate(1.0, 1.0, T=0), "T is 0, but needs"),
        (lambda: explore_numerics.noise(2**31 - 1, 1), "seed is 2147483647, but needs"),
        (lambda: explore_numerics.chrono_biases(1), "longest is 1, but needs"),
        (lambda: explore_numerics.small_lstm(gain=-1.0), "gain is -1.0, but needs"),
    ],
)
def test_a_bad_argument_is_refused(call, complaint):
    with pytest.raises(ValueError, match="^" + complaint.replace("(", r"\(").replace(")", r"\)")):
        call()


# The page computes the same


def test_noise_is_the_same_bit_by_bit():
    assert node(["noise", 4711, 500])[0] == explore_numerics.noise(4711, 500).tolist()


def test_norms_are_the_same(rng):
    stack = [rng.standard_normal((m, m)) * 10.0 ** rng.integers(-3, 4) for m in (1, 2, 2, 8, 8, 16)]
    stack += [np.outer(*rng.standard_normal((2, 8))), np.zeros((2, 2)), np.eye(8)]
    same(node(*[("norm", A.tolist()) for A in stack]), [np.linalg.norm(A, 2) for A in stack])


def test_the_rates_of_two_units_are_the_same(rng):
    found = [two_unit(s) for s in settings("two-unit", rng)]
    answers = node(*[("twoUnit", theirs, 1) for _, theirs in found])
    W = [ours["W"] for ours, _ in found]
    same([a["sigmaMax"] for a in answers], [spectra.sigma_max(w) for w in W])
    same([a["gamma"] for a in answers], [explore_numerics.ACTIVATIONS[ours["activation"]].gamma for ours, _ in found])
    exact = [w for w in W if not np.array_equal(w, matrices.CANCELLING)]  # LAPACK finds its double zero to 1e-8 only
    same(
        [a["rho"] for a, w in zip(answers, W, strict=True) if not np.array_equal(w, matrices.CANCELLING)],
        [spectra.spectral_radius(w) for w in exact],
    )
    assert [a["rho"] for a, w in zip(answers, W, strict=True) if np.array_equal(w, matrices.CANCELLING)] == [0]


def test_a_triangular_matrix_has_the_radius_and_the_norm_asked_for():
    for rho, sigma in [(0.0, 0.0), (0.0, 3.0), (0.9, 0.9), (0.9, 10.08), (2.5, 4.0)]:
        W = numbers(node(["triangular", rho, sigma])[0])
        assert (spectra.spectral_radius(W), spectra.sigma_max(W)) == pytest.approx((rho, sigma))


def ellipses_agree(settings, T):
    pairs = [two_unit(setting) for setting in settings]
    for (ours, _), answer in zip(pairs, node(*[("twoUnit", theirs, T) for _, theirs in pairs]), strict=True):
        found = explore_numerics.ellipses(ours["W"], ours["activation"], ours["drive"], ours["strength"], T)
        exists = np.isfinite(found.log_norms)
        same(np.exp(numbers(answer["logNorms"]) - np.where(exists, found.log_norms, 0)), exists)
        products = [np.exp(numbers(logarithm)) * numbers(P) for P, logarithm in answer["products"]]
        np.testing.assert_allclose(products, found.products, rtol=RTOL, atol=RTOL * np.exp(found.log_norms.max()))


def test_two_units_are_the_same_at_every_preset():
    ellipses_agree(presets("two-unit"), T=60)


def test_two_units_are_the_same_for_random_settings(rng):
    """Twelve steps: with weights up to 10 some networks are chaotic, and make any rounding error visible in 60."""
    ellipses_agree([random_setting("two-unit", rng) for _ in range(40)], T=12)


def test_walks_are_the_same_at_every_preset():
    pairs = [pair for preset in presets("cliff") for pair in walks(preset)]
    for (ours, _), path in zip(pairs, node(*[("walk", theirs) for _, theirs in pairs]), strict=True):
        same(np.transpose(path), np.array(ours))


def test_every_step_of_random_walks_is_the_same(rng):
    """Step by step from where the page is: at the wall a rounding error grows by powers of ten with every crossing."""
    pairs = [pair for setting in settings("cliff", rng, n=12) for pair in walks(setting)]
    for (_, theirs), path in zip(pairs, map(np.array, node(*[("walk", theirs) for _, theirs in pairs])), strict=True):
        here = one_unit.cliff(path[:, 0], path[:, 1])
        norm = np.hypot(here.dw, here.db)
        np.testing.assert_allclose(path[:, 2], here.loss, rtol=RTOL, atol=1e-12)
        np.testing.assert_allclose(path[:, 3], norm, rtol=1e-8, atol=1e-12)
        factor = theirs["rate"] * np.minimum(1, theirs["maxNorm"] / (norm + 1e-6))
        np.testing.assert_allclose(np.diff(path[:, 0]), (-factor * here.dw)[:-1], rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(np.diff(path[:, 1]), (-factor * here.db)[:-1], rtol=1e-8, atol=1e-12)


def test_the_wall_is_the_same():
    same(node(*[("wall", w) for w in (4.0, 5.05, 7.0)]), one_unit.wall(np.array([4.0, 5.05, 7.0])))


def test_gates_are_the_same(rng):
    every = [(*biases(s), s["lag"]) for s in settings("gate", rng, n=10)]
    kept = node(*[("retention", b_f, lag) for b_f, _, lag in every])
    filled = node(*[("filled", b_f, b_i, lag) for b_f, b_i, lag in every])
    memory = node(*[("memory", b_f) for b_f, _, _ in every])
    found = [explore_numerics.gate(*setting) for setting in every]
    np.testing.assert_allclose(kept, [gate.kept[-1] for gate in found], rtol=RTOL, atol=1e-300)
    same(filled, [gate.filled[-1] for gate in found])
    f = np.array([gate.kept[1] for gate in found])
    same([m["f"] for m in memory], f)
    same(f ** [m["halfLife"] for m in memory], 0.5)
    same(f ** [m["tau"] for m in memory], np.exp(-1))


def test_chrono_biases_are_the_same():
    for longest in (2, 3, 100, 10_000):
        same(node(["chrono", longest])[0], explore_numerics.chrono_biases(longest, units=9))


def test_routes_are_the_same(rng):
    every = settings("paths", rng)
    answers = node(*[("paths", small_lstm(s)[1]) for s in every])
    for setting, answer in zip(every, answers, strict=True):
        found = explore_numerics.paths(*small_lstm(setting)[0])
        for theirs, ours in [("whole", found.whole), ("printed", found.article), ("forget", found.forget)]:
            same(np.exp(numbers(answer[theirs]) - ours), 1)


def test_the_joint_jacobian_is_the_same():
    params, x = explore_numerics.small_lstm(gain=2.0, forget_bias=1.0)
    model = node(["lstm", {"gain": 2.0, "forgetBias": 1.0, "companion": False}])[0]
    same(model["W_h"], params.W_h)
    same(model["W_x"], params.W_x)
    same(model["b"], params.b)
    same(model["x"], x[:, 0])


# Links to a setting


def links(*calls):
    return node(*[("parse", name, fragment) for name, fragment in calls])


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_survives_its_link(name, rng):
    every = settings(name, rng, n=10)
    fragments = node(*[("format", name, setting) for setting in every])
    for setting, read in zip(every, links(*[(name, fragment) for fragment in fragments]), strict=True):
        assert read.keys() == setting.keys()
        for key, value in setting.items():
            assert read[key] == (value if isinstance(value, str | bool) else pytest.approx(value, rel=1e-11, abs=1e-11))


def test_a_default_has_the_shortest_link():
    assert node(*[("format", name, presets(name)[0]) for name in ("two-unit", "cliff", "paths")]) == [
        "#two-unit",
        "#cliff",
        "#paths",
    ]


def test_a_link_to_something_else_is_none():
    assert links(("gate", "#exercises"), ("gate", ""), ("gate", "#gates&lag=1")) == [None, None, None]


@pytest.mark.parametrize(
    ("fragment", "complaint"),
    [
        ("two-unit&W=1,2,3", 'W is "1,2,3", but needs 4 numbers from -10 to 10'),
        ("two-unit&W=1,2,3,nan", 'W is "1,2,3,nan", but needs 4 numbers from -10 to 10'),
        ("two-unit&W=1,2,,4", 'W is "1,2,,4", but needs 4 numbers from -10 to 10'),
        ("two-unit&step=2.5", 'step is "2.5", but needs a whole number from 0 to 60'),
        ("two-unit&step=61", 'step is "61", but needs a whole number from 0 to 60'),
        ("two-unit&drive=wind", 'drive is "wind", but needs one of noise, held, turns'),
        ("two-unit&drive=toString", 'drive is "toString", but needs one of noise, held, turns'),
        ("two-unit&toString=1", 'there is nothing to set by the name of "toString"'),
        ("two-unit&step", 'step is "", but needs a whole number from 0 to 60'),
        ("gate&companion=yes", 'companion is "yes", but needs true or false'),
        ("gate&lag=12.5", 'lag is "12.5", but needs a whole number from 1 to 10000'),
        ("cliff&rate=Infinity", 'rate is "Infinity", but needs a number from 0.01 to 1'),
    ],
)  # fmt: skip
def test_a_bad_link_is_answered_in_a_sentence(fragment, complaint):
    assert links((fragment.split("&")[0], "#" + fragment)) == [{"error": complaint}]


@pytest.mark.parametrize("name", SETTINGS)
def test_presets_are_within_reach_of_the_controls(name):
    fragments = node(*[("format", name, preset) for preset in presets(name)])
    assert links(*[(name, fragment) for fragment in fragments]) == presets(name)
    for key, field in SETTINGS[name]["fields"].items():
        for preset in presets(name):
            if field["kind"] == "stops":
                assert preset[key] in field["values"]
            elif "step" in field:
                steps = (np.array(preset[key]) - field["min"]) / field["step"]
                np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)
