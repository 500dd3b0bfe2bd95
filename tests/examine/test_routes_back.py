"""The routes of a recorded LSTM, against those of the same network in the package."""

import numpy as np
import pytest
import torch

from bptt.cells import lstm
from bptt.chains import routes
from bptt.examine import routes_back
from bptt.examine.diagnose import watch
from bptt.referees import torch_cells


def recorded(T, H=5, N=3, **options):
    params = lstm.init(4, H, np.random.default_rng(0), gain=1.5)
    x = np.random.default_rng(1).standard_normal((T, N, 4))
    layer = torch_cells.torch_lstm(params)
    _, (track,) = watch(layer, lambda: layer(torch.tensor(x))[0].sum())
    return params, lstm.forward(params, x), track


def test_sizes_are_those_of_the_course():
    params, trace, track = recorded(T=15)
    for n in range(3):
        steps, *sizes = routes_back.sizes(track, n)
        expected = routes.log_norms(params, trace, n)
        assert steps == 14  # from c_1 to c_15
        np.testing.assert_allclose(np.log(sizes), [part[1] for part in expected[:3]], rtol=1e-10)


def test_a_large_layer_gets_fewer_steps_or_none(monkeypatch):
    *_, track = recorded(T=30)
    monkeypatch.setattr(routes_back, "WORK", 12 * 5**3)
    assert routes_back.sizes(track)[0] == 12
    monkeypatch.setattr(routes_back, "WORK", 9 * 5**3)
    assert routes_back.sizes(track) is None


@pytest.mark.parametrize("T", [3, 4])
def test_a_short_sequence_is_looked_at_whole(T):
    assert routes_back.sizes(recorded(T=T)[-1])[0] == T - 1
