"""How much of a loss reaches each step of a reader's own model, layer by layer, and how open its gates are."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from bptt.figures.plotting import COLOURS, INK

WIRES = {
    "h": ("hidden_state", r"$\|\partial\mathcal{E}/\partial\mathbf{h}_t\|$"),
    "c": ("cell_state", r"$\|\partial\mathcal{E}/\partial\mathbf{c}_t\|$"),
}
GATES = {"i": "input_gate", "f": "forget_gate", "o": "output_gate", "r": "input_gate", "u": "forget_gate"}
WORDS = {"i": "input", "f": "forget", "o": "output", "r": "reset", "u": "update"}


def draw(parts):
    """Draw each layer and direction, two beside each other: the flow above, the gates below.

    What to see: a line that falls to the left is a gradient that fades on its way back. Where h falls and c does not,
    the memory is in the cell.

    Parameters
    ----------
    parts : list
        Each with a ``name``, a ``flow`` {"h": (T, N), "c": (T, N)}, and ``gates`` {letter: (T,)}, such as
        `examine.diagnose` makes.

    Returns
    -------
    matplotlib.figure.Figure
        Lines are medians over samples, bands go from the lowest tenth to the highest.

    Raises
    ------
    ValueError
        When there is nothing to draw.
    """
    if not parts:
        raise ValueError("parts is empty, but needs at least one layer")
    each = [2, 1] if any(part.gates for part in parts) else [2]
    across, down = min(len(parts), 2), -(-len(parts) // 2)
    fig, axes = plt.subplots(
        len(each) * down, across, squeeze=False, height_ratios=each * down, figsize=(6.4, 1.3 * sum(each) * down)
    )
    blocks = axes.reshape(down, len(each), across).swapaxes(1, 2).reshape(-1, len(each))
    for part, (above, *below) in zip(parts, blocks, strict=False):
        flow(above, part)
        for ax in below:
            gates(ax, part.gates)
            ax.set_xlim(above.get_xlim())
    for ax in blocks[len(parts) :].flat:
        ax.remove()
    for above in axes[:: len(each), 0]:
        above.set_ylabel("size of the gradient")
    for block in blocks[: len(parts)]:
        block[-1].set_xlabel("step $t$")
    _name_once(blocks[: len(parts)].flat)
    return fig


def _name_once(axes):
    """Give a legend to the first ``ax`` on which a line of its kind is drawn, and to no other."""
    named = set()
    for ax in axes:
        _, labels = ax.get_legend_handles_labels()
        if not named.issuperset(labels):
            ax.legend(ncols=3 if len(labels) > 2 else 1, handlelength=0.8, columnspacing=0.7, handletextpad=0.4)
        named.update(labels)


def flow(ax, part):
    """Draw ‖∂E/∂h_t‖ and ‖∂E/∂c_t‖ of one layer, on a logarithmic axis."""
    for wire, values in part.flow.items():
        shown = (values > 0) & np.isfinite(values)
        if not shown.any():
            continue  # a logarithmic axis has no place for zeros
        colour, label = WIRES[wire]
        positive = np.where(shown, values, np.nan)
        counts = np.isfinite(positive).any(axis=1)
        t = np.arange(1, len(values) + 1)[counts]
        low, middle, high = np.nanquantile(positive[counts], [0.1, 0.5, 0.9], axis=1)
        ax.fill_between(t, low, high, color=COLOURS[colour], alpha=0.2, linewidth=0)
        ax.plot(t, middle, color=COLOURS[colour], label=label, marker="o" if len(t) == 1 else None)
    ax.set(title=part.name, yscale="log", xlim=(1, max(len(values), 2)))


def gates(ax, gates):
    """Draw the mean of each gate."""
    for letter, means in gates.items():
        ax.plot(np.arange(1, len(means) + 1), means, color=COLOURS[GATES[letter]], label=WORDS[letter])
    ax.set(ylim=(0, 1), yticks=(0, 0.5, 1), ylabel="gate")
    if not gates:
        ax.text(0.5, 0.5, "no gates", ha="center", va="center", color=INK["text"], transform=ax.transAxes)
