"""The routes of an LSTM's gradient on c, for a recorded layer of torch."""

from __future__ import annotations

import numpy as np
import torch

from bptt.cells import lstm
from bptt.chains import routes

WORK = 5e8  # multiplications of one product of all the steps; a larger layer gets fewer steps
ENOUGH = 10  # steps, below which nothing is said


def sizes(track, n=0):
    """Spectral norms of the parts of ∂c_T/∂c_k of one sample, for each kind of route.

    Parameters
    ----------
    track : recorder.Track
        Of an LSTM without a projection.
    n : int
        Which row of the recorded batch.

    Returns
    -------
    (steps, carry, gates, output) or None
        Over the last `steps` steps of the sample; None where there are too few, or the layer is too large for it.
    """
    H = track.states[0][1].shape[1]
    steps = min(sum(n < len(state[0]) for state in track.states) - 1, int(WORK / H**3))
    if steps < min(ENOUGH, len(track.states) - 1):
        return None
    own = [t for t, state in enumerate(track.states) if n < len(state[0])][-steps - 1 :]
    params, trace = _as_numpy(track, n, own)
    carry, gates, output, _ = (np.exp(part[1]) for part in routes.log_norms(params, trace))
    return steps, carry, gates, output


def _as_numpy(track, n, window):
    """Parameters and trace of one sample over a window of steps; the inputs play no part in the routes."""
    array = lambda tensors: torch.stack([tensor.detach() for tensor in tensors]).double().cpu().numpy()
    W_h = array([track.weights.hh])[0]
    params = lstm.Params(np.zeros((len(W_h), 1)), W_h, np.zeros(len(W_h)))
    before = track.states[window[0] - 1] if window[0] else track.start
    states = [before, *(track.states[t] for t in window)]
    h, c = (array([state[k][n] for state in states])[:, None] for k in (0, 1))
    gates = [array([track.gates[t][letter][n] for t in window])[:, None] for letter in "ifgo"]
    return params, lstm.Trace(np.zeros((len(window), 1, 1)), h, c, *gates)
