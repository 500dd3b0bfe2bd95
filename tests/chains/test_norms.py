"""LSTMs with layer norms: Jacobians against torch, and without norms against the package's own LSTM."""

import itertools

import numpy as np
import pytest
import torch
from problems import agree

from bptt.cells import lstm
from bptt.chains import norms
from bptt.referees import torch_layers
from bptt.referees.torch_cells import tensor

RNG = np.random.default_rng(0)
PARAMS, X = lstm.init(3, 4, RNG, gain=2.0), RNG.standard_normal((6, 3))
PLACES = [places for k in range(4) for places in itertools.combinations(norms.PLACES, k)]


@pytest.mark.parametrize("places", PLACES)
def test_every_step_and_its_jacobian_are_those_of_torch(places):
    run = norms.run(PARAMS, X, places)
    for t, x in enumerate(X):
        before, after = (np.concatenate([run.h[k], run.c[k]]) for k in (t, t + 1))

        def step(state, x=x):
            return torch_layers.normalised_lstm_step(PARAMS, tensor(x), state, places)

        agree(after, step(tensor(before)).numpy())
        agree(run.J[t], torch.autograd.functional.jacobian(step, tensor(before)).numpy(), rtol=1e-9)


def test_without_norms_it_is_the_lstm():
    run, trace = norms.run(PARAMS, X), lstm.forward(PARAMS, X[:, None])
    agree((run.h, run.c, run.f, run.J), (trace.h[:, 0], trace.c[:, 0], trace.f[:, 0], lstm.steps(PARAMS, trace)))


def test_another_place_is_refused():
    with pytest.raises(ValueError, match="^places is 'cell', but needs one of "):
        norms.run(PARAMS, X, ("cell",))
