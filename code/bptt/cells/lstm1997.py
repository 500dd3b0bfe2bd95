"""The LSTM of 1997 and its truncated gradient: cells in blocks that share their gates, and no forget gate.

Forward, for t = 1 … T, with one sample per row; z_t holds one g for each cell, one i and one o for each block::

    z_t = u_{t-1} W_hᵀ + x_t W_xᵀ + b

    i_t = σ(z_i)      o_t = σ(z_o)      g_t = 2 tanh(z_g/2)      between -2 and 2

    c_t = c_{t-1} + i_t ⊙ g_t           h_t = o_t ⊙ tanh(c_t/2)

    u_t = (h_t, i_t, o_t)               what every unit sees of the step before: the gates, too

    y = σ(h_T W_yᵀ + b_y)               the output units, which see the cells of the last step

The gradient is truncated at u: what reaches a gate or the input of a cell changes its weights, and goes no further.
Only the cell carries it back, and its self-connection is 1: dc is the same at every step. With E = ½ Σ (y - target)²::

    dz_y = (y - target) ⊙ y ⊙ (1 - y)                 dh = dz_y W_y

    dc   = dh ⊙ o_T ⊙ (1 - tanh²(c_T/2))/2            dz_o = dh ⊙ tanh(c_T/2) ⊙ o_T ⊙ (1 - o_T)   at step T

    dz_g = dc ⊙ i_t ⊙ (1 - g_t²/4)                    dz_i = dc ⊙ g_t ⊙ i_t ⊙ (1 - i_t)           at every step

where the gates of a block sum over its cells. Hochreiter and Schmidhuber (1997, appendix A.1) write it forward in time:
they carry ∂c_t/∂W along, equations (25) and (27), so that nothing of the past need be kept; `partials` does that.

Shapes: T steps, N samples, D inputs, B blocks, H cells in all, K output units, and U = H + 2B units that feed back, in
the order g, i, o; time first, all float64.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, fields, float_array, generator, number
from bptt.cells.activations import SIGMOID

sigma = SIGMOID.value


class Params(NamedTuple):
    """Parameters θ: ``W_x`` (U, D), ``W_h`` (U, U), ``b`` (U,); of the output units ``W_y`` (K, H), ``b_y`` (K,)."""

    W_x: np.ndarray
    W_h: np.ndarray
    b: np.ndarray
    W_y: np.ndarray
    b_y: np.ndarray


PARAMS_AXES = {"W_x": "U D", "W_h": "U U", "b": "U", "W_y": "K H", "b_y": "K"}


class Trace(NamedTuple):
    """What the forward pass leaves for the backward pass.

    ``x`` (T, N, D) inputs; ``u`` (T+1, N, U) what is fed back, h, i and o side by side, 0 before the first step; ``c``
    (T+1, N, H) the cells; ``g`` (T, N, H) what comes in; ``y`` (N, K) the outputs after the last step.
    """

    x: np.ndarray
    u: np.ndarray
    c: np.ndarray
    g: np.ndarray
    y: np.ndarray


TRACE_AXES = {"x": "T N D", "u": "T+1 N U", "c": "T+1 N H", "g": "T N H", "y": "N K"}


def init(D, K, blocks, size, rng, input_biases=(), spread=0.1):
    """Draw random parameters: all weights and biases uniform on ±spread, but for the biases of the input gates.

    Parameters
    ----------
    D, K : int
        Number of inputs and of output units.
    blocks, size : int
        Number of blocks, and of cells in each.
    rng : numpy.random.Generator
    input_biases : sequence of float
        Where the biases of the input gates begin, one for each block, or none at all.
    spread : float

    Returns
    -------
    Params

    Examples
    --------
    The networks of 1997 for the adding problem and for temporal order, tasks 6a and 6b, and their numbers of weights:

    >>> rng = np.random.default_rng(0)
    >>> [weights(init(*sizes, rng)) for sizes in [(2, 1, 2, 2), (8, 4, 2, 2), (8, 8, 3, 2)]]
    [93, 156, 308]
    """
    D, K, blocks, size = count("D", D), count("K", K), count("blocks", blocks), count("size", size)
    generator("rng", rng)
    spread, H = number("spread", spread, at_least=0), blocks * size
    if len(input_biases) not in {0, blocks}:
        raise ValueError(f"input_biases has {len(input_biases)} entries, but needs one for each of {blocks} blocks")
    U = H + 2 * blocks
    shapes = (U, D), (U, U), (U,), (K, H), (K,)
    params = Params(*(rng.uniform(-spread, spread, shape) for shape in shapes))
    params.b[H : H + len(input_biases)] = [number("input_biases", bias) for bias in input_biases]
    return params


def weights(params):
    """Number of weights, biases among them."""
    return sum(part.size for part in params)


def blocks(params):
    """Number of blocks: what is fed back is one h for each cell and two gates for each block."""
    return (len(params.b) - params.W_y.shape[1]) // 2


def step(params, x_part, u, c):
    """One step of the cells.

    Parameters
    ----------
    params : Params
    x_part : (N, U) array
        What the input adds to the pre-activations, ``x @ params.W_x.T``.
    u : (N, U) array
        What is fed back, from the step before.
    c : (N, H) array

    Returns
    -------
    u : (N, U) array
    c, g : (N, H) array
    """
    H, B = c.shape[1], blocks(params)
    z = u @ params.W_h.T + x_part + params.b
    g = 2 * np.tanh(z[:, :H] / 2)
    i, o = sigma(z[:, H : H + B]), sigma(z[:, H + B :])
    c = c + np.repeat(i, H // B, axis=1) * g
    h = np.repeat(o, H // B, axis=1) * np.tanh(c / 2)
    return np.concatenate([h, i, o], axis=1), c, g


def forward(params, x):
    """Unroll the network over a batch of sequences.

    Parameters
    ----------
    params : Params
    x : (T, N, D) array
        Inputs, time first.

    Returns
    -------
    Trace

    Examples
    --------
    A cell that adds 0.5 ⋅ 2 tanh(1/2) at every step, and never lets go:

    >>> params = init(1, 1, 1, 1, np.random.default_rng(0), spread=0.0)
    >>> params.b[0] = 1.0
    >>> forward(params, np.zeros((3, 1, 1))).c[:, 0, 0].round(3)
    array([0.   , 0.462, 0.924, 1.386])
    """
    sizes = check_params(params)
    float_array("x", x, "T N D", sizes)
    (T, N, _), U, H = x.shape, len(params.b), params.W_y.shape[1]
    u, c, g = np.zeros((T + 1, N, U)), np.zeros((T + 1, N, H)), np.empty((T, N, H))
    for t in range(T):
        u[t + 1], c[t + 1], g[t] = step(params, x[t] @ params.W_x.T, u[t], c[t])
    return Trace(x, u, c, g, sigma(u[T, :, :H] @ params.W_y.T + params.b_y))


def at_the_end(params, trace, dy):
    """Carry ∂E/∂y to the output units, the cells and the output gates of the last step, and no further.

    Parameters
    ----------
    params : Params
    trace : Trace
    dy : (N, K) array
        ∂E/∂y: for half the squared error it is y - target.

    Returns
    -------
    dz_y : (N, K) array
    dc : (N, H) array
    dz_o : (N, B) array
    """
    N, H, B = len(dy), params.W_y.shape[1], blocks(params)
    dz_y = dy * trace.y * (1 - trace.y)
    dh, o, squashed = dz_y @ params.W_y, trace.u[-1, :, H + B :], np.tanh(trace.c[-1] / 2)
    dc = dh * np.repeat(o, H // B, axis=1) * (1 - squashed**2) / 2
    dz_o = (dh * squashed).reshape(N, B, -1).sum(axis=2) * o * (1 - o)
    return dz_y, dc, dz_o


def slopes(params, trace):
    """Differentiate every step of the cells by its pre-activations.

    Returns
    -------
    c_g, c_i : (T, N, H) array
        ∂c_t/∂z_g, and ∂c_t/∂z_i of the gate of the cell's block.
    """
    H, B = params.W_y.shape[1], blocks(params)
    i = np.repeat(trace.u[1:, :, H : H + B], H // B, axis=2)
    return i * (1 - trace.g**2 / 4), trace.g * i * (1 - i)


def backward(params, trace, dy):
    """Truncated gradient of the loss.

    Parameters
    ----------
    params : Params
    trace : Trace
        From `forward` with the same parameters.
    dy : (N, K) array
        ∂E/∂y: for half the squared error it is y - target.

    Returns
    -------
    Params
        The gradients, each in the place of what it is the gradient of.

    Notes
    -----
    Agrees to 1e-12 relative with automatic differentiation of the same network whose u is detached at every step.

    Examples
    --------
    A gate that opens for one input only; what arrives there is as large after 1,000 more steps as after one:

    >>> params = init(1, 1, 1, 1, np.random.default_rng(0), input_biases=[-50.0], spread=0.0)
    >>> params.W_x[:2, 0], params.W_y[0, 0] = (1.0, 50.0), 1.0
    >>> x = np.zeros((1002, 1, 1))
    >>> x[0] = 1.0
    >>> grads = [backward(params, forward(params, x[:T]), np.ones((1, 1))).W_x[0, 0] for T in (2, 1002)]
    >>> bool(abs(grads[1] / grads[0] - 1) < 1e-12)
    True
    """
    sizes = check_params(params)
    fields("trace", trace, Trace, TRACE_AXES, sizes)
    float_array("dy", dy, "N K", sizes)
    (T, N, H), B = trace.g.shape, blocks(params)
    dz_y, dc, dz_o = at_the_end(params, trace, dy)
    c_g, c_i = slopes(params, trace)
    dz = np.zeros((T, N, len(params.b)))
    dz[:, :, :H] = dc * c_g
    dz[:, :, H : H + B] = (dc * c_i).reshape(T, N, B, -1).sum(axis=3)
    dz[-1, :, H + B :] = dz_o
    W_x, W_h = (np.tensordot(dz, seen, ([0, 1], [0, 1])) for seen in (trace.x, trace.u[:-1]))
    return Params(W_x, W_h, dz.sum(axis=(0, 1)), dz_y.T @ trace.u[-1, :, :H], dz_y.sum(axis=0))


def partials(params, trace):
    """Carry ∂c_t/∂W along with the steps, as in 1997; a block's gate counts once for each cell of the block.

    Parameters
    ----------
    params : Params
    trace : Trace

    Returns
    -------
    P_g, P_i : (N, H, D + U + 1) array
        ∂c_T by the weights from (x, u, 1) to its g, and to the input gate of its block.

    Notes
    -----
    Equations (27) and (25) of the paper. Times ∂E/∂c_T they are the rows of the gradient that `backward` returns.
    """
    fields("trace", trace, Trace, TRACE_AXES, check_params(params))
    seen = np.concatenate([trace.x, trace.u[:-1], np.ones((*trace.g.shape[:2], 1))], axis=2)
    P_g, P_i = 0.0, 0.0
    for c_g, c_i, s in zip(*slopes(params, trace), seen, strict=True):
        P_g = P_g + c_g[:, :, None] * s[:, None]
        P_i = P_i + c_i[:, :, None] * s[:, None]
    return P_g, P_i


def check_params(params):
    """Refuse parameters that do not fit together; return the sizes met."""
    sizes = fields("params", params, Params, PARAMS_AXES)
    U, H = len(params.b), params.W_y.shape[1]
    if U <= H or (U - H) % 2 or H % ((U - H) // 2):
        raise ValueError(f"params.b has {U} entries, but needs one for each of {H} cells and two for each block")
    return sizes
