"""The LSTM and its gradient, by back-propagation through time.

Forward, for t = 1 … T, with one sample per row; z_t holds four blocks, one for each of i, f, g, o::

    z_t = h_{t-1} W_hᵀ + x_t W_xᵀ + b

    i_t = σ(z_i)    f_t = σ(z_f)    g_t = tanh(z_g)    o_t = σ(z_o)

    c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t,         h_t = o_t ⊙ tanh(c_t)

Backward, from the last step to the first, with R_t = o_t ⊙ (1 - tanh² c_t), the slope of the read-out::

    dc_t = dh_t ⊙ R_t + dc_{t+1} ⊙ f_{t+1}   (+ the loss on c_t)

    dz_i = dc_t ⊙ g_t ⊙ i_t ⊙ (1 - i_t)      dz_f = dc_t ⊙ c_{t-1} ⊙ f_t ⊙ (1 - f_t)
    dz_g = dc_t ⊙ i_t ⊙ (1 - g_t²)           dz_o = dh_t ⊙ tanh(c_t) ⊙ o_t ⊙ (1 - o_t)

    dh_{t-1} = dz_t W_h                      (+ the loss on h_{t-1})

Shapes: T steps, N samples, D inputs, H hidden units; time first, batch second, all float64. The candidate c̃ is called
g, and the gates are stacked in the order i, f, g, o, as in PyTorch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import count, fields, float_array, generator, number
from bptt.cells.activations import SIGMOID
from bptt.cells.backwards import at_every_step, at_its_own_step, finite

sigma = SIGMOID.value


class Params(NamedTuple):
    """Parameters θ, stacked in the order i, f, g, o: ``W_x`` (4H, D), ``W_h`` (4H, H), ``b`` (4H,)."""

    W_x: np.ndarray
    W_h: np.ndarray
    b: np.ndarray


PARAMS_AXES = {"W_h": "4H H", "W_x": "4H D", "b": "4H"}


class Trace(NamedTuple):
    """What the forward pass leaves for the backward pass.

    ``x`` (T, N, D) inputs; ``h`` and ``c`` (T+1, N, H) states, ``h[0]`` and ``c[0]`` the initial ones; the gates ``i``,
    ``f``, ``o`` and the candidate ``g`` (T, N, H), where ``f[t-1]`` is the gate f_t that leads to ``c[t]``.
    """

    x: np.ndarray
    h: np.ndarray
    c: np.ndarray
    i: np.ndarray
    f: np.ndarray
    g: np.ndarray
    o: np.ndarray


TRACE_AXES = {"x": "T N D", "h": "T+1 N H", "c": "T+1 N H"} | dict.fromkeys("ifgo", "T N H")


class Grads(NamedTuple):
    """Gradients of the loss, each of the shape of what it is the gradient of."""

    W_x: np.ndarray
    W_h: np.ndarray
    b: np.ndarray
    x: np.ndarray
    h0: np.ndarray
    c0: np.ndarray


def init(D, H, rng, gain=1.0, forget_bias=0.0):
    """Draw random parameters: W_h ~ N(0, gain²/H), W_x ~ N(0, 1/D), b = 0 but for the forget gate.

    Parameters
    ----------
    D, H : int
        Number of inputs and of hidden units.
    rng : numpy.random.Generator
    gain : float
        Scale of the recurrent weights: the spectral radius of each of the four blocks tends to `gain` as H grows.
    forget_bias : float
        Bias of the forget gate. At rest the cell keeps σ(forget_bias) of its state in a step: half of it at 0.

    Returns
    -------
    Params

    Examples
    --------
    >>> init(2, 1, np.random.default_rng(0), forget_bias=1.0).b
    array([0., 1., 0., 0.])
    """
    D, H, gain = count("D", D), count("H", H), number("gain", gain, at_least=0)
    generator("rng", rng)
    W_h = gain * rng.standard_normal((4 * H, H)) / np.sqrt(H)
    W_x = rng.standard_normal((4 * H, D)) / np.sqrt(D)
    b = np.zeros(4 * H)
    b[H : 2 * H] = number("forget_bias", forget_bias)
    return Params(W_x, W_h, b)


def chrono(params, longest, rng):
    """Give the cells time scales from 2 steps to the longest expected one: b_f = ln U(1, longest - 1), b_i = -b_f.

    Parameters
    ----------
    params : Params
        Its other entries are kept.
    longest : int
        The longest time over which the network should remember, in steps.
    rng : numpy.random.Generator

    Returns
    -------
    Params

    Notes
    -----
    Page 3.3, Time scales. The chrono initialisation of Tallec and Ollivier (ICLR 2018). At rest a cell forgets the
    share 1 - f = 1/(1 + e^{b_f}) of its state in a step, which is one part in 1 + U(1, longest - 1).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> chrono(init(2, 2, rng), 100, rng).b.round(1)
    array([-2.7, -4.3,  2.7,  4.3,  0. ,  0. ,  0. ,  0. ])
    """
    H, longest = fields("params", params, Params, PARAMS_AXES)["H"][0], count("longest", longest, at_least=2)
    generator("rng", rng)
    b = params.b.copy()
    b[H : 2 * H] = chrono_biases(H, longest, rng)
    b[:H] = -b[H : 2 * H]
    return params._replace(b=b)


def chrono_biases(H, longest, rng):
    """Draw the forget biases of `chrono`: ln U(1, longest - 1), one for each of H cells."""
    return np.log(rng.uniform(1, longest - 1, H))


def step(params, x_part, h, c):
    """One step of the cell; page 3.1, The cell.

    Parameters
    ----------
    params : Params
    x_part : (N, 4H) array
        What the input adds to the pre-activations, ``x @ params.W_x.T``.
    h, c : (N, H) array
        The state before the step.

    Returns
    -------
    h, c, i, f, g, o : (N, H) array
    """
    z_i, z_f, z_g, z_o = np.split(x_part + h @ params.W_h.T + params.b, 4, axis=1)
    i = sigma(z_i)
    f = sigma(z_f)
    g = np.tanh(z_g)
    o = sigma(z_o)
    c = f * c + i * g
    h = o * np.tanh(c)
    return h, c, i, f, g, o


def forward(params, x, h0=None, c0=None):
    """Unroll the cell over a batch of sequences.

    Parameters
    ----------
    params : Params
    x : (T, N, D) array
        Inputs, time first.
    h0, c0 : (N, H) array, optional
        Initial hidden state and cell state, zero when left out.

    Returns
    -------
    Trace

    Raises
    ------
    FloatingPointError
        When the weights are so large that a pre-activation is beyond what float64 holds.

    Notes
    -----
    Page 3.1, The cell. All input projections are one matrix product, and the recurrent part of a step is another.
    Agrees with ``torch.nn.LSTM`` to 1e-12 relative.

    Examples
    --------
    >>> params = Params(W_x=np.zeros((4, 1)), W_h=np.zeros((4, 1)), b=np.zeros(4))
    >>> forward(params, np.zeros((3, 1, 1)), c0=np.ones((1, 1))).c[:, 0, 0]
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    sizes = fields("params", params, Params, PARAMS_AXES)
    float_array("x", x, "T N D", sizes)
    (T, N, D), H = x.shape, params.W_h.shape[1]
    h, c = np.empty((2, T + 1, N, H))
    for name, start, given in (("h0", h, h0), ("c0", c, c0)):
        if given is not None:
            float_array(name, given, "N H", sizes)
        start[0] = 0.0 if given is None else given
    params = params._replace(W_h=np.asfortranarray(params.W_h))  # W_hᵀ in the order in which the loop reads it
    with np.errstate(over="ignore", invalid="ignore"):
        drive = (x.reshape(T * N, D) @ params.W_x.T).reshape(T, N, 4 * H)
        # Having read its drive a step leaves its gates in the same memory, one gate after the other.
        i, f, g, o = np.moveaxis(drive.reshape(T, 4, N, H), 1, 0)
        for t in range(T):
            h[t + 1], c[t + 1], i[t], f[t], g[t], o[t] = step(params, drive[t], h[t], c[t])
    if not np.isfinite(h).all():
        t = int(np.argmin(np.isfinite(h).all(axis=(1, 2))))
        raise FloatingPointError(f"the pre-activation z overflows at step {t} of {T}: it needs smaller weights")
    return Trace(x, h, c, i, f, g, o)


def slopes(i, f, g, o, c_before, c):
    """Differentiate one step of the cell, or many, element by element.

    Parameters
    ----------
    i, f, g, o : array
        The gates of the step.
    c_before, c : array
        The cell state before it and after it, of the same shape.

    Returns
    -------
    c_i, c_f, c_g : array
        ∂c_t/∂z_i, ∂c_t/∂z_f and ∂c_t/∂z_g: what the pre-activations of i, f and g do to the cell.
    h_o, h_c : array
        ∂h_t/∂z_o, and ∂h_t/∂c_t at a given o_t, the diagonal of R_t.

    Notes
    -----
    Page 4.1, The joint Jacobian. A gate that rounds to 0 or 1 has slope exactly 0.
    """
    tanh_c = np.tanh(c)
    c_i = g * i * (1 - i)
    c_f = c_before * f * (1 - f)
    c_g = i * (1 - g * g)
    h_o = tanh_c * o * (1 - o)
    h_c = o * (1 - tanh_c * tanh_c)
    return c_i, c_f, c_g, h_o, h_c


def deltas(params, trace, losses_h, losses_c):
    """Carry ∂E/∂h and ∂E/∂c from the last step to the first; page 4.1, The joint Jacobian.

    Parameters
    ----------
    params : Params
    trace : Trace
    losses_h, losses_c : sequence of T (N, H) arrays
        ∂E_t/∂h_t and ∂E_t/∂c_t, or 0.0 where the loss does not look.

    Returns
    -------
    dz : (T, N, 4H) array
        ∂E/∂z_t, the gradients at the pre-activations.
    dh, dc : (N, H) array
        ∂E/∂h_0 and ∂E/∂c_0.
    """
    _, _, c, i, f, g, o = trace
    dz, dh, dc = np.empty((*f.shape[:2], 4 * f.shape[2])), 0.0, 0.0
    for t in reversed(range(len(dz))):
        c_i, c_f, c_g, h_o, h_c = slopes(i[t], f[t], g[t], o[t], c[t], c[t + 1])
        dh = dh + losses_h[t]
        dc = dc + losses_c[t] + dh * h_c
        np.concatenate([dc * c_i, dc * c_f, dc * c_g, dh * h_o], axis=1, out=dz[t])
        dh = dz[t] @ params.W_h
        dc = dc * f[t]
    return dz, dh, dc


@np.errstate(over="ignore", invalid="ignore")
def backward(params, trace, dh, dc=None):
    """Gradient of the loss by back-propagation through time: ∂E/∂h and ∂E/∂c, carried from the last step to the first.

    Parameters
    ----------
    params : Params
    trace : Trace
        From `forward` with the same parameters.
    dh : (N, H) or (T, N, H) array
        ∂E/∂h_T for a loss on the last hidden state, or ∂E_t/∂h_t at every step.
    dc : (N, H) or (T, N, H) array, optional
        The same for a loss on the cell state.

    Returns
    -------
    Grads

    Raises
    ------
    FloatingPointError
        When the gradient explodes beyond what float64 holds.

    Notes
    -----
    Page 4.1, The joint Jacobian. Time O(T N H (D + H)), memory O(T N H). Agrees with automatic differentiation to 1e-12
    relative. Where a gate saturates its slope is exactly 0 in float64, and so is what passes through it.

    Examples
    --------
    >>> params = Params(W_x=np.zeros((4, 1)), W_h=np.zeros((4, 1)), b=np.zeros(4))
    >>> trace = forward(params, np.zeros((3, 1, 1)))
    >>> backward(params, trace, np.zeros((1, 1)), dc=np.ones((1, 1))).c0
    array([[0.125]])
    """
    dz, dh0, dc0 = deltas(params, trace, *_losses(params, trace, dh, dc))
    T, N, D = trace.x.shape
    flat, seen = dz.reshape(T * N, -1), np.concatenate([trace.x, trace.h[:-1], np.ones((T, N, 1))], axis=2)
    W_x, W_h, b = np.split((seen.reshape(T * N, -1).T @ flat).T, [D, -1], axis=1)
    grads = Grads(W_x, W_h, b[:, 0], x=(flat @ params.W_x).reshape(T, N, D), h0=dh0, c0=dc0)
    return finite(grads, params, trace, check_trace, dh=dh, dc=dc)


@np.errstate(over="ignore", invalid="ignore")
def contributions(params, trace, dh, dc=None):
    """Split the gradient into the temporal contributions of the steps.

    Parameters
    ----------
    params, trace, dh, dc
        As for `backward`.

    Returns
    -------
    Grads
        Each with a leading axis of length T: entry k-1 is the contribution of step k, the gradient with respect to
        the copy θ_k of the parameters that only step k uses. Summed over that axis they are the gradient.

    Notes
    -----
    Page 4.1, The joint Jacobian. Memory O(T H² + T² N D): meant for looking, not for training. Each x_k enters at
    step k alone, h_0 and c_0 at step 1 alone, so their other contributions are exactly zero.
    """
    dz, dh0, dc0 = deltas(params, trace, *_losses(params, trace, dh, dc))
    grads = Grads(
        W_x=dz.swapaxes(1, 2) @ trace.x,
        W_h=dz.swapaxes(1, 2) @ trace.h[:-1],
        b=dz.sum(axis=1),
        x=at_its_own_step(dz @ params.W_x, len(dz)),
        h0=at_its_own_step(dh0, len(dz)),
        c0=at_its_own_step(dc0, len(dz)),
    )
    return finite(grads, params, trace, check_trace, dh=dh, dc=dc)


def _losses(params, trace, dh, dc):
    """Check the arguments of a backward pass; return what the losses add to it, step by step."""
    sizes = check_trace(params, trace, finite=False)
    losses_h = at_every_step("dh", dh, sizes)
    return losses_h, [0.0] * len(trace.x) if dc is None else at_every_step("dc", dc, sizes)


def steps(params, trace, n=0):
    """One-step Jacobians of the state (h, c) along the trajectory of one sample.

    Parameters
    ----------
    params : Params
    trace : Trace
    n : int
        Which sample of the batch.

    Returns
    -------
    (T, 2H, 2H) array
        ``J[t]`` = ∂(h, c)_{t+1}/∂(h, c)_t, h first.

    Notes
    -----
    Page 4.1, The joint Jacobian. Agrees with automatic differentiation to 1e-12 relative.

    Examples
    --------
    >>> params = Params(W_x=np.zeros((4, 1)), W_h=np.zeros((4, 1)), b=np.zeros(4))
    >>> steps(params, forward(params, np.zeros((1, 1, 1))))
    array([[[0.  , 0.25],
            [0.  , 0.5 ]]])
    """
    check_trace(params, trace)
    n = count("n", n, at_least=0, at_most=trace.f.shape[1] - 1)
    c, i, f, g, o = (part[:, n, :, None] for part in trace[2:])
    c_i, c_f, c_g, h_o, R = slopes(i, f, g, o, c[:-1], c[1:])
    W_i, W_f, W_g, W_o = np.split(params.W_h, 4)
    A, B, F = c_i * W_i + c_f * W_f + c_g * W_g, h_o * W_o, f * np.eye(len(W_f))
    return np.block([[B + R * A, R * F], [A, F]])


def check_trace(params, trace, finite=True):
    """Refuse parameters and a trace that do not fit together; return the sizes met.

    Parameters
    ----------
    params : Params
    trace : Trace
    finite : bool
        Whether to look through the trace for NaN and infinity.
    """
    sizes = fields("params", params, Params, PARAMS_AXES)
    return fields("trace", trace, Trace, TRACE_AXES, sizes, finite)
