"""Sequences of unequal length in one batch: where each one ends, for every cell.

The short ones are padded at their end. A cell runs over the whole batch as always, because no state sees what comes
after it. What remains is to read each state where its own sequence ends, and to let the loss enter there::

    trace = rnn.forward(params, x)
    h_n = lengths.last(trace.h, ends)
    grads = rnn.backward(params, trace, lengths.at_last(dh, ends, T))

`ends` holds the length of each sequence, (N,) whole numbers from 1 to T.
"""

from __future__ import annotations

import numpy as np

from bptt.arguments import count, float_array


def mask(ends, T):
    """Say which steps are read: 1 up to the end of each sequence, 0 on the padding.

    Parameters
    ----------
    ends : (N,) array of int
        Length of each sequence.
    T : int
        Steps of the batch.

    Returns
    -------
    (T, N) array of float

    Examples
    --------
    >>> mask(np.array([3, 1]), T=3)
    array([[1., 1.],
           [1., 0.],
           [1., 0.]])
    """
    T = count("T", T)
    _check(ends, T)
    return (np.arange(T)[:, None] < ends).astype(float)


def last(h, ends):
    """Read the state at the end of each sequence.

    Parameters
    ----------
    h : (T+1, N, H) array
        States of a trace, the initial one in front: ``h[t]`` is the state after step t.
    ends : (N,) array of int

    Returns
    -------
    (N, H) array
        What ``torch.nn.RNN`` returns as ``h_n`` for a packed batch.

    Examples
    --------
    >>> h = np.arange(4.0).reshape(4, 1, 1)
    >>> last(h, np.array([2]))
    array([[2.]])
    """
    float_array("h", h, "T+1 N H")
    _check(ends, len(h) - 1, h.shape[1])
    return h[ends, np.arange(len(ends))]


def at_last(dh, ends, T):
    """Let a loss on the last states enter where each sequence ends: the way back of `last`.

    Parameters
    ----------
    dh : (N, H) array
        ∂E/∂h at the end of each sequence.
    ends : (N,) array of int
    T : int
        Steps of the batch.

    Returns
    -------
    (T, N, H) array
        For the backward pass of any cell; zero but there. The walk back reaches each sequence at its end, so that
        its padding contributes exactly nothing.

    Examples
    --------
    >>> at_last(np.array([[7.0]]), np.array([2]), T=3)[:, 0, 0]
    array([0., 7., 0.])
    """
    T = count("T", T)
    float_array("dh", dh, "N H")
    _check(ends, T, len(dh))
    losses = np.zeros((T, *dh.shape))
    losses[ends - 1, np.arange(len(ends))] = dh
    return losses


def turned(x, ends):
    """Turn every sequence round within its own length, and leave the padding where it is.

    Parameters
    ----------
    x : (T, N, D) array
        Inputs, or the states ``h[1:]`` of a network that has read turned inputs.
    ends : (N,) array of int

    Returns
    -------
    (T, N, D) array
        What the backward half of a bidirectional layer reads. Turned twice, it is `x` again.

    Examples
    --------
    >>> turned(np.array([1.0, 2.0, 0.0]).reshape(3, 1, 1), np.array([2]))[:, 0, 0]
    array([2., 1., 0.])
    """
    float_array("x", x, "T N D")
    _check(ends, len(x), x.shape[1])
    t = np.arange(len(x))[:, None]
    return x[np.where(t < ends, ends - 1 - t, t), np.arange(len(ends))]


def _check(ends, T, N=None):
    """Refuse lengths that are no whole numbers, not one a sequence, or outside of the batch."""
    needs = f"whole numbers from 1 to T = {T}, one for each of the {N or 'N'} sequences"
    if type(ends) is not np.ndarray or ends.ndim != 1 or not np.issubdtype(ends.dtype, np.integer):
        raise TypeError(f"ends is {ends!r}, but needs an array of {needs}")
    if len(ends) != (N or len(ends)) or not len(ends) or ends.min() < 1 or ends.max() > T:
        raise ValueError(f"ends is {ends!r}, but needs {needs}")
