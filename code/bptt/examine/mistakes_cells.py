"""The cells that are known: one door to their forward passes and to their backward passes with switches."""

from __future__ import annotations

from bptt.examine import mistakes_gru, mistakes_lstm, mistakes_rnn

PASSES = {"RNN": mistakes_rnn, "LSTM": mistakes_lstm, "GRU": mistakes_gru}
CELLS = [cell for module in PASSES.values() for cell in module.CELLS]


def forward(cell, theta, x):
    """Unroll a cell over one sequence: a `Tape`."""
    return PASSES[cell.kind].forward(cell, theta, x)


def backward(cell, theta, tape, loss, switches):
    """Go back through it with switches: a `Gradient`."""
    return PASSES[cell.kind].backward(cell, theta, tape, loss, switches)


def describe(cell):
    """Say in words which cell it is.

    Examples
    --------
    >>> describe(CELLS[0])
    'RNN with tanh'
    """
    if cell.kind == "RNN":
        return f"RNN with {cell.activation}"
    if cell.kind == "GRU":
        keep = "h = u h + (1-u) g" if cell.keep == "u" else "h = (1-u) h + u g"
        return f"GRU, reset gate {cell.reset} the product with W_h, {keep}"
    words = [
        "LSTM",
        "h = o tanh c" if cell.exit == "tanh" else "h = o c without tanh",
        "peepholes" * cell.peephole,
        "i = 1 - f" * cell.coupled,
        "forget bias 1 added in the forward pass" * bool(cell.forget_bias),
    ]
    return ", ".join(word for word in words if word)
