"""The LSTM with switches: plain, with h = o ⊙ c, with peepholes, with i = 1 - f."""

from __future__ import annotations

import numpy as np

from bptt.examine.mistakes_switches import Cell, Tape, before, columns, sigma, total

CELLS = [
    Cell("LSTM", "ifgo", exit=exit, forget_bias=bias, peephole=peephole)
    for peephole in (False, True)
    for exit in ("tanh", "none")
    for bias in (0.0, 1.0)
] + [Cell("LSTM", "fgo", coupled=True), Cell("LSTM", "fgo", coupled=True, forget_bias=1.0)]


def forward(cell, theta, x):
    """Unroll the cell from zero states.

    Parameters
    ----------
    cell : Cell
    theta : (G, H, D+H+3) array
    x : (T, D) array

    Returns
    -------
    Tape
        States ``h`` and ``c`` (T+1, H); gates ``i``, ``f``, ``g``, ``o`` (T, H).
    """
    (T, D), H = x.shape, theta.shape[1]
    p = theta[..., -1]
    h, c = np.zeros((2, T + 1, H))
    i, f, g, o = gates = np.zeros((4, T, H))
    drive = np.moveaxis(theta[..., : D + 1] @ np.hstack([x, np.ones((T, 1))]).T, 2, 0) + theta[..., D + 1 + H]
    for t in range(T):
        z = dict(zip(cell.gates, drive[t] + theta[..., columns(D, H)["h"]] @ h[t], strict=True))
        own = dict(zip(cell.gates, p, strict=True))
        f[t] = sigma(z["f"] + cell.forget_bias + own["f"] * c[t])
        i[t] = 1 - f[t] if cell.coupled else sigma(z["i"] + own["i"] * c[t])
        g[t] = np.tanh(z["g"])
        c[t + 1] = f[t] * c[t] + i[t] * g[t]
        o[t] = sigma(z["o"] + own["o"] * c[t + 1])
        h[t + 1] = o[t] * _exit(cell, c[t + 1])
    return Tape(x, {"h": h, "c": c, **dict(zip("ifgo", gates, strict=True))})


def _exit(cell, c):
    return np.tanh(c) if cell.exit == "tanh" else c


def backward(cell, theta, tape, loss, s):
    """Gradients of B backward passes, each with its own mistakes.

    Parameters
    ----------
    cell : Cell
    theta : (G, H, D+H+3) array
    tape : Tape
    loss : (T, H) array
        ∂E_t/∂h_t.
    s : Switches

    Returns
    -------
    Gradient
    """
    T, H = loss.shape
    W = theta[..., columns(tape.x.shape[1], H)["h"]]
    dh, dc, steps = np.zeros((s.B, H)), np.zeros((s.B, H)), []
    for t in reversed(range(T)):
        dz, own, into_c = _step(cell, theta, tape, t, loss, dh, dc, s)
        c = tape.states["c"]
        into_p = np.zeros((s.B, len(cell.gates), H))
        if cell.peephole:
            old = s.pick("peephole", c[t], c_t=c[t + 1])
            into_p = dz * np.stack(np.broadcast_arrays(old, old, np.zeros((s.B, H)), c[t + 1]), axis=1)
        steps.insert(0, (dz, dz, before(s, tape.states["h"], t), into_p))
        dh = _carried_h(cell, W, dz, s)
        dc = _carried_c(cell, theta, tape, t, dz, (own, dc, into_c), s)
    return total(s, theta, tape, steps)


def _step(cell, theta, tape, t, loss, dh_next, dc_next, s):
    """One step back: the deltas (B, G, H); what c_t gets from h_t, and ∂E/∂c_t, (B, H) each."""
    last, c, h = t == len(loss) - 1, tape.states["c"], tape.states["h"]
    i, f, g, o = (s.pick("gates", tape.states[k][t], stale=tape.states[k][-1]) for k in "ifgo")
    dh = s.pick("carry_h", loss[t] + dh_next, replace=loss[t] if last else dh_next)
    do = s.pick("source_o", dh, carried=dh_next) * _partner_o(cell, c, h, t, s) * s.slope("slope_o", o)
    own = (
        s.pick("source_c", dh, carried=dh_next)
        * s.pick("read_out", o, no_o=1.0)
        * _slope_c(cell, c[t + 1], h[t + 1], s)
    )
    if cell.peephole:
        own = own + do * s.pick("through_p_o", theta[3, :, -1], none=0.0)
    dc = s.pick("carry_c", own + dc_next, only=own if last else dc_next)
    di = dc * s.pick("partner_i", g, i=i, c=c[t]) * s.slope("slope_i", i)
    df = (
        dc
        * s.pick("partner_f", c[t] - g if cell.coupled else c[t], c_t=c[t + 1], f=f, alone=c[t])
        * s.slope("slope_f", f)
    )
    dg = dc * s.pick("partner_g", i, g=g, none=1.0) * s.slope_of_tanh("slope_g", g)
    by_gate = dict(zip("ifgo", (di, df, dg, do), strict=True))
    return np.stack([np.broadcast_to(by_gate[k], dh.shape) for k in cell.gates], axis=1), own, dc


def _partner_o(cell, c, h, t, s):
    """∂h_t/∂o_t, or what is found in its place."""
    now, old = c[t + 1], c[t]
    return s.pick("partner_o", _exit(cell, now), c=now, tanh=np.tanh(now), c_prev=_exit(cell, old), h=h[t + 1], o=1.0)


def _slope_c(cell, c, h, s):
    """Slope of the exit at c_t, or what is found in its place."""
    th = np.tanh(c)
    right = 1 - th**2 if cell.exit == "tanh" else np.ones_like(c)
    return s.pick(
        "slope_c", right, none=1.0, h=1 - h**2, tanh2=1 - np.tanh(th) ** 2, raw=1 - c**2, root=1 - th, tanh=1 - th**2
    )


def _carried_h(cell, W, dz, s):
    """∂E/∂h_{t-1}, as far as it comes through the gates."""
    ways = {k: dz[:, n] @ W[n] for n, k in enumerate(cell.gates)}
    whole = sum(ways.values())
    left_out = {f"no_{k}": whole - way for k, way in ways.items()}
    across = sum(dz[:, n] @ W[n].T for n in range(len(W)))
    return s.pick("carry_h", whole, none=0.0, W=across, **left_out)


def _carried_c(cell, theta, tape, t, dz, parts, s):
    """∂E/∂c_{t-1}, as far as it comes through c_t and the peepholes."""
    own, dc_next, dc = parts
    f, slope = tape.states["f"], _slope_c(cell, tape.states["c"][t + 1], tape.states["h"][t + 1], s)
    forget = s.pick("gates", f[t], stale=f[-1])
    wrong = dict(
        none=0.0, no_f=dc, shift=dc * (f[t - 1] if t else 0.0), i=dc * tape.states["i"][t], twice=dc * forget**2
    )
    shares = dict(no_own=dc_next * forget, own=own * forget, no_dh=(dc_next + tape.states["o"][t] * slope) * forget)
    carried = s.pick("carry_c", dc * forget, **wrong, **shares)
    if cell.peephole:
        ways = dz[:, 0] * theta[0, :, -1] + dz[:, 1] * theta[1, :, -1]
        carried = carried + s.pick("through_p", ways, none=0.0)
    return carried
