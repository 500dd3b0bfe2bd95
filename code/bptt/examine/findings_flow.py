"""What is said about the gradient flow of one layer: where it breaks off, how fast it fades, what a step does."""

from __future__ import annotations

import math

import numpy as np

from bptt.examine import signposts
from bptt.examine.findings import Finding

EVEN = 0.005  # nats a step: less is called even


def used(measures):
    """(T,): the steps whose state has a share in the loss of some sample."""
    return np.any([np.nan_to_num(flow, posinf=1.0) > 0 for flow in measures.flow.values()], axis=(0, 2))


def about_reading(track, measures):
    """Which steps the loss hears of, and where the way back is cut."""
    T, steps = len(track.times), np.flatnonzero(used(measures))
    if not len(steps):
        yield Finding("look", "the loss does not depend on it")
        return
    if steps.max() < T - 1:
        text = (
            f"the loss reads it after {steps.max() + 1} of {T} steps: of the rest of the sequence it has heard nothing"
        )
        if track.reverse and steps.max() == 0:
            yield Finding(
                "broken", f"{text}; take h_n[-1], not output[:, -1]", signposts.symptom("bidirectional-output")
            )
        else:
            yield Finding("look", text)
    yield from _cuts(measures, steps)
    yield from _underflow(track, measures, steps)


def _cuts(measures, steps):
    """Steps whose state does not depend on the state before: a detach, .data or no_grad."""
    T = steps.max() + 1
    linked = np.array([links[1:T] for links in measures.linked.values()])
    if not linked.size:
        return
    cuts = np.flatnonzero(~linked.any(axis=0)) + 1
    if len(cuts):
        pieces = np.diff([0, *cuts, T])
        where = "at every step" if len(cuts) == T - 1 else f"before {_steps(cuts + 1)}"
        text = f"CUT {where}: a detach, .data or no_grad in the loop. Training sees {pieces.max()} of {T} steps"
        yield Finding("broken" if len(cuts) == T - 1 else "look", text, signposts.DETACH)
    for wire, links in zip(measures.linked, linked, strict=True):
        if not links.any() and linked.any():
            text = f"{wire} is cut at every step, and the other wire is not: was only one of h and c detached?"
            yield Finding("look", text, signposts.DETACH)


def _steps(t):
    """Some steps in words."""
    if len(t) > 2 and (np.diff(t) == 1).all():
        return f"steps {t[0]} to {t[-1]}"
    return f"step{'s' * (len(t) > 1)} {', '.join(map(str, t[:5]))}" + " …" * (len(t) > 5)


def _underflow(track, measures, steps):
    """Exact zeros before the first state that counts, though there is a way to it."""
    first = steps.min()
    passed_on = measures.growth[first][~np.isnan(measures.growth[first])]
    if np.isfinite(passed_on).any():
        dtype = str(track.states[0][0].dtype).removeprefix("torch.")
        text = f"exactly 0 before step {first + 1} in {dtype}, though the step passes something on: it underflows"
        yield Finding("look", text, signposts.symptom("underflow"))
    elif len(passed_on):
        text = f"exactly 0 before step {first + 1}: the step passes nothing on, as dead ReLUs or gates at 0 do"
        yield Finding("broken", text, signposts.PRODUCTS)


def profile(flow):
    """What is left after 0, 1, … steps back from the last state that counts: (D,), the median over samples."""
    lines = []
    for values in flow.T:
        values = values[~np.isnan(values)]
        counting = np.flatnonzero(values > 0)
        if len(counting):
            back = values[: counting.max() + 1][::-1]
            lines.append(back / back[0])
    full = np.full((len(lines), max(map(len, lines), default=0)), np.nan)
    for row, line in zip(full, lines, strict=True):
        row[: len(line)] = line
    return np.nanmedian(full, axis=0) if full.size else np.ones(1)


def after(left, share):
    """After how many steps no more than `share` is left for good; None if that never happens."""
    more = np.flatnonzero(left > share)
    return int(more.max()) + 1 if more.max() + 1 < len(left) else None


def rate(values):
    """Nats a step between the first and the last positive number, and how many steps lie between."""
    last = int(np.flatnonzero(values > 0).max())
    return (math.log(values[last]) / last if last else 0.0), last


def transport_rate(measures):
    """Nats a step that a vector grows by when it is sent back; NaN if there is no step."""
    growth = measures.growth[np.isfinite(measures.growth).any(axis=1)]
    growth = growth[: max(len(growth) - 10, (len(growth) + 1) // 2)]  # the last steps turn it into its direction
    return float(np.mean(growth[np.isfinite(growth)])) if np.isfinite(growth).any() else math.nan


def about_flow(measures):
    """How fast it fades or grows on h and on c, and what a step does to a vector, where that differs."""
    sent, T, rates = transport_rate(measures), len(measures.growth), []
    for wire, flow in measures.flow.items():
        left = profile(flow)
        if len(left) > 2:
            r, steps = rate(left)
            rates += [r] * (steps > 0)
            yield Finding(*_course(wire, r, left, steps, sent))
    if rates and math.isfinite(sent) and all(abs(r - sent) * T > math.log(3) for r in rates):
        text = f"a vector that is sent back {_verb(sent)} by {math.exp(sent):.3g} a step"
        fed = "new gradient comes in on the way" if max(rates) > sent else "this run sends back less than it could"
        yield Finding("note", f"{text}: {fed}", signposts.RATES)
    yield from _explosion(measures, sent)


def _verb(r):
    return "shrinks" if r < 0 else "grows"


def _course(wire, r, left, steps, sent):
    """One curve: how much there is to look at, in words, and the page."""
    if steps == 0:
        return "note", f"on {wire} nothing is handed on", None
    if abs(r) < EVEN:
        lowest = left[: steps + 1].min()
        return (
            "note",
            f"on {wire} it stays: {left[steps]:.3g} is left {steps} steps back, and nowhere less than {lowest:.2g}",
        )
    if r > EVEN:
        text = f"on {wire} it grows by {math.exp(r):.3g} a step back: to {left[steps]:.1e} over {steps} steps"
        return "note", text, signposts.CLIP if sent > EVEN else None
    half, most = after(left, 0.5), after(left, 0.01)
    ends = [f"half is gone after {half}"] * bool(half) + [
        f"99 % after {most}" if most else f"{left[steps]:.2g} is left"
    ]
    text = f"on {wire} it fades by {math.exp(r):.3g} a step back: {', '.join(ends)}, of {len(left) - 1} steps"
    return "look" if left[-1] < 1e-6 else "note", text, signposts.PRODUCTS


def _explosion(measures, sent):
    """Vectors that grow by more than a thousand on their way back."""
    if math.isfinite(sent) and sent * len(measures.growth) > math.log(1e3):
        by_step = [
            growth[np.isfinite(growth)].mean() if np.isfinite(growth).any() else -np.inf for growth in measures.growth
        ]
        worst = int(np.argmax(by_step))
        text = f"EXPLODES: a vector that is sent back grows by {math.exp(sent):.3g} a step"
        yield Finding("broken", f"{text}, most at step {worst + 1}, by {math.exp(by_step[worst]):.3g}", signposts.CLIP)
