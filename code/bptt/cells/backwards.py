"""What every backward pass has in common: losses that enter at the states, and gradients that must stay finite."""

from __future__ import annotations

import numpy as np

from bptt.arguments import float_array


def at_every_step(name, loss, sizes):
    """What the loss adds to the gradient of a state, for each of the T steps.

    Parameters
    ----------
    name : str
        What the caller calls it.
    loss : (N, H) or (T, N, H) array
        On the last state, or on all of them.
    sizes : dict
        The lengths met so far, as in `bptt.arguments.float_array`.

    Returns
    -------
    sequence of length T
        The loss itself, or zeros but for the last step.

    Examples
    --------
    >>> at_every_step("dh", np.ones((1, 2)), {"T": (3, "x")})
    [0.0, 0.0, array([[1., 1.]])]
    """
    float_array(name, loss, "T N H" if np.ndim(loss) == 3 else "N H", sizes, finite=False)
    return loss if loss.ndim == 3 else [0.0] * (sizes["T"][0] - 1) + [loss]


def finite(grads, params, trace, check_trace, **losses):
    """Return the gradients if they are finite; else refuse them, and say why.

    A NaN in the trace or in the losses shows in the sums over all steps. To look for it there costs next to nothing;
    to look through the whole trace each time would cost a tenth of the backward pass.

    Parameters
    ----------
    grads : NamedTuple
    params, trace
        Of the same cell.
    check_trace : callable
        That cell's, which names the first entry of the trace that is not finite.
    losses : array or None
        Under the names that the caller gave them.
    """
    states = [getattr(trace, state)[-1] for state in ("h", "c") if state in trace._fields]
    sums = [part for name, part in grads._asdict().items() if name != "x"]
    if all(np.isfinite(part).all() for part in (*sums, *states)):
        return grads
    sizes = check_trace(params, trace)
    for name, loss in losses.items():
        if loss is not None:
            float_array(name, loss, "T N H" if loss.ndim == 3 else "N H", sizes)
    raise FloatingPointError(
        f"the gradient overflows on its way back through {len(trace.x)} steps: it needs fewer steps"
    )


def at_its_own_step(part, T):
    """Contributions of what enters at one step alone: ``part[t]`` at step t, or all of it at the first step.

    Parameters
    ----------
    part : (T, N, D) or (N, H) array
        The gradient of the inputs, or of an initial state.
    T : int

    Returns
    -------
    (T, T, N, D) or (T, N, H) array
        Zero but there.

    Examples
    --------
    >>> at_its_own_step(np.ones((1, 1)), 2)[:, 0, 0]
    array([1., 0.])
    """
    contributions = np.zeros((T, *part.shape))
    if part.ndim == 3:
        contributions[np.arange(T), np.arange(T)] = part
    else:
        contributions[0] = part
    return contributions
