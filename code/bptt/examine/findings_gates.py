"""What is said about one layer's gates, its units, its padding, and the routes that an LSTM's gradient takes."""

from __future__ import annotations

import math

import numpy as np
import torch

from bptt.examine import routes_back, signposts
from bptt.examine.findings import Finding, named

SATURATED = 0.01  # a gate this close to 0 or 1, a tanh this close to ±1
NAMES = {"lstm": {"i": "input", "f": "forget", "o": "output"}, "gru": {"r": "reset", "u": "update"}}
KEEPS = {"lstm": "f", "gru": "u"}


@torch.no_grad()
def gate_means(track):
    """For each gate its means over samples and units, (T,), and the share of its values that are saturated."""
    found = {}
    for letter in NAMES.get(track.kind, ()):
        every = torch.cat([gates[letter] for gates in track.gates]).float()
        by_step = every.mean(dim=1).split([len(gates[letter]) for gates in track.gates])
        means = torch.nn.utils.rnn.pad_sequence(by_step, batch_first=True, padding_value=torch.nan).nanmean(dim=1)
        stuck = (every < SATURATED) | (every > 1 - SATURATED)
        found[letter] = means.double().cpu().numpy(), float(stuck.float().mean())
    return found


def about_gates(track):
    """How open the gates are, and how many are stuck."""
    if not (found := gate_means(track)):
        return
    names = NAMES[track.kind]
    words = [f"{names[letter]} {means.mean():.3g}" for letter, (means, _) in found.items()]
    stuck = [f"{names[letter]} {share:.0%}" for letter, (_, share) in found.items() if share > 0.05]
    text = f"gates on average: {', '.join(words)}"
    yield Finding("note", text + (f"; saturated: {', '.join(stuck)}" if stuck else ""), signposts.GATES)
    keep, T = float(found[KEEPS[track.kind]][0].mean()), len(track.states)
    if track.kind == "lstm" and 0 < keep < 1 and T * math.log(keep) < math.log(0.01):
        bias, wanted = math.log(keep / (1 - keep)), math.log(T)
        text = f"a forget gate of {keep:.3g} is a bias of {bias:.2g}, and over {T} steps leaves {keep**T:.1g}"
        yield Finding("note", f"{text}; a bias of {wanted:.2g} = ln {T} would leave a third", signposts.FORGET)


def about_units(track):
    """Units that are stuck, without gates to say so."""
    if track.kind not in ("rnn_tanh", "rnn_relu"):
        return
    h = torch.cat([state[0].detach() for state in track.states])
    if track.kind == "rnn_tanh" and (share := float((h.abs() > 1 - SATURATED).float().mean())) > 0.05:
        yield Finding(
            "note", f"{share:.0%} of the states are within {SATURATED} of ±1, where tanh is flat", signposts.PRODUCTS
        )
    if track.kind == "rnn_relu" and (dead := int((h == 0).all(dim=0).sum())):
        yield Finding(
            "look", f"{dead} of {h.shape[1]} units are 0 at every step of every sample: dead", signposts.START
        )


def about_routes(track):
    """By which routes the gradient comes back on c."""
    if track.kind != "lstm" or track.weights is None or track.weights.hr is not None or len(track.states) < 3:
        return
    if sizes := routes_back.sizes(track):
        steps, carry, gates, output = sizes
        parts = f"{carry:.2g} by the carry alone, {gates:.2g} by way of the gates, {output:.2g} by an output gate"
        yield Finding("note", f"over the last {steps} steps, ∂c/∂c is {parts}", signposts.ROUTES)


def guessed_lengths(track):
    """(N,) lengths of padded sequences, from inputs that do not change to the end; None if it does not look so."""
    if track.order is not None or not track.first or track.reverse or len(track.x) < 4 or track.x[0].ndim < 2:
        return None
    x = torch.stack(track.x).flatten(start_dim=2)
    differs = (x != x[-1]).any(dim=2)
    steps = torch.arange(1, len(x) + 1, device=x.device)[:, None]
    lengths = (differs * steps).amax(dim=0)
    padded = len(x) - lengths >= 3
    lengths = torch.where(padded, lengths, len(x))
    pads = x[-1, padded]
    if not padded.any() or len(pads.unique(dim=0)) > 1 or len(lengths.unique()) == 1:
        return None
    real = ~(x[:, padded] == pads[0]).all(dim=2) | (steps > lengths[padded])
    return lengths.cpu().numpy() if real.all() else None


def about_padding(track, measures, lengths):
    """Steps after the end of a sequence that have a share in the loss."""
    guessed = lengths is None
    lengths = guessed_lengths(track) if guessed else lengths
    if lengths is None or track.order is not None or len(lengths) != measures.flow["h"].shape[1]:
        return
    beyond = np.array(track.times)[:, None] >= lengths
    read = np.any([np.nan_to_num(flow) > 0 for flow in measures.flow.values()], axis=0) & beyond
    samples = np.flatnonzero(read.any(axis=0))
    if len(samples):
        n = int(samples[np.argmin(lengths[samples])])
        text = (
            f"PADDING is read: {len(samples)} of {len(lengths)} losses depend on states after the end of their sequence"
        )
        example = f", {named([n])} on {len(track.times) - int(lengths[n])} steps after its {int(lengths[n])}"
        guess = " (lengths are a guess, from inputs that stay the same)" if guessed else ""
        yield Finding("broken", text + example + guess, signposts.symptom("padding"))
