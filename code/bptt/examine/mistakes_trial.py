"""How can these functions be called, and which cell are they? Tried until the hidden states agree with a known cell."""

from __future__ import annotations

import numpy as np

from bptt.examine import mistakes_cells
from bptt.examine.mistakes_calls import FORMS, Hand
from bptt.examine.mistakes_layouts import recognise

LONGEST = 4  # steps of the probes


def draw(parameters, rng):
    """Weights of order one that do not saturate: a list of arrays."""
    return [rng.standard_normal(shape) * min(1.0, np.sqrt(8 / max(shape))) for shape in parameters.shapes]


def sequences(form, T, D, rng):
    """Inputs of two samples, (T, 2, D); one-hot where the forward pass takes tokens."""
    if form == "tokens":
        return np.eye(D)[np.stack([rng.permutation(np.arange(max(T, D)) % D)[:T] for _ in range(2)], axis=1)]
    return rng.standard_normal((T, 2, D))


class Trial:
    """One way of calling a forward and a backward pass, and what came of it.

    ``hand`` the way; ``arrays`` the weights; ``reading`` the cell and its layout, None if it is not known; ``steady``
    whether two calls of forward agree; ``live`` which arrays the states depend on; ``error`` how far the states are
    from those of the known cell.
    """

    def __init__(self, hand, D, rng):
        self.hand, self.D, self.arrays = hand, D, draw(hand.parameters, rng)
        taken = {size for shape in hand.parameters.shapes for size in shape}
        T = next(T for T in range(3, 1000) if not {T, T + 1} & taken)  # so that the axis of time is told by its length
        x = sequences(hand.form, T, D, rng)[:, :1]
        h = hand.states(self.arrays, x)
        if not np.isfinite(h).all():
            raise ValueError("the hidden states are not finite")
        self.H = h.shape[2]
        self.steady = bool((hand.states(self.arrays, x) == h).all())
        if self.steady and not self._goes_forward(x, h):
            raise ValueError("the states of forward do not follow one another along the first axis of time")
        self.live = [self._matters(k, x, h, rng) for k in range(len(self.arrays))]
        self.seen = x[:, 0], h[:, 0]
        self.look()
        self._go_back(x, rng)

    def look(self, mixed=False):
        """Look for a known cell; with `mixed`, every array's gates in an order of its own."""
        x, h = self.seen
        self.reading = recognise(self.hand.parameters.shapes, self.live, self.arrays, x, h, 1e-4, mixed)
        if self.reading:
            theta = self.reading.gather([a if live else 0 for a, live in zip(self.arrays, self.live, strict=True)])
            self.error = np.abs(mistakes_cells.forward(self.reading.cell, theta, x).states["h"][1:] - h).max()

    def _goes_forward(self, x, h):
        """The first input reaches the last state, and the last input does not reach the first."""
        first, last = x.copy(), x.copy()
        first[0], last[-1] = x[-1] - x[0], x[0] - x[-1]
        if self.hand.form == "tokens":
            first[0], last[-1] = np.roll(x[0], 1), np.roll(x[-1], 1)
        there = (self.hand.states(self.arrays, first)[-1] != h[-1]).any()
        return there and (self.hand.states(self.arrays, last)[0] == h[0]).all()

    def _matters(self, k, x, h, rng):
        """Whether the states depend on array `k`."""
        moved = [array.copy() for array in self.arrays]
        moved[k] += rng.standard_normal(moved[k].shape)
        return bool((self.hand.states(moved, x) != h).any())

    def _go_back(self, x, rng):
        """Call backward once; where it wants a dh for the initial state, too, give it one."""
        dh = rng.standard_normal((len(x), 1, self.H))
        try:
            self.hand.gradient(self.arrays, x, dh)
        except Exception:
            self.hand.first = 1
            self.hand.gradient(self.arrays, x, dh)


def find(forward, backward, parameters, x, rng):
    """Try the ways of calling until one gives the states of a known cell.

    Returns
    -------
    Trial
        One without a reading where no known cell fits.

    Raises
    ------
    ValueError
        When there is no way to call them, with what was said about the most promising one.
    """
    usable, said = None, []
    for dtype in ("float64", "own"):
        for form, D, batch in ways(parameters, x):
            hand = Hand(forward, backward, parameters, form, dtype, batch)
            try:
                trial = Trial(hand, D, rng)
            except Exception as error:
                said.append((hand.out is not None, f"{type(error).__name__}: {error}"))
                continue
            if trial.reading or not trial.steady:
                return trial
            usable = usable or trial
    if usable is None:
        _refuse(parameters, x, said)
    usable.look(mixed=True)
    return usable


def _refuse(parameters, x, said):
    """Say what came of the most promising way of calling them."""
    if not said:
        needs = "needs steps and inputs, with samples or without: (T, N, D) or (T, D)"
        raise ValueError(f"x has shape {np.shape(x)}, but {needs}")
    ran, words = max(said, key=lambda one: one[0])
    which = "backward(params, x, dh)" if ran else "forward(params, x)"
    raise ValueError(f"{which} cannot be called with sequences of 3 steps and more: {words}")


def ways(parameters, x):
    """Orders of the axes of x with numbers of inputs and of samples: those of the example, or all that could be."""
    if x is None:
        yield from ((form, D, 1) for form in FORMS for D in _inputs(parameters.shapes))
        return
    shape = np.shape(x)
    whole = str(getattr(x, "dtype", np.asarray(x).dtype)).removeprefix("torch.").startswith(("int", "uint"))
    if whole:
        yield from (("tokens", D, 1) for D in sorted({size for shape in parameters.shapes for size in shape}))
    for form in FORMS[:-1]:
        if len(form) == len(shape):
            D, N = shape[form.index("D")], shape[form.index("N")] if "N" in form else 1
            yield from ((form, D, batch) for batch in sorted({1, N}))


def _inputs(shapes):
    """Numbers of inputs that the shapes of the parameters admit."""
    sizes = {size for shape in shapes for size in shape}
    units = sizes | {size // G for size in sizes for G in (3, 4) if size % G == 0}
    return sorted(sizes | {D for size in sizes for H in units for D in (size - H, size - H - 1) if D > 0})
