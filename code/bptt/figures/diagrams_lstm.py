"""Drawings of the LSTM: the cell, its chain, and the paths of its gradient. One unit is one inch.

Each function draws on an ``ax`` and returns nothing. `ALT` holds the alternative text of each drawing, under its name.
"""

from __future__ import annotations

import numpy as np

from bptt.arguments import count
from bptt.figures.shapes import SMALL, box, canvas, node, plus, text, times, wire

ALT = {
    "cell_update": (
        "The cell state runs straight from c_{t-1} at the left to c_t at the right. On the way it is multiplied "
        "element by element with the forget gate f_t, which enters from below, and then the product of the input gate "
        "i_t and the candidate is added, which also rises from below."
    ),
    "cell": (
        "One LSTM cell. The cell state runs along the top from c_{t-1} to c_t, through a product and a sum. Below it "
        "stand the forget gate, the input gate, the candidate and the output gate, and the previous hidden state "
        "h_{t-1} and the input x_t enter each of the four. The new hidden state h_t is the output gate times tanh of "
        "the new cell state."
    ),
    "many_to_one": (
        "LSTM cells in a row, joined by two wires: the cell state c above, the hidden state h below. An input enters "
        "each cell from below, x_1 to x_n. The last hidden state feeds the head and the loss E; the wire of c_n ends."
    ),
    "paths": (
        "Two rows of nodes, c_1 to c_3 above and h_1 to h_3 below. An arrow F joins each c to the next, an arrow B "
        "each h to the next. An arrow R leads from each c down to its h, and an arrow A from each h up to the next c. "
        "The path from c_1 down to h_1, on to h_2 and up to c_3 is thick."
    ),
    "three_routes": (
        "Cell states c_1 to c_3 above, hidden states h_1 to h_3 below, and three coloured routes from c_1 to c_3. The "
        "carry runs straight along the top. The route by the gates goes down to h_1, up to c_2 and along the top. The "
        "route by the output gate goes down to h_1, along to h_2 and up to c_3."
    ),
}

CANDIDATE = r"$\tilde{\mathbf{c}}_t$"

# Colour, label and place of each box of the cell, in the order in which the stages add them.
GATES = [
    ("candidate", CANDIDATE, 3.4),
    ("input_gate", r"$\mathbf{i}_t$", 2.3),
    ("forget_gate", r"$\mathbf{f}_t$", 1.25),
    ("output_gate", r"$\mathbf{o}_t$", 4.45),
]
TOP = 3.8  # height of the cell state


def cell_update(ax):
    """Draw the cell update c_t = f_t ⊙ c_{t-1} + i_t ⊙ c̃_t.

    What to see: the old cell state meets one product and one sum on its way, and no matrix.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 2.4 inches suit it.
    """
    canvas(ax, 6.4, 2.4)
    y, f, add = 1.95, 1.75, 4.0
    node(ax, 0.4, y, r"$\mathbf{c}_{t-1}$", "cell_state", radius=0.32)
    node(ax, 6.0, y, r"$\mathbf{c}_t$", "cell_state", radius=0.32)
    wire(ax, [(0.72, y), (5.66, y)], "cell_state", width=3)
    box(ax, f, 0.35, r"$\mathbf{f}_t$", 0.6, 0.5, "forget_gate")
    wire(ax, [(f, 0.6), (f, y - 0.16)], "forget_gate")
    times(ax, f, y)
    text(ax, (f + add) / 2, y + 0.25, r"$\mathbf{f}_t\odot\mathbf{c}_{t-1}$", size=SMALL)
    _input(ax, add, 1.1, 0.35, 0.7)
    wire(ax, [(add, 1.25), (add, y - 0.16)])
    text(ax, add + 0.12, 1.55, r"$\mathbf{i}_t\odot$" + CANDIDATE, size=SMALL, ha="left")
    plus(ax, add, y)


def _input(ax, x, y, low, apart):
    """Draw the product at (x, y) of the input gate and the candidate, which stand left and right below it."""
    for side, colour, label in [(-1, "input_gate", r"$\mathbf{i}_t$"), (1, "candidate", CANDIDATE)]:
        box(ax, x + side * apart, low, label, 0.6, 0.5, colour)
        wire(ax, [(x + side * apart, low + 0.25), (x + side * apart, y), (x + side * 0.16, y)], colour)
    times(ax, x, y)


def cell(ax, stage=4):
    """Draw the LSTM cell, built up in four stages.

    What to see: each stage adds one box, and h_{t-1} and x_t enter all of them. Only the cell state passes from left
    to right without entering a box.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 4.2 inches suit it, 6.4 by 2.4 the first stage.
    stage : int
        1, the candidate alone, the state of a basic RNN; 2, with the input gate and the sum, the cell of 1997 up to
        its state; 3, with the forget gate; 4, with the output gate and the new hidden state.

    Raises
    ------
    TypeError, ValueError
        When `stage` is none of these.
    """
    stage = count("stage", stage, at_most=4)
    canvas(ax, 6.4, 4.2 if stage > 1 else 2.4)
    for colour, label, x in GATES[:stage]:
        box(ax, x, 1.85, label, 0.6, 0.5, colour)
        wire(ax, [(0.65, 0.3), (x + 0.12, 0.3), (x + 0.12, 1.58)], zorder=1)
        wire(ax, [(0.72, 1.0), (x - 0.12, 1.0), (x - 0.12, 1.58)], "hidden_state", over=True)
    node(ax, 0.4, 0.3, r"$\mathbf{x}_t$", radius=0.25)
    node(ax, 0.4, 1.0, r"$\mathbf{h}_{t-1}$", "hidden_state", radius=0.32)
    if stage == 1:
        text(ax, 3.85, 1.97, "the candidate:", "candidate", SMALL, ha="left")
        text(ax, 3.85, 1.73, "what could be noted now", "candidate", SMALL, ha="left")
    if stage > 1:
        _carry(ax, forget=stage > 2)
    if stage > 3:
        _read_out(ax)


def _carry(ax, forget):
    """Draw the cell state along the top, what is added to it and, with `forget`, what it is multiplied by."""
    node(ax, 0.4, TOP, r"$\mathbf{c}_{t-1}$", "cell_state", radius=0.32)
    node(ax, 6.0, TOP, r"$\mathbf{c}_t$", "cell_state", radius=0.32)
    wire(ax, [(0.72, TOP), (5.66, TOP)], "cell_state", width=3)
    (_, _, right), (_, _, left), (_, _, f), _ = GATES
    middle = (left + right) / 2
    wire(ax, [(left, 2.1), (left, 2.8), (middle - 0.16, 2.8)], "input_gate")
    wire(ax, [(right, 2.1), (right, 2.8), (middle + 0.16, 2.8)], "candidate")
    times(ax, middle, 2.8)
    wire(ax, [(middle, 2.95), (middle, TOP - 0.16)])
    plus(ax, middle, TOP)
    if forget:
        wire(ax, [(f, 2.1), (f, TOP - 0.16)], "forget_gate")
        times(ax, f, TOP)


def _read_out(ax):
    """Draw the new hidden state, the output gate times tanh of the cell state."""
    node(ax, 6.0, 1.0, r"$\mathbf{h}_t$", "hidden_state", radius=0.32)
    x = 5.2
    wire(ax, [(4.9, TOP), (x, TOP), (x, 3.3)], "cell_state", width=3)
    box(ax, x, 3.1, r"$\tanh$", 0.6, 0.36, "cell_state")
    wire(ax, [(x, 2.92), (x, 2.66)], "cell_state")
    wire(ax, [(4.45, 2.1), (4.45, 2.5), (x - 0.16, 2.5)], "output_gate")
    times(ax, x, 2.5)
    wire(ax, [(x + 0.15, 2.5), (6.0, 2.5), (6.0, 1.33)], "hidden_state")


def many_to_one(ax):
    """Draw the unrolled LSTM that reads a sequence and answers once, at its end.

    What to see: two wires run from cell to cell, c above and h below; the head sees h_n alone.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 2.5 inches suit it.
    """
    canvas(ax, 6.4, 2.5)
    upper, lower = 1.9, 1.2
    for y, name, colour in [(upper, "c", "cell_state"), (lower, "h", "hidden_state")]:
        node(ax, 0.32, y, rf"$\mathbf{{{name}}}_0$", colour)
        for start, end in [(0.6, 0.96), (1.6, 2.2), (2.84, 3.05), (3.35, 3.6), (4.24, 4.8)]:
            wire(ax, [(start, y), (end, y)], colour, width=3 if name == "c" else 1.4)
        text(ax, 3.2, y, r"$\cdots$")
        for x, step in [(1.9, 1), (4.52, "n")]:
            text(ax, x, y + 0.2, rf"$\mathbf{{{name}}}_{step}$", size=SMALL)
    for x, step in [(1.28, "1"), (2.52, "2"), (3.92, "n")]:
        box(ax, x, (upper + lower) / 2, "LSTM", 0.64, 1.15)
        wire(ax, [(x, 0.48), (x, 0.96)])
        text(ax, x, 0.28, rf"$\mathbf{{x}}_{step}$")
    box(ax, 5.1, lower, "head", 0.6, 0.46)
    wire(ax, [(5.4, lower), (5.82, lower)])
    node(ax, 6.1, lower, r"$\mathcal{E}$", radius=0.26)


def paths(ax):
    """Draw the paths of a small change from (h_1, c_1) to (h_3, c_3): each arrow is one block of the joint Jacobian.

    What to see: the carry F runs along the top; R leads out of the cell, A leads back into it, and B stays outside. The
    thick path leaves c_1 and comes back in c_3 without touching c_2: it is in no product of cell Jacobians.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 3 inches suit it.
    """
    canvas(ax, 6.4, 3)
    x, c, h = {1: 0.6, 2: 3.2, 3: 5.8}, 2.45, 0.5
    for t in x:
        thick = 3 if t == 1 else 1.4
        _edge(ax, (x[t], c), (x[t], h), "cell_state", width=thick)
        text(ax, x[t] - 0.26, 1.48, f"$R_{t}$", "cell_state")
        node(ax, x[t], c, rf"$\mathbf{{c}}_{t}$", "cell_state")
        node(ax, x[t], h, rf"$\mathbf{{h}}_{t}$", "hidden_state")
    for t in (2, 3):
        middle = (x[t] + x[t - 1]) / 2
        _edge(ax, (x[t - 1], c), (x[t], c), "forget_gate")
        text(ax, middle, c + 0.22, f"$F_{t}$", "forget_gate")
        _edge(ax, (x[t - 1], h), (x[t], h), "output_gate", width=3 if t == 2 else 1.4)
        text(ax, middle, h - 0.24, f"$B_{t}$", "output_gate")
        _edge(ax, (x[t - 1], h), (x[t], c), "hidden_state", width=3 if t == 3 else 1.4)
        text(ax, middle - 0.3, 1.62, f"$A_{t}$", "hidden_state")


def three_routes(ax):
    """Draw one route of each kind from c_1 to c_3, on the map of `paths`.

    What to see: the carry stays in the cell; a route by the gates leaves it and comes back at the next step; a route by
    the output gate stays outside for a step.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        6.4 by 3 inches suit it.
    """
    canvas(ax, 6.4, 3)
    (left, middle, right), c, h = (0.6, 3.2, 5.8), 2.45, 0.5
    for x, t in zip((left, middle, right), "123", strict=True):
        node(ax, x, c, rf"$\mathbf{{c}}_{t}$", "cell_state")
        node(ax, x, h, rf"$\mathbf{{h}}_{t}$", "hidden_state")
    _route(ax, [(left, c + 0.1), (right - 0.26, c + 0.1)], "forget_gate")
    _route(ax, [(left + 0.08, c), (left + 0.08, h), (middle, c - 0.1), (right - 0.28, c - 0.1)], "candidate")
    _route(ax, [(left - 0.08, c), (left - 0.08, h - 0.08), (middle, h - 0.08), (right - 0.2, c - 0.2)], "output_gate")
    text(ax, 1.9, c + 0.33, "carry", "forget_gate", SMALL)
    text(ax, 2.2, 1.35, "by the gates", "candidate", SMALL, ha="left")
    text(ax, 1.9, 0.18, "by the output gate", "output_gate", SMALL)


def _route(ax, points, colour):
    """Draw a route below the nodes that it passes."""
    wire(ax, points, colour, width=3, zorder=1)


def _edge(ax, start, end, colour, width=1.4):
    """Draw a straight arrow between two nodes."""
    way = np.subtract(end, start)
    gap = 0.3 * way / np.linalg.norm(way)
    wire(ax, [start + gap, end - gap], colour, width=width)
