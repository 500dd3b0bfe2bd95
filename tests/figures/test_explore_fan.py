"""The fan is that of the package, and the page computes the same: fan-numerics.mjs against bptt."""

import numpy as np
import pytest
from explorables import node, numbers

from bptt.cells import lstm, rnn
from bptt.figures import explore_fan
from bptt.figures.explore_fan import GAINS, NETWORKS, log_sizes

every_network = pytest.mark.parametrize("network", NETWORKS)


def test_the_gains_are_the_same():
    assert node(["GAINS"])[0] == GAINS.tolist()


@every_network
def test_sizes_are_the_same_while_rounding_errors_are_small(network):
    """Beyond that no two machines agree: at a gain of 6 a rounding error grows by powers of ten in a few steps."""
    found = node(*[("fanSizes", network, seed, gain, 20) for seed in (9, 7) for gain in GAINS[::9]])
    expected = [log_sizes(gain, network, seed, T=20) for seed in (9, 7) for gain in GAINS[::9]]
    np.testing.assert_allclose(numbers(found), expected, rtol=1e-9, atol=1e-9)


@every_network
def test_whole_lines_are_the_same_where_nothing_explodes(network):
    gains = GAINS[:30:6]
    found = node(*[("fanSizes", network, 9, gain, 200) for gain in gains])
    np.testing.assert_allclose(numbers(found), [log_sizes(gain, network) for gain in gains], rtol=1e-9, atol=1e-9)


def test_the_fan_of_the_first_page_has_the_same_fates_on_both_sides():
    here = np.array([log_sizes(gain) for gain in GAINS])
    there = numbers(node(*[("fanSizes", "vanilla", 9, gain, 200) for gain in GAINS]))
    assert explore_fan.fates(here) == explore_fan.fates(there) == (1, 38, 61)


def test_a_line_is_the_gradient_of_the_network():
    draws = explore_fan._drawn(9, 64, 200, 64, 8)
    params, x = rnn.Params(draws[1], 1.5 * draws[0], np.zeros(64)), 0.5 * draws[2].reshape(200, 1, 8)
    grads = rnn.backward(params, rnn.forward(params, x), draws[3][None])
    first = np.log(np.linalg.norm(grads.h0) / np.linalg.norm(draws[3]))
    assert log_sizes(1.5)[0] == pytest.approx(first, rel=1e-9)


def test_a_line_of_an_lstm_is_the_gradient_at_both_states():
    W_h, W_x, x, row = explore_fan._drawn(9, 256, 200, 64, 8)
    params = lstm.Params(W_x, 1.5 * W_h, np.repeat([0.0, 5.0, 0.0, 0.0], 64))
    grads = lstm.backward(params, lstm.forward(params, 0.5 * x.reshape(200, 1, 8)), row[None])
    first = np.log(np.linalg.norm(np.concatenate([grads.h0, grads.c0])) / np.linalg.norm(row))
    assert log_sizes(1.5, "open")[0] == pytest.approx(first, rel=1e-9)


def test_orthogonal_weights_keep_lengths():
    Q = explore_fan._orthogonal(np.random.default_rng(0).standard_normal((64, 64)))
    np.testing.assert_allclose(Q @ Q.T, np.eye(64), atol=1e-13)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: log_sizes(-1.0), "gain is -1.0, but needs"),
        (lambda: log_sizes(1.0, "gru"), "network is 'gru', but needs one of vanilla, "),
        (lambda: log_sizes(1.0, seed=0), "seed is 0, but needs"),
        (lambda: log_sizes(1.0, T=0), "T is 0, but needs"),
    ],
)
def test_a_bad_argument_is_refused(call, complaint):
    with pytest.raises(ValueError, match="^" + complaint):
        call()
