"""Drawings of networks: boxes, wires and the paths of gradients. One unit is one inch of a figure 6.4 inches wide.

Each function draws on an ``ax`` and returns nothing. `ALT` holds the alternative text of each drawing, under its name.
"""

from __future__ import annotations

import numpy as np

from bptt.arguments import count
from bptt.figures.shapes import SMALL, box, canvas, node, shade, text, wire

ALT = {
    "many_to_one": (
        "A chain of states from left to right: h_0, h_1, h_2, and after a gap h_n. An input enters each state from "
        "below, x_1 to x_n. The same θ reaches every step from above. The last state alone feeds the head, "
        "whose output enters the loss E."
    ),
    "temporal_contributions": (
        "The states h_0 to h_n in a row, joined by arrows that carry the Jacobians J_1 to J_n, and the loss E at the "
        "right end. From E one coloured path for each step runs back above the chain, turns down at its own state h_k "
        "and ends at the copy θ_k below it. The path to θ_n passes no Jacobian; the path to θ_1 passes all but J_1. "
        "Below each copy stands the row that arrives there, the product along its path; each row times its immediate "
        "derivative is one contribution, and their sum is the gradient."
    ),
}

LANE = 0.2  # inches between two paths that run side by side


def many_to_one(ax):
    """Draw the unrolled RNN that reads a sequence and answers once, at its end.

    What to see: every step is the same function with the same θ, and the loss sees the last state alone.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 2.6 inches suit it.
    """
    canvas(ax, 6.4, 2.6)
    y = 1.35
    for step, x in {"0": 0.32, "1": 1.27, "2": 2.22, "n": 3.72}.items():
        node(ax, x, y, rf"$\mathbf{{h}}_{step}$", "hidden_state")
        if step != "0":
            wire(ax, [(x, 0.5), (x, y - 0.29)])
            text(ax, x, 0.3, rf"$\mathbf{{x}}_{step}$")
            wire(ax, [(0.8, 2.3), (x, 2.3), (x, y + 0.29)], "vanilla_rnn")
    box(ax, 0.6, 2.3, r"$\theta$", 0.42, 0.4, "vanilla_rnn")
    text(ax, 2.97, y, r"$\cdots$")
    for start, end in [(0.6, 0.98), (1.55, 1.93), (2.5, 2.8), (3.14, 3.43), (4.0, 4.38), (5.06, 5.78)]:
        wire(ax, [(start, y), (end, y)])
    box(ax, 4.72, y, "head", 0.68, 0.5)
    text(ax, 5.38, y + 0.2, r"$\hat{\mathbf{y}}$")
    node(ax, 6.07, y, r"$\mathcal{E}$")
    wire(ax, [(6.07, 0.5), (6.07, y - 0.29)])
    text(ax, 6.07, 0.3, r"$\mathbf{y}$")


def temporal_contributions(ax, n=4):
    """Draw back-propagation through time as one path for each step, from the loss to that step's copy of θ.

    What to see: the path of step k passes the Jacobians J_n … J_{k+1} and leaves the chain at h_k. The older the step,
    the longer its path; the newest passes none. The sum of the products along the paths is the gradient.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 4 inches suit n = 4.
    n : int
        Number of steps, up to 4.

    Raises
    ------
    TypeError, ValueError
        When `n` is no whole number in range.
    """
    n = count("n", n, at_most=4)
    canvas(ax, 6.4, 2.95 + LANE * n)
    x, y = np.linspace(0.32, 6.0, n + 2), 2.25
    _chain(ax, x, y)
    for k in range(1, n + 1):
        _contribution(ax, x, y, k)
    text(ax, 0.08, 0.83, "row $k$:", size=SMALL, ha="left")
    gradient = r"$\mathrm{d}\mathcal{E}/\mathrm{d}\theta\;=\;$ sum over $k$ of $\;$"
    text(ax, 0.08, 0.3, gradient + r"row $k\;\cdot\;\partial^{+}\mathbf{h}_k/\partial\theta$", ha="left")
    text(ax, 6.35, 0.3, rf"$\boldsymbol{{\delta}}_{n}=\partial\mathcal{{E}}/\partial\mathbf{{h}}_{n}$", ha="right")


def _chain(ax, x, y):
    """Draw the states h_0 … h_n and the loss at the places `x`; above, what each path back from the loss passes."""
    n = len(x) - 2
    for t in range(n + 1):
        node(ax, x[t], y, rf"$\mathbf{{h}}_{t}$", "hidden_state")
        wire(ax, [(x[t] + 0.28, y), (x[t + 1] - 0.29, y)])
    for t in range(2, n + 2):
        label = rf"$J_{t}$" if t <= n else rf"$\boldsymbol{{\delta}}_{n}$"
        low, high = _lane(y, n, min(t - 1, n)), _lane(y, n, 1)
        box(ax, (x[t - 1] + x[t]) / 2, (low + high) / 2, label, 0.36, high - low + 0.3)
    node(ax, x[-1], y, r"$\mathcal{E}$")


def _contribution(ax, x, y, k):
    """Draw the path from the loss to θ_k, and the product along it."""
    n = len(x) - 2
    tone, lane = shade("hidden_state", (n - k) / max(n - 1, 1)), _lane(y, n, k)
    out = x[-1] + 0.1 * ((n - k) - (n - 1) / 2)
    wire(ax, [(out, y), (out, lane), (x[k], lane), (x[k], 1.42)], tone, width=2.6, zorder=1)
    box(ax, x[k], 1.21, rf"$\theta_{k}$", 0.46, 0.4, tone)
    factors = "".join(f"J_{t}" for t in range(n, k, -1))
    text(ax, x[k], 0.83, rf"$\boldsymbol{{\delta}}_{n}{factors}$", tone)


def _lane(y, n, k):
    """Height of the path of step k above a chain at height `y`: the oldest step runs outside."""
    return y + 0.55 + LANE * (n - k)
