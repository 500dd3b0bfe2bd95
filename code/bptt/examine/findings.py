"""What is said about a whole run: whether it is finite, and whether samples stay apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from bptt.examine import signposts
from bptt.examine.measures import seen_by

SHOWN = 4  # samples named in a sentence


class Finding(NamedTuple):
    """One sentence; ``level`` is "broken", "look" or "note", and ``page`` says where it is explained, or is None."""

    level: str
    text: str
    page: signposts.Page | None = None


def named(samples):
    """A few samples by their numbers in the batch, counted from 0 as Python does."""
    samples = [int(n) for n in samples]
    more = f" and {len(samples) - SHOWN} more" if len(samples) > SHOWN else ""
    return f"sample{'s' * (len(samples) > 1)} {', '.join(map(str, samples[:SHOWN]))}{more}"


def about_weights(model):
    """Weights that are not finite explain everything else."""
    bad = [name for name, p in model.named_parameters() if not torch.isfinite(p).all()]
    if bad:
        text = f"the weights are not finite any more: {bad[0]}" + (f" and {len(bad) - 1} more" if bad[1:] else "")
        yield Finding("broken", text + "; an earlier step has broken them", signposts.CLIP)


def about_plain(plain, closure_is_finite):
    """What happened when the model ran as it is, before it was watched."""
    if plain.error:
        yield Finding("broken", f"as it is, the model stops: {plain.error}", _page_of(plain.error))
    if plain.nan_from and closure_is_finite:
        text = (
            f"the gradient is NaN, and the first operation to give one is {plain.nan_from}: 0 times something infinite"
        )
        reason = ", as behind a square root, a norm or a log of exactly 0, or behind a mask that comes too late"
        yield Finding("broken", text + reason, signposts.symptom("loss-is-nan"))


def _page_of(error):
    if "second time" in error:
        return signposts.symptom("trying-to-backward-through-the-graph-a-second-time")
    return signposts.symptom("modified-by-an-inplace-operation") if "inplace" in error else None


def about_repeat(plain, E, tracks):
    """Two calls of one closure should give one loss, from the same random numbers."""
    if plain.loss is None or not np.isfinite(plain.loss):
        return
    precision = max(torch.finfo(s.dtype).eps for s in [E, *(track.states[0][0] for track in tracks)]) ** 0.5
    loss = float(E.detach().sum())
    if abs(loss - plain.loss) > precision * max(abs(loss), abs(plain.loss), 0.01):
        text = f"two calls of closure give two losses, {plain.loss:.6g} and {loss:.6g}"
        yield Finding(
            "look", text + ": does it draw a new batch each time, or does the network magnify rounding errors?"
        )


def about_calls(tracks):
    """A layer that is called once a step, and begins anew each time; keep the last of its calls alone."""
    calls = {}
    for track in tracks:
        calls.setdefault(track.name.split(", call ")[0], []).append(track)
    said, kept = [], []
    for name, own in calls.items():
        forgetful = len(own) > 2 and all(len(track.states) == 1 for track in own)
        kept += own[-1:] if forgetful else own
        if forgetful:
            text = f"{name} was called {len(own)} times for one step, and began anew each time"
            said.append(Finding("broken", text + ": its state is not handed on", signposts.DETACH))
    return said, kept


def about_samples(E, tracks):
    """Losses of samples should not depend on other samples, and all samples should have one."""
    whole = next((track for track in tracks if track.order is None and track.first), None)
    if whole is None:
        return
    T, N = len(whole.states), len(whole.states[0][0])
    if E.numel() == T != N and E.numel() > 1:
        text = f"there are {E.numel()} losses, but {whole.name} saw {T} steps of {N} samples"
        yield Finding(
            "broken", text + ": time and batch are swapped, see batch_first", signposts.symptom("batch-first")
        )
    elif E.numel() == N > 1:
        yield from _strangers(E.flatten(), whole)


def _strangers(E, track):
    """Look from the losses of the first and the last sample at the states of all."""
    N = len(E)
    for n in (0, N - 1):
        others = np.flatnonzero((seen_by(E[n], track) > 0) & (np.arange(N) != n))
        if len(others):
            text = f"samples see each other: the loss of sample {n} depends on the states of {named(others)}"
            hint = ": is time the batch (batch_first), or is something normalised over the batch?"
            yield Finding("broken", text + hint, signposts.symptom("batch-first"))
            return


def about_batch(track, measures):
    """All samples of the first layer should reach the loss."""
    total = np.nansum([np.nansum(flow, axis=0) for flow in measures.flow.values()], axis=0)
    silent = np.flatnonzero(total == 0)
    if 0 < len(silent) < len(total):
        share = f"only {len(total) - len(silent)} of {len(total)} samples reach the loss"
        last = ", the last one" if list(silent) == list(range(len(total) - 1)) else ""
        hint = "; if they should all, the axis of time is taken for the batch, see batch_first"
        yield Finding("broken" if last else "look", share + last + hint, signposts.symptom("batch-first"))
