"""Growth rates side by side, against a norm taken the long way and against what must hold at a gain of zero."""

import re

import numpy as np
import pytest
from problems import agree

from bptt.cells import gru
from bptt.chains import jacobians, rates


@pytest.mark.parametrize("cell", rates.CHAINS)
def test_the_rate_is_the_slope_of_the_log_norm(cell):
    T, H = 600, 4
    rng = np.random.default_rng(0)
    x = rng.standard_normal((T, 1, 4))
    J = rates.CHAINS[cell](1.5, 1.0, x, H, rng)[T // 4 :]
    slope = jacobians.log_norms(J)[0] / len(J)
    assert rates.by_gain(cell, 1.5, H=H, T=T, seeds=1)[0] == pytest.approx(slope, abs=0.01)


def test_without_recurrent_weights_a_gru_keeps_what_its_best_gate_keeps():
    T, H, D = 3000, 3, 2
    rng = np.random.default_rng(0)
    x = rng.standard_normal((T, 1, D))
    params = gru.init(D, H, rng, 0.0)
    params.b_x[H : 2 * H] = 2.0
    u = gru.forward(params, x).u[T // 4 :, 0]
    rate = rates.by_gain("gru", 0.0, keep=2.0, H=H, D=D, T=T, seeds=1)[0]
    assert rate == pytest.approx(np.log(u).mean(axis=0).max(), abs=1e-3)  # one direction needs a while to align


def test_a_larger_bias_keeps_more_but_for_the_rnn():
    for cell in ("lstm", "gru"):
        assert (rates.by_gain(cell, 1.0, keep=3.0) > rates.by_gain(cell, 1.0, keep=0.0)).all()
    agree(rates.by_gain("rnn", 1.0, keep=3.0), rates.by_gain("rnn", 1.0, keep=0.0), rtol=0)


REFUSED = [
    (dict(cell="elman"), ValueError, "cell is 'elman', but needs one of "),
    (dict(gain=-1.0), ValueError, "gain is -1.0, but needs a finite number of at least 0"),
    (dict(seeds=0), ValueError, "seeds is 0, but needs a whole number of at least 1"),
]


@pytest.mark.parametrize(("changes", "kind", "sentence"), REFUSED)
def test_by_gain_refuses_in_one_sentence(changes, kind, sentence):
    with pytest.raises(kind, match=f"^{re.escape(sentence)}"):
        rates.by_gain(**(dict(cell="rnn", gain=1.0) | changes))
