"""Are a forward and a backward pass functions? The same arguments, the same values; and a gradient is linear in dh."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.examine.mistakes_calls import gathered, numbers, quiet


class Finding(NamedTuple):
    """A sentence, and whether it says that all is well."""

    fine: bool
    text: str


def findings(hand, arrays, x, dh, tolerance):
    """Call both passes again and again, and say what they do that a function does not.

    Parameters
    ----------
    hand : Hand
    arrays : list of array
    x : (T, 2, D) array
        Two samples, of which the first is used where the passes take one.
    dh : (T, 2, H) array
    tolerance : float
        Largest relative difference that counts as none.

    Returns
    -------
    list of Finding
    """
    one, up = x[:, :1], dh[:, :1]
    tests = [
        _twice("forward", hand, arrays, one, None, tolerance),
        _twice("backward", hand, arrays, one, up, tolerance),
        _linear(hand, arrays, one, up, tolerance),
        _samples(hand, arrays, x, dh, tolerance) if "N" in hand.form and "N" in hand.out and hand.batch == 1 else None,
    ]
    return [finding for finding in tests if finding]


def forward_twice(hand, arrays, x):
    """Whether two calls of the forward pass agree: a Finding."""
    return _twice("forward", hand, arrays, x, None, 0.0)


def loss_twice(loss, parameters, arrays):
    """Call a function ``loss(params) -> (loss, gradients)`` twice with the very same arguments.

    Returns
    -------
    Finding
        Whether the two calls agree.
    list of array
        The gradient of the first.
    """
    params = parameters.build(arrays, "own")
    before = parameters.read(parameters.build(arrays, "own"))
    energy, gradient = _read(quiet(loss, params), parameters)
    again, gradient_again = _read(quiet(loss, params), parameters)
    if far(parameters.read(params), before, 0):
        return Finding(False, "loss writes into params: its caller's arrays are others afterwards"), gradient
    if energy != again:
        texts = f"two calls of loss with the same params differ, {energy:.4g} and {again:.4g}"
        return Finding(False, f"{texts}: it keeps something, or draws at random"), gradient
    if far(gradient, gradient_again, 1e-12):
        return Finding(False, "two calls of loss give different gradients: something is kept"), gradient
    return Finding(True, "two calls of loss agree, no argument changed"), gradient


def _read(pair, parameters):
    """A loss and its gradients as numbers of our own."""
    return float(pair[0]), parameters.read(pair[1])


def far(a, b, tolerance):
    """Whether two lists of arrays differ anywhere, relative to the largest entry of the second."""
    size = max(np.abs(one).max() for one in b)
    return any(not np.abs(p - q).max() <= tolerance * size for p, q in zip(a, b, strict=True))


def _twice(name, hand, arrays, x, dh, tolerance):
    """Call one of them twice with the very same arguments, and look at the arguments afterwards."""
    arguments = {"params": hand.parameters.build(arrays, hand.dtype), "x": hand.inputs(x)}
    if name == "backward":
        arguments["dh"] = hand.upstream(dh)
        call = lambda: hand.parameters.read(quiet(hand.backward, *arguments.values()))
    else:
        call = lambda: [gathered(quiet(hand.forward, *arguments.values()), len(x))]
    before = _copies(hand, arguments)
    first = [array.copy() for array in call()]
    for argument, kept in before.items():
        if far(_copies(hand, arguments)[argument], kept, 0):
            return Finding(False, f"{name} writes into {argument}: its caller's array is another one afterwards")
    if far(call(), first, tolerance):
        return Finding(
            False, f"two calls of {name} with the same arguments differ: it keeps something, or draws at random"
        )
    return Finding(True, f"two calls of {name} agree, no argument changed")


def _copies(hand, arguments):
    """The numbers in each argument."""
    copies = {name: [numbers(value)] for name, value in arguments.items() if name != "params"}
    return {"params": [one.copy() for one in hand.parameters.read(arguments["params"])], **copies}


def _linear(hand, arrays, x, dh, tolerance):
    """Twice the loss, twice the gradient; at any size."""
    base = hand.gradient(arrays, x, dh / 1024)
    zero = hand.gradient(arrays, x, 0 * dh)
    if any(one.any() for one in zero):
        return Finding(False, "with no loss at all the gradient is not zero: backward adds something of its own")
    for factor in (1024, 2**20):
        larger = [one / factor for one in hand.gradient(arrays, x, dh * (factor / 1024))]
        if far(larger, base, 10 * tolerance):
            return Finding(
                False, f"{factor} times the loss does not give {factor} times the gradient{_bound(hand, arrays, x, dh)}"
            )
    return Finding(True, "the gradient is linear in dh")


def _bound(hand, arrays, x, dh):
    """What cuts a large gradient, as the end of a sentence."""
    large = hand.gradient(arrays, x, dh * 2.0**20)
    if clipped := bounds(large):
        return f": {clipped[0]}"
    norm, twice = (
        np.linalg.norm([np.linalg.norm(g) for g in hand.gradient(arrays, x, dh * s)]) for s in (2.0**20, 2.0**21)
    )
    if abs(twice - norm) < 1e-3 * norm:
        return f": backward clips the gradient to the norm {norm:.3g}, which belongs outside"
    return ""


def bounds(gradient):
    """Whether several entries of a gradient share the largest absolute value, as where it was clipped: a note."""
    top = max(np.abs(one).max() for one in gradient)
    n = sum(int((np.abs(one) == top).sum()) for one in gradient)
    clipped = f"{n} entries of the gradient are ±{top:.3g} exactly: clipped, which belongs outside"
    return [clipped] if n > 1 and top else []


def _samples(hand, arrays, x, dh, tolerance):
    """A batch of two is the sum of two batches of one."""
    try:
        both = hand.gradient(arrays, x, dh)
    except Exception:  # made for one sample at a time
        return None
    one, two = (hand.gradient(arrays, x[:, n : n + 1], dh[:, n : n + 1]) for n in (0, 1))
    added = [a + b for a, b in zip(one, two, strict=True)]
    if not far(both, added, 10 * tolerance):
        return Finding(True, "the samples of a batch add up")
    if not far([2 * array for array in both], added, 10 * tolerance):
        return Finding(True, "the gradient is the mean over the samples, not their sum")
    return Finding(False, "a batch of two is neither the sum nor the mean of its two samples: they see each other")
