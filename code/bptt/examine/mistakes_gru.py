"""The GRU with switches: reset before or after the product, and u or 1 - u as the factor of the state before."""

from __future__ import annotations

import numpy as np

from bptt.examine.mistakes_switches import Cell, Tape, before, columns, sigma, total

CELLS = [Cell("GRU", "rug", reset=reset, keep=keep) for reset in ("after", "before") for keep in ("u", "1-u")]


def forward(cell, theta, x):
    """Unroll the cell from a zero state; arguments and result as those of `mistakes_lstm.forward`.

    The state ``s`` is what the candidate adds to its drive from h_{t-1}: W_hg h_{t-1} + b_h before the reset gate acts
    on it where that acts after the product, and W_hg (r ⊙ h_{t-1}) + b_h where it acts before.
    """
    (T, D), H = x.shape, theta.shape[1]
    at = columns(D, H)
    W_x, b, W_h, b_h = (theta[..., at[part]] for part in ("x", "b", "h", "b_h"))
    h = np.zeros((T + 1, H))
    r, u, g, s = states = np.zeros((4, T, H))
    for t in range(T):
        drive, back = W_x @ x[t] + b[..., 0], W_h @ h[t] + b_h[..., 0]
        r[t], u[t] = sigma(drive[0] + back[0]), sigma(drive[1] + back[1])
        s[t] = back[2] if cell.reset == "after" else W_h[2] @ (r[t] * h[t]) + b_h[2, :, 0]
        g[t] = np.tanh(drive[2] + (r[t] * s[t] if cell.reset == "after" else s[t]))
        keep = u[t] if cell.keep == "u" else 1 - u[t]
        h[t + 1] = keep * h[t] + (1 - keep) * g[t]
    return Tape(x, {"h": h, **dict(zip("rugs", states, strict=True))})


def backward(cell, theta, tape, loss, s):
    """Gradients of B backward passes, each with its own mistakes; as `mistakes_lstm.backward`."""
    T, H = loss.shape
    h, W = tape.states["h"], theta[..., columns(tape.x.shape[1], H)["h"]]
    carried, steps = np.zeros((s.B, H)), []
    for t in reversed(range(T)):
        dh = s.pick("carry_h", loss[t] + carried, replace=loss[t] if t == T - 1 else carried)
        dz, through_g = _step(cell, W, tape, t, dh, s)
        steps.insert(0, (dz, *_recurrent(cell, tape, t, dz, s), np.zeros_like(dz)))
        carried = _carried(cell, W, tape, t, dh, dz, through_g, s)
    return total(s, theta, tape, steps)


def _gates(tape, t, s):
    return (s.pick("gates", tape.states[k][t], stale=tape.states[k][-1]) for k in "rugs")


def _step(cell, W, tape, t, dh, s):
    """One step back: the deltas of r, u, g (B, 3, H), and what the candidate sends to its product with h (B, H)."""
    r, u, g, inner = _gates(tape, t, s)
    old, sign = tape.states["h"][t], 1 if cell.keep == "u" else -1
    keep = u if cell.keep == "u" else 1 - u
    partner = s.pick("partner_u", old - g, swapped=g - old, only_h=old + 0 * g, only_g=-g)
    du = dh * sign * partner * s.slope("slope_u", u)
    dg = dh * s.pick("partner_g", 1 - keep, other=keep, none=1.0) * s.slope_of_tanh("slope_g", g)
    dg = np.broadcast_to(dg, (s.B, len(old)))
    if cell.reset == "after":
        back = dg
        into_r = dg * s.pick("partner_r", inner, h=old, product=r * inner)
    else:
        back = s.pick("W_back", dg @ W[2], W=dg @ W[2].T)
        into_r = s.pick("partner_r", back * old, no_W=dg * old, product=back * r * old, h_t=back * tape.states["h"][t + 1])
    dr = into_r * s.slope("slope_r", r)
    return np.stack([np.broadcast_to(d, dg.shape) for d in (dr, du, dg)], axis=1), back


def _recurrent(cell, tape, t, dz, s):
    """Deltas of the three products with h_{t-1}, and what these products see: (B, 3, H) each."""
    (r, *_), h = _gates(tape, t, s), before(s, tape.states["h"], t)
    ones = np.ones_like(r)
    if cell.reset == "after":
        scale = s.pick("W_hg", r, no_r=ones)
        return dz * np.stack(np.broadcast_arrays(ones + 0 * scale, ones + 0 * scale, scale), axis=-2), h
    seen = np.broadcast_to(s.pick("W_hg", r, no_r=ones), (s.B, h.shape[-1]))[:, None] * h
    return dz, np.concatenate([h, h, seen], axis=1)


def _carried(cell, W, tape, t, dh, dz, back, s):
    """∂E/∂h_{t-1}: past the gates, and through each of them."""
    r, u, _, _ = _gates(tape, t, s)
    keep = u if cell.keep == "u" else 1 - u
    straight = dh * s.pick("straight", keep, none=0.0, other=1 - keep, one=1.0)
    reset = s.pick("reset_back", r, none=1.0)
    across = s.pick("W_back", np.zeros((1, 1)), W=1.0)  # W_h in place of its transpose
    turned = [np.where(across > 0, d @ w.T, d @ w) for d, w in zip((dz[:, 0], dz[:, 1]), W, strict=False)]
    if cell.reset == "after":
        inner = back * reset
        through_g = np.where(across > 0, inner @ W[2].T, inner @ W[2])
    else:
        through_g = back * reset
    ways = dict(zip("rug", (*turned, through_g), strict=True))
    whole = straight + sum(ways.values())
    return s.pick("carry_h", whole, none=0.0, **{f"no_{k}": whole - way for k, way in ways.items()})
