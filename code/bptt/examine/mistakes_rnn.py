"""The vanilla recurrent network with switches: tanh, ReLU or logistic."""

from __future__ import annotations

import numpy as np

from bptt.examine.mistakes_switches import Cell, Tape, before, columns, sigma, total

CELLS = [Cell("RNN", "z", activation=name) for name in ("tanh", "relu", "logistic")]

VALUE = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "logistic": sigma}
SLOPE = {"tanh": lambda h: 1 - h * h, "relu": lambda h: (h > 0) * 1.0, "logistic": lambda h: h * (1 - h)}


def forward(cell, theta, x):
    """Unroll the network from a zero state; arguments and result as those of `mistakes_lstm.forward`."""
    (T, D), H = x.shape, theta.shape[1]
    at = columns(D, H)
    h = np.zeros((T + 1, H))
    b = theta[0, :, at["b"]][0] + theta[0, :, at["b_h"]][0]
    for t in range(T):
        h[t + 1] = VALUE[cell.activation](theta[0][:, at["x"]] @ x[t] + theta[0][:, at["h"]] @ h[t] + b)
    return Tape(x, {"h": h})


def backward(cell, theta, tape, loss, s):
    """Gradients of B backward passes, each with its own mistakes; as `mistakes_lstm.backward`."""
    T, H = loss.shape
    h, W = tape.states["h"], theta[0][:, columns(tape.x.shape[1], H)["h"]]
    carried, steps = np.zeros((s.B, H)), []
    for t in reversed(range(T)):
        dh = s.pick("carry_h", loss[t] + carried, replace=loss[t] if t == T - 1 else carried)
        dz = np.broadcast_to(dh * _slope(cell, s, h, t), (s.B, H))
        steps.insert(0, (dz[:, None], dz[:, None], before(s, h, t), np.zeros((s.B, 1, H))))
        ways = dict(none=0.0, W=dz @ W.T, no_slope=np.broadcast_to(dh, dz.shape) @ W, no_W=dz)
        carried = s.pick("carry_h", dz @ W, **ways)
    return total(s, theta, tape, steps)


def _slope(cell, s, h, t):
    """Slope a'(z_t), or what is found in its place."""
    now, old = h[t + 1], h[t]
    names = {name: slope(now) for name, slope in SLOPE.items() if name != cell.activation}
    again = SLOPE[cell.activation](VALUE[cell.activation](now))
    return s.pick(
        "slope", SLOPE[cell.activation](now), none=1.0, again=again, root=1 - now,
        before=SLOPE[cell.activation](old), last=SLOPE[cell.activation](h[-1]), **names,
    )  # fmt: skip
