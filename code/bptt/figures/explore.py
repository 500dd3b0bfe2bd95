"""The explorables of the site as figures: in a notebook, change the arguments in place of moving a slider.

Each function takes what the explorable can set, under the same names and with the same defaults, computes with
`bptt.figures.explore_numerics`, and draws a new figure.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from bptt.arguments import count, number
from bptt.figures import explore_fan, explore_numerics, gradient_fan
from bptt.figures.plotting import ACCENT, COLOURS, INK, decay
from bptt.growth import one_unit

SIDE_BY_SIDE = (7.2, 3.5)


def fan(network="vanilla", seed=9, gain=0.991):
    """Draw the gradients of the 100 networks of the first page on their way back, one of them lit.

    What to see: all set out at the same size. After 200 steps hardly one is within a factor of ten of it.

    Parameters
    ----------
    network, seed
        As for `explore_fan.log_sizes`.
    gain : float
        Which of the `explore_fan.GAINS` to light up: the one nearest to this.

    Raises
    ------
    TypeError, ValueError
        As for `explore_fan.log_sizes`.
    """
    lit = int(np.argmin(np.abs(np.log(explore_fan.GAINS / number("gain", gain, above=0)))))
    log_size = np.array([explore_fan.log_sizes(g, network, seed) for g in explore_fan.GAINS])
    _, ax = plt.subplots(figsize=(6.4, 4.0))
    gradient_fan.draw(ax, log_size, decades=55)
    ax.plot(log_size[lit] / np.log(10), color=ACCENT, linewidth=2.2)
    where = (2, log_size[lit, 0] / np.log(10))
    ax.annotate(f"gain {explore_fan.GAINS[lit]:g}", where, (0, -14), textcoords="offset points", color=ACCENT)
    ax.set(xlabel="step k", ylabel="gradient at step k / at step 200")


def two_unit(W=((0.9, 2.0), (0.0, 0.9)), activation="tanh", drive="noise", strength=0.0, step=4):
    """Draw what the Jacobians of two units make of a circle, and the norm of their product beside its bounds.

    What to see: the dashed bound holds from the first step on, and may be far too high. The dotted line is no bound.

    Parameters
    ----------
    W : (2, 2) array or nested tuples
        Recurrent weights.
    activation, drive, strength
        As for `explore_numerics.ellipses`.
    step : int
        Which ellipse to draw, 0 … 60; the eight before it are drawn thinner.

    Raises
    ------
    TypeError, ValueError
        As for `explore_numerics.ellipses`, or when `step` is out of range.
    """
    found = explore_numerics.ellipses(np.array(W, dtype=float), activation, drive, strength)
    step = count("step", step, at_least=0, at_most=60)
    _, (plane, sizes) = plt.subplots(1, 2, figsize=SIDE_BY_SIDE)
    _ellipses(plane, found, step)
    steps = np.arange(61)
    decay(sizes, steps, found.log_norms, "the product")
    low, high = sizes.get_ylim()
    for rate, label, style in [
        (found.log_bound, r"$(\gamma\,\sigma_{max})^m$", "--"),
        (found.log_radius, r"$(\gamma\,\rho)^m$", ":"),
    ]:
        sizes.plot(steps, steps * rate / np.log(10), style, color=INK["text"], linewidth=1.2, label=label)
    sizes.axvline(step, color=ACCENT, linewidth=1)
    sizes.yaxis.set_major_locator(MaxNLocator(integer=True))
    sizes.set(xlabel="steps m", ylabel="norm of the product", ylim=(min(low, -2), max(high, 2)))
    sizes.legend()


def _ellipses(ax, found, step):
    angle = np.linspace(0, 2 * np.pi, 121)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for m in range(max(0, step - 8), step):
        ax.plot(*found.products[m] @ circle, color=COLOURS["vanilla_rnn"], linewidth=0.7, alpha=0.9 ** (step - m))
    ax.plot(*circle, ":", color=INK["text"], linewidth=1)
    ax.fill(*found.products[step] @ circle, facecolor=f"{ACCENT}22", edgecolor=ACCENT, linewidth=1.8)
    edge = 1.12 * np.exp(max(0.0, found.log_norms[: step + 1].max()))
    ax.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal", xlabel="change of unit 1", ylabel="change of unit 2")


def cliff(w=5.05, b=-2.62, rate=0.1, max_norm=1.0, steps=40):
    """Draw the loss of the one-unit network over the plane of weight and bias, and two walks from one start.

    What to see: at the wall the walk without clipping is thrown off by a single step.

    Parameters
    ----------
    w, b : float
        Where the walks start.
    rate, max_norm, steps
        As for `explore_numerics.walk`; `max_norm` is for one of the walks.

    Raises
    ------
    TypeError, ValueError
        As for `explore_numerics.walk`.
    """
    free, held = explore_numerics.walk(w, b, rate, steps=steps), explore_numerics.walk(w, b, rate, max_norm, steps)
    _, (plane, fall) = plt.subplots(1, 2, figsize=SIDE_BY_SIDE)
    W, B = np.meshgrid(np.linspace(3.4, 7, 241), np.linspace(-4.8, -1.4, 341))
    plane.contourf(W, B, one_unit.cliff(W, B).loss, levels=np.arange(0, 0.51, 0.02), cmap="Greys", vmax=0.9)
    looks = {
        "unclipped": {"color": INK["text"], "linestyle": "--", "linewidth": 1.2},
        "clipped": {"color": ACCENT, "linewidth": 1.4},
    }
    for path, (label, look) in zip((free, held), looks.items(), strict=True):
        plane.plot(path.w, path.b, **look)
        fall.plot(path.loss, label=label, **look)
    plane.plot(w, b, "o", color=ACCENT)
    plane.set(xlim=(3.4, 7), ylim=(-4.8, -1.4), xlabel="weight w", ylabel="bias b")
    plane.grid(visible=False)
    fall.set(xlabel="steps", ylabel="loss", ylim=(0, None))
    fall.legend(loc="center right", frameon=True)


def gate(forget_bias=1.0, input_bias=0.0, companion=False, lag=100, chrono=False):
    """Draw what a cell keeps, and what it gathers, when its biases alone hold its gates.

    What to see: the dot is the half-life. One more unit of bias moves the curve to about e times as many steps.

    Parameters
    ----------
    forget_bias, input_bias : float
    companion : bool
        Whether the input gate has the bias -forget_bias in place of `input_bias`.
    lag : int
        Steps to look back over.
    chrono : bool
        Whether to draw nine cells with the biases of `explore_numerics.chrono_biases` too.

    Raises
    ------
    TypeError, ValueError
        When a bias is not finite, or `lag` is below 1.
    """
    b, lag = number("forget_bias", forget_bias), count("lag", lag)
    steps = np.unique(np.geomspace(1, 10_000, 200).astype(int))
    found = explore_numerics.gate(b, -b if companion else input_bias, T=max(10_000, lag))
    _, (kept, filled) = plt.subplots(1, 2, figsize=SIDE_BY_SIDE)
    for bias in explore_numerics.chrono_biases(lag) if chrono else ():
        kept.plot(
            steps, np.exp(-steps * np.log1p(np.exp(-bias))), color=COLOURS["forget_gate"], linewidth=0.8, alpha=0.6
        )
    kept.plot(steps, found.kept[steps], color=COLOURS["forget_gate"])
    kept.plot(np.log(2) / np.log1p(np.exp(-b)), 0.5, "o", color=COLOURS["forget_gate"], markersize=7)
    filled.plot(steps, found.filled[steps], color=COLOURS["cell_state"])
    kept.set(ylabel="share of the cell state left", ylim=(0, 1))
    filled.set(ylabel="cell state, filled by a candidate of 1", ylim=(0, max(1.2, 1.1 * found.filled[-1])))
    for ax, level in ((kept, 0.5), (filled, 1.0)):
        ax.axhline(level, color=INK["text"], linestyle=":", linewidth=1)
        ax.axvline(lag, color=ACCENT, linewidth=1)
        ax.set(xscale="log", xlim=(1, 10_000), xlabel="steps k")


def paths(forget_bias=1.0, gain=1.0, companion=False, distance=40):
    """Draw how much of a change of an early cell state reaches the last one of a small LSTM, and by which routes.

    What to see: where the weights are large, the forget gates alone fall while the gradient grows.

    Parameters
    ----------
    forget_bias, gain, companion
        As for `explore_numerics.small_lstm`.
    distance : int
        Steps, 0 … 60, to mark.

    Raises
    ------
    TypeError, ValueError
        As for `explore_numerics.small_lstm`, or when `distance` is out of range.
    """
    found = explore_numerics.paths(gain, forget_bias, companion)
    distance = count("distance", distance, at_least=0, at_most=60)
    _, ax = plt.subplots(figsize=(6.4, 3.8))
    steps, mark = np.arange(61), {"marker": "o", "markevery": [distance]}
    decay(ax, steps, found.whole, "all routes: the gradient", "cell_state", **mark)
    decay(ax, steps, found.article, "the article's chain", "candidate", linestyle="--", **mark)
    decay(ax, steps, found.forget, "diag(f) alone", "forget_gate", linestyle=":", **mark)
    ax.axvline(distance, color=ACCENT, linewidth=1)
    ax.set(xlabel="distance n - k (steps)", ylabel=r"norm of $dc_n/dc_k$")
    ax.legend()
