"""What it costs to ask where a gradient goes, in training steps of the same network.

A training step is the forward pass of a layer of `torch.nn`, its backward pass and a step of Adam, in float32. A look
of the `Monitor` runs the closure once, step by step, and differentiates it by every state. At every hundredth step it
adds as many per cent to the training as it costs training steps, and should add no more than three. `diagnose` does
more: it runs the model as it is first, sends vectors back through every step, and tells the routes apart.
"""

from __future__ import annotations

import torch
from harness import Race, Rival

from bptt.examine.diagnose import diagnose
from bptt.examine.monitor import Monitor

SIZES = [("LSTM", 50, 32, 32), ("LSTM", 200, 32, 64), ("GRU", 100, 64, 128), ("LSTM", 100, 64, 256)]


def races():
    for kind, T, N, H in SIZES:
        model, closure, train = problem(kind, T, N, H)
        monitor = Monitor(model, every=1)
        size = f"{kind} T={T} N={N} H={H}"
        yield Race(f"a look, {size}", lambda m=monitor, c=closure: m(c), [Rival("training step", train, bar=3)])
        yield Race(f"diagnose, {size}", lambda m=model, c=closure: diagnose(m, c), [Rival("training step", train)])


def problem(kind, T, N, H, D=16):
    """A layer, its loss, and a training step of it."""
    torch.manual_seed(0)
    model, x = getattr(torch.nn, kind)(D, H), torch.randn(T, N, D)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.0)

    def closure():
        return model(x)[0][-1].square().sum(dim=1)

    def train():
        optimiser.zero_grad()
        closure().mean().backward()
        optimiser.step()

    return model, closure, train
