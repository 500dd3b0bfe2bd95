"""Jacobians through the layers of a stack of attention, where depth takes the place of time.

All T steps of one sequence together are the state of a layer, so a Jacobian is of size T H::

    plain     X ↦ A(X)                    J
    residual  X ↦ X + A(X)                I + J
    pre       X ↦ X + A(LN(X))            I + J L       L has the Jacobians of LN on its diagonal, one block a step
    post      X ↦ LN(X + A(X))            L (I + J)
"""

from __future__ import annotations

import numpy as np

from bptt.arguments import choice, count, float_array, number
from bptt.cells import attention, normalise
from bptt.growth import lyapunov


def whole(params, trace, n=0):
    """Jacobian of all outputs of attention by all inputs of one sample.

    Parameters
    ----------
    params : attention.Params
    trace : attention.Trace
    n : int
        Which sample of the batch.

    Returns
    -------
    (T H, T D) array
        Blocks above the diagonal are zero, because no step reads a later one.
    """
    T, _, H = trace.y.shape
    blocks = np.stack([sum(attention.routes(params, trace, t, n)) for t in range(T)])
    return blocks.transpose(0, 2, 1, 3).reshape(T * H, -1)


def _plain(params, X):
    trace = attention.forward(params, X[:, None])
    return trace.y[:, 0], whole(params, trace)


def _residual(params, X):
    Y, J = _plain(params, X)
    return X + Y, np.eye(X.size) + J


def _pre(params, X):
    Y, J = _plain(params, normalise.layer_norm(X))
    return X + Y, np.eye(X.size) + J @ _each_step(X)


def _post(params, X):
    X, J = _residual(params, X)
    return normalise.layer_norm(X), _each_step(X) @ J


def _each_step(X):
    """Jacobian of the layer normalisation of every step by itself: block diagonal."""
    T, H = X.shape
    L = np.zeros((T, H, T, H))
    L[np.arange(T), :, np.arange(T), :] = normalise.jacobian(X)
    return L.reshape(T * H, T * H)


LAYERS = {"plain": _plain, "residual": _residual, "pre": _pre, "post": _post}
"""Kinds of layer, each a function of parameters and X that returns the next X and the Jacobian."""


def layers(stack, X, kind):
    """Jacobians of every layer of a stack of attention, on the way of one sequence.

    Parameters
    ----------
    stack : list of attention.Params
        One for each layer, from H inputs to H outputs.
    X : (T, H) array
        The sequence that enters the first layer.
    kind : str
        One of `LAYERS`.

    Returns
    -------
    (layers, T H, T H) array
        For `bptt.chains.jacobians`, with layers in place of steps.

    Examples
    --------
    >>> stack = [attention.init(2, 2, np.random.default_rng(0))] * 3
    >>> layers(stack, np.ones((4, 2)), "residual").shape
    (3, 8, 8)
    """
    choice("kind", kind, LAYERS)
    float_array("X", X, "T H")
    J = []
    for params in stack:
        X, J_layer = LAYERS[kind](params, X)
        J.append(J_layer)
    return np.stack(J)


def by_gain(kind, gain, depth=32, T=6, H=12, seeds=3):
    """Largest growth rate through random stacks of attention that read white noise, one for each seed.

    Parameters
    ----------
    kind : str
        One of `LAYERS`.
    gain : float
        Scale of the weights that make the values.
    depth, T, H, seeds : int
        Layers, steps, entries of a step, stacks.

    Returns
    -------
    (seeds,) array
        Nats per layer.

    Notes
    -----
    Page Attention.

    Examples
    --------
    >>> by_gain("plain", 0.5, depth=8, seeds=2).shape
    (2,)
    """
    gain = number("gain", gain, at_least=0)
    depth, T, H, seeds = (count(name, n) for name, n in (("depth", depth), ("T", T), ("H", H), ("seeds", seeds)))
    rows = np.repeat([1.0, 1.0, gain], H)[:, None]
    rates = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        drawn = (attention.init(H, H, rng) for _ in range(depth))
        stack = [params._replace(W_x=rows * params.W_x) for params in drawn]
        J = layers(stack, rng.standard_normal((T, H)), kind)
        rates.append(lyapunov.exponents(J, k=1)[0])
    return np.array(rates)
