"""The GRU with switches: reset before or after the product, and u or 1 - u as the factor of the state before."""

from __future__ import annotations

import numpy as np

from bptt.examine.mistakes_switches import Cell, Tape, before, columns, sigma, total

CELLS = [Cell("GRU", "rug", reset=reset, keep=keep) for reset in ("after", "before") for keep in ("u", "1-u")]


def forward(cell, theta, x):
    """Unroll the cell from a zero state; arguments and result as those of `mistakes_lstm.forward`.

    The state ``s`` is W_hg h_{t-1} + b_h, on which a reset gate after the product acts.
    """
    (T, D), H = x.shape, theta.shape[1]
    at = columns(D, H)
    W_x, b, W_h, b_h = (theta[..., at[part]] for part in ("x", "b", "h", "b_h"))
    h = np.zeros((T + 1, H))
    r, u, g, s = states = np.zeros((4, T, H))
    for t in range(T):
        drive, back = W_x @ x[t] + b[..., 0], W_h @ h[t] + b_h[..., 0]
        r[t], u[t] = sigma(drive[0] + back[0]), sigma(drive[1] + back[1])
        s[t] = back[2]
        inner = r[t] * s[t] if cell.reset == "after" else W_h[2] @ (r[t] * h[t]) + b_h[2, :, 0]
        g[t] = np.tanh(drive[2] + inner)
        keep = u[t] if cell.keep == "u" else 1 - u[t]
        h[t + 1] = keep * h[t] + (1 - keep) * g[t]
    return Tape(x, {"h": h, **dict(zip("rugs", states, strict=True))})


def backward(cell, theta, tape, loss, s):
    """Gradients of B backward passes, each with its own mistakes; as `mistakes_lstm.backward`."""
    T, H = loss.shape
    W = theta[..., columns(tape.x.shape[1], H)["h"]]
    carried, steps = np.zeros((s.B, H)), []
    for t in reversed(range(T)):
        dh = s.pick("carry_h", loss[t] + carried, replace=loss[t] if t == T - 1 else carried)
        dz, dg = _step(cell, W, tape, t, dh, s)
        steps.insert(0, (dz, *_recurrent(cell, tape, t, dz, s), np.zeros_like(dz)))
        carried = _carried(cell, W, tape, t, dh, dz, dg, s)
    return total(s, theta, tape, steps)


def _gates(tape, t, s):
    return (s.pick("gates", tape.states[k][t], stale=tape.states[k][-1]) for k in "rugs")


def _step(cell, W, tape, t, dh, s):
    """One step back: the deltas of r, u, g (B, 3, H), and that of g by itself (B, H)."""
    r, u, g, inner = _gates(tape, t, s)
    old, sign = tape.states["h"][t], 1 if cell.keep == "u" else -1
    keep = u if cell.keep == "u" else 1 - u
    partner = s.pick("partner_u", old - g, swapped=g - old, only_h=old + 0 * g, only_g=-g)
    du = dh * sign * partner * s.slope("slope_u", u)
    dg = dh * s.pick("partner_g", 1 - keep, other=keep, none=1.0) * s.slope_of_tanh("slope_g", g)
    dg = np.broadcast_to(dg, (s.B, len(old)))
    from_product = s.pick("W_back", dg @ W[2], W=dg @ W[2].T)
    after = s.pick("partner_r", dg * inner, h=dg * old, product=dg * r * inner)
    left_out = dict(no_W=dg * old, product=from_product * r * old, h_t=from_product * tape.states["h"][t + 1])
    before_product = s.pick("partner_r", from_product * old, **left_out)
    dr = _reset(cell, s, after, before_product) * s.slope("slope_r", r)
    return np.stack([np.broadcast_to(d, dg.shape) for d in (dr, du, dg)], axis=1), dg


def _reset(cell, s, after, before_product):
    """What holds for this place of the reset gate, or, as a mistake, for the other one."""
    own, other = (after, before_product) if cell.reset == "after" else (before_product, after)
    return s.pick("reset", own, other=other)


def _recurrent(cell, tape, t, dz, s):
    """Deltas of the three products with h_{t-1}, and what these products see: (B, 3, H) each."""
    (r, *_), h = _gates(tape, t, s), np.broadcast_to(before(s, tape.states["h"], t), dz.shape)
    reset = s.pick("W_hg", r, no_r=np.ones_like(r))
    into, seen = dz[:, 2], h[:, 2]
    delta = _reset(cell, s, into * reset, into)
    seen = _reset(cell, s, seen, seen * reset)
    return np.stack([dz[:, 0], dz[:, 1], delta], axis=1), np.stack([h[:, 0], h[:, 1], seen], axis=1)


def _carried(cell, W, tape, t, dh, dz, dg, s):
    """∂E/∂h_{t-1}: past the gates, and through each of them."""
    r, u, _, _ = _gates(tape, t, s)
    keep = u if cell.keep == "u" else 1 - u
    straight = dh * s.pick("straight", keep, none=0.0, other=1 - keep, one=1.0)
    reset = s.pick("reset_back", r, none=1.0)
    back = lambda d, w: s.pick("W_back", d @ w, W=d @ w.T)
    through_g = _reset(cell, s, back(dg * reset, W[2]), back(dg, W[2]) * reset)
    ways = {"r": back(dz[:, 0], W[0]), "u": back(dz[:, 1], W[1]), "g": through_g}
    whole = straight + sum(ways.values())
    return s.pick("carry_h", whole, none=0.0, **{f"no_{k}": whole - way for k, way in ways.items()})
