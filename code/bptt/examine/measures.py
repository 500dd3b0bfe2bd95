"""What a recorded run says in numbers: what arrives at a state, what a step does to a vector, and where no way leads.

All arrays have a row for every step, in the order in which the layer read them, and a column for every sample of the
user's batch; NaN where a sample has no such step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch


class Measures(NamedTuple):
    """Of one track.

    ``flow[wire]`` (T, N) is ‖∂E_n/∂s_t‖ for the wire "h" or "c". ``linked[wire]`` (T,) says whether automatic
    differentiation knows a way from the state of step t to that wire of the step before; no way and a factor of 0 are
    two things. ``growth`` (T, N): the logarithm of the factor by which a vector grows when it is sent back from the
    state of step t to that of the step before, in nats.
    """

    flow: dict
    linked: dict
    growth: np.ndarray


def flows(E, tracks):
    """The gradients of a loss with respect to every state of every track: ``[track][wire][t]``, None without a way.

    Parameters
    ----------
    E : tensor
        One number.
    tracks : list of Track

    Returns
    -------
    list of dict
    """
    states = [[list(wire) for wire in zip(*track.states, strict=True)] for track in tracks]
    flat = [s for wires in states for wire in wires for s in wire if s.requires_grad]
    grads = torch.autograd.grad(E, flat, allow_unused=True, retain_graph=True) if flat else ()
    found = {id(s): ds for s, ds in zip(flat, grads, strict=True)}
    return [
        {name: [found.get(id(s)) for s in wire] for name, wire in zip("hc", wires, strict=False)} for wires in states
    ]


def measure(track, grads, transported=True):
    """Put numbers on one track.

    Parameters
    ----------
    track : Track
    grads : dict
        Of `flows`.
    transported : bool
        Whether to send vectors back, too, which takes most of the time.

    Returns
    -------
    Measures
    """
    flow = {wire: table(_zeros_for_none(track, wire, part), track) for wire, part in grads.items()}
    if not transported:
        T, N = flow["h"].shape
        return Measures(flow, {wire: np.ones(T, bool) for wire in flow}, np.full((T, N), np.nan))
    return Measures(flow, *transport(track))


def _zeros_for_none(track, wire, grads):
    """Gradients of all states on one wire."""
    states = [state["hc".index(wire)] for state in track.states]
    return [torch.zeros_like(s) if ds is None else ds for s, ds in zip(states, grads, strict=True)]


def rows(s):
    """A state as a matrix, one row a sample."""
    return s.reshape(1, -1) if s.ndim < 2 else s.flatten(start_dim=1)


def table(steps, track):
    """Norms of the rows, step by step, as an array (T, N) in the order of the user's batch."""
    if len({s.shape for s in steps}) == 1 and steps[0].ndim > 1:
        return spread(torch.stack(steps).flatten(start_dim=2).double().norm(dim=2), track)
    return spread([rows(s).double().norm(dim=1) for s in steps], track)


def spread(steps, track):
    """Vectors of numbers, one for each sample that takes part, as an array (T, N) in the order of the user's batch."""
    full = steps
    if isinstance(steps, list):
        full = torch.nn.utils.rnn.pad_sequence([s.detach() for s in steps], batch_first=True, padding_value=np.nan)
        lacking = max(len(rows(state[0])) for state in track.states) - full.shape[1]
        full = torch.nn.functional.pad(full, (0, lacking), value=np.nan)
    full = full if track.order is None else full[:, track.order]
    return full.double().cpu().numpy()


def transport(track):
    """Send a vector back through every step, and make it a unit vector again before the next: links, and growth."""
    links = {wire: np.zeros(len(track.states), bool) for wire in "hc"[: len(track.states[0])]}
    growth = [None] * len(track.states)
    fresh = _unit_vectors(max((state for state in track.states), key=lambda state: len(rows(state[0]))))
    v = _first(fresh, track.states[-1])
    for t in reversed(range(1, len(track.states))):
        back = _back(track.states[t], track.states[t - 1], v)
        for wire, part in zip(links, back, strict=True):
            links[wire][t] = part is not None
        v, growth[t] = _renewed(back, track.states[t - 1], track.states[t], fresh)
    growth[0] = torch.full((len(rows(track.states[0][0])),), np.nan, dtype=torch.float64, device=v[0].device)
    return links, spread(growth, track)


def _unit_vectors(state):
    """One random direction for each sample, the same ones in every run."""
    generator = torch.Generator().manual_seed(0)
    v = [torch.randn(s.shape, generator=generator, dtype=torch.float64).to(s.device) for s in state]
    return [part / _norm(v).view(-1, *[1] * (part.ndim - 1)) for part in v]


def _norm(parts):
    """Norm of h and c together, for every sample."""
    return torch.cat([rows(part).double() for part in parts], dim=1).norm(dim=1)


def _first(v, state):
    """As many directions as the state has rows."""
    return [part[: len(s)].to(s.dtype) if s.ndim > 1 else part.to(s.dtype) for part, s in zip(v, state, strict=True)]


def _back(after, before, v):
    """The vector after a step, sent to the state before it; None for a wire that has no way."""
    out = [(s, part) for s, part in zip(after, v, strict=True) if s.requires_grad]
    into = [s for s in before if s.requires_grad]
    if not out or not into:
        return [None] * len(before)
    after, v = zip(*out, strict=True)
    grads = torch.autograd.grad(after, into, v, allow_unused=True, retain_graph=True)
    found = {id(s): ds for s, ds in zip(into, grads, strict=True)}
    return [found.get(id(s)) for s in before]


def _renewed(back, before, after, fresh):
    """Unit vectors for the next step back, and by what the last one has grown; where it is lost, a fresh one."""
    fresh = _first(fresh, before)
    if all(part is None for part in back):
        return fresh, torch.full_like(_norm(before), np.nan)
    back = [torch.zeros_like(s) if part is None else part for part, s in zip(back, before, strict=True)]
    norm = _norm(back)
    took_part = torch.arange(len(norm), device=norm.device) < len(rows(after[0]))
    whole = took_part & (norm > 0) & norm.isfinite()
    safe = torch.where(whole, norm, 1.0)
    v = [
        torch.where(_fit(whole, part), part / _fit(safe, part).to(part.dtype), new)
        for part, new in zip(back, fresh, strict=True)
    ]
    return v, torch.where(took_part, norm.log(), np.nan)


def _fit(values, like):
    """One value for each sample, in a shape that multiplies a state."""
    return values.view(-1, *[1] * (like.ndim - 1)) if like.ndim > 1 else values.squeeze()


def seen_by(E_n, track):
    """How strongly the loss of one sample depends on the states of every sample, (N,)."""
    (grads,) = flows(E_n, [track])
    return np.nansum(
        [np.nansum(flow, axis=0) for flow in measure(track, grads, transported=False).flow.values()], axis=0
    )
