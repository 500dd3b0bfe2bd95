"""What is said about one layer whose states or gradients are not finite: since when, for whom, and where it starts."""

from __future__ import annotations

import math

import numpy as np
import torch

from bptt.examine import signposts
from bptt.examine.findings import Finding, named


def about_forward(track):
    """The first state that is not finite, and whether its input was."""
    for t, (x, state) in enumerate(zip(track.x, track.states, strict=True)):
        for wire, s in zip("hc", state, strict=False):
            bad = ~torch.isfinite(s).flatten(start_dim=1).all(dim=1) if s.ndim > 1 else ~torch.isfinite(s).all()[None]
            if bad.any():
                samples = _in_batch(track, torch.nonzero(bad).flatten())
                text = f"the FORWARD pass is not finite: {wire} from step {track.times[t] + 1} on, {named(samples)}"
                yield Finding("broken", f"{text}; {_cause(track, x, t)}", signposts.symptom("loss-is-nan"))
                return


def _in_batch(track, places):
    """Numbers of samples in the user's batch, from their places in a packed one."""
    if track.order is None:
        return places.tolist()
    return sorted(int(n) for n in torch.nonzero(torch.isin(track.order, places)).flatten())


def _cause(track, x, t):
    if not torch.isfinite(x).all():
        return "its input is not finite at that step"
    before = track.states[t - 1] if t else track.start
    largest = max(float(s.detach().abs().double().nan_to_num(posinf=math.inf).max()) for s in before)
    return f"its input is, and the largest entry of the state before was {largest:.1e}: the gradient is not to blame"


def about_backward(track, measures):
    """Gradients that are not finite while the states are."""
    bad = ~np.isfinite(measures.flow["h"]) & there(track, measures)
    if not bad.any():
        return
    samples, steps = np.flatnonzero(bad.any(axis=0)), np.flatnonzero(bad.any(axis=1))
    last = track.times[steps.max()] + 1
    everywhere = bad[:, samples].sum() == there(track, measures)[:, samples].sum()
    if everywhere and len(samples) == bad.shape[1] > 1:
        where, why = "everywhere", "the derivative of the loss itself is not, as of a sqrt, a norm or a log at 0"
    elif everywhere:
        where = f"{named(samples)}, all steps"
        why = "their loss is 0/0, or has a NaN for a target; is a row all padding?"
    else:
        where, why = f"{named(samples)}, up to step {last}", f"it starts in their loss at step {last}, or just after"
    yield Finding("broken", f"the BACKWARD pass is not finite: {where}; {why}", signposts.symptom("loss-is-nan"))


def there(track, measures):
    """(T, N): whether a sample has that step."""
    N = measures.flow["h"].shape[1]
    rows = np.array([len(state[0]) if state[0].ndim > 1 else 1 for state in track.states])
    own = np.arange(N) < rows[:, None]
    return own if track.order is None else own[:, track.order.cpu().numpy()]
