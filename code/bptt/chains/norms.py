"""An LSTM with layer norms in three places, and the Jacobians of its state (h, c).

Without norms this is the LSTM of `bptt.cells.lstm`; each of these replaces one line of it::

    gates      z = LN(h_{t-1} W_hᵀ) + LN(x_t W_xᵀ) + b
    carry      c_t = LN(f ⊙ c_{t-1} + i ⊙ g)
    readout    h_t = o ⊙ tanh(LN(c_t))

Gates and readout are those of Ba, Kiros and Hinton (2016).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import choice, fields, float_array
from bptt.cells import lstm
from bptt.cells.normalise import jacobian, layer_norm

PLACES = ("gates", "carry", "readout")


class Run(NamedTuple):
    """States ``h`` and ``c`` (T+1, H) of one sequence, forget gates ``f`` (T, H), and ``J`` (T, 2H, 2H), h first."""

    h: np.ndarray
    c: np.ndarray
    f: np.ndarray
    J: np.ndarray


def run(params, x, places=()):
    """Let an LSTM with layer norms read one sequence, from states of zero.

    Parameters
    ----------
    params : lstm.Params
    x : (T, D) array
    places : collection of str
        Any of `PLACES`.

    Returns
    -------
    Run

    Notes
    -----
    Page Normalise. The norms have the gain 1 and the shift 0.

    Examples
    --------
    >>> params = lstm.Params(W_x=np.zeros((8, 1)), W_h=np.zeros((8, 2)), b=np.zeros(8))
    >>> run(params, np.zeros((1, 1))).J[0].round(2)
    array([[0.  , 0.  , 0.25, 0.  ],
           [0.  , 0.  , 0.  , 0.25],
           [0.  , 0.  , 0.5 , 0.  ],
           [0.  , 0.  , 0.  , 0.5 ]])
    """
    for place in places:
        choice("places", place, PLACES)
    sizes = fields("params", params, lstm.Params, lstm.PARAMS_AXES)
    float_array("x", x, "T D", sizes)
    state = [np.zeros(sizes["H"][0])] * 2
    states, gates, J = [state], [], []
    for x_t in x:
        state, f, J_t = step(params, x_t, *state, places)
        states.append(state)
        gates.append(f)
        J.append(J_t)
    h, c = np.stack(states, axis=1)
    return Run(h, c, np.stack(gates), np.stack(J))


def step(params, x, h, c, places):
    """One step with its Jacobian: the new states (h, c), the forget gate, and (2H, 2H)."""
    z, dz = _part(params.W_h @ h, "gates" in places)
    z = z + _part(params.W_x @ x, "gates" in places)[0] + params.b
    z_i, z_f, z_g, z_o = np.split(z, 4)
    i, f, g, o = lstm.sigma(z_i), lstm.sigma(z_f), np.tanh(z_g), lstm.sigma(z_o)
    c_new, dc = _part(f * c + i * g, "carry" in places)
    shown, dshown = _part(c_new, "readout" in places)
    c_i, c_f, c_g, h_o, h_c = lstm.slopes(i, f, g, o, c, shown)
    A_i, A_f, A_g, A_o = np.split(dz @ params.W_h, 4)
    of_c = dc @ np.hstack([c_i[:, None] * A_i + c_f[:, None] * A_f + c_g[:, None] * A_g, np.diag(f)])
    of_h = h_c[:, None] * (dshown @ of_c) + np.hstack([h_o[:, None] * A_o, np.zeros_like(A_o)])
    return (o * np.tanh(shown), c_new), f, np.vstack([of_h, of_c])


def _part(v, normal):
    """A vector, normalised or not, and the Jacobian of that."""
    return (layer_norm(v), jacobian(v)) if normal else (v, np.eye(len(v)))
