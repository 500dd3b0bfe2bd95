"""Four miniatures: what the explorables of the site compute, computed here by the package.

The site repeats them in the reader's browser, number by number. So nothing may depend on a generator that only NumPy
has: random weights and inputs come from `noise`, three lines in either language.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt.arguments import choice, count, float_array, number
from bptt.cells import lstm, rnn
from bptt.cells.activations import IDENTITY, RELU, SIGMOID, TANH
from bptt.chains import jacobians, routes
from bptt.growth import one_unit, spectra
from bptt.learning.clipping import by_norm

ACTIVATIONS = {a.name: a for a in (TANH, RELU, SIGMOID, IDENTITY)}
DRIVES = ("noise", "held", "turns")


class Ellipses(NamedTuple):
    """What the Jacobians of two units make of a circle.

    ``products`` (T+1, 2, 2) are ∂h_m/∂h_0 for m = 0 … T, ``log_norms`` (T+1,) the logarithms of their norms in nats;
    ``log_bound`` and ``log_radius`` are ln γσ_max and ln γρ, in nats per step.
    """

    products: np.ndarray
    log_norms: np.ndarray
    log_bound: float
    log_radius: float


class Walk(NamedTuple):
    """Gradient descent: ``w``, ``b``, ``loss`` and the norm of the gradient, each (steps+1,)."""

    w: np.ndarray
    b: np.ndarray
    loss: np.ndarray
    norm: np.ndarray


class Gate(NamedTuple):
    """A cell of one unit: ``kept`` (T+1,) of a state of 1, and ``filled`` (T+1,) by a candidate of 1 from 0."""

    kept: np.ndarray
    filled: np.ndarray


class Routes(NamedTuple):
    """ln‖dc_T/dc_k‖ in nats, by distance T - k = 0 … T: by all routes, the article's chain, the forget gates alone."""

    whole: np.ndarray
    article: np.ndarray
    forget: np.ndarray


def noise(seed, n):
    """Random numbers of variance 1, uniform between ±√3, the same in any language.

    Parameters
    ----------
    seed : int
        Between 1 and 2³¹ - 2.
    n : int

    Returns
    -------
    (n,) array

    Raises
    ------
    TypeError, ValueError
        When an argument is no whole number in range.

    Notes
    -----
    The generator of Park and Miller, s ← 48271 s mod (2³¹ - 1): no product exceeds 2⁵³, so that floating point is
    exact. Good enough for weights to look at, and for nothing else.

    Examples
    --------
    >>> noise(4711, 2).round(3)
    array([-1.365,  0.304])
    """
    seed, n = count("seed", seed, at_most=2**31 - 2), count("n", n)
    states = []
    for _ in range(n):
        seed = 48271 * seed % (2**31 - 1)
        states.append(seed)
    return np.sqrt(12) * (np.array(states) / (2**31 - 1) - 0.5)


def ellipses(W, activation="tanh", drive="noise", strength=0.0, T=60):
    """Products of the Jacobians of two units, and the two rates that are said to bound them.

    Parameters
    ----------
    W : (2, 2) array
        Recurrent weights.
    activation : str
        ``"tanh"``, ``"relu"``, ``"sigmoid"`` or ``"identity"``.
    drive : str
        ``"noise"``: inputs of the standard deviation `strength`, and none at 0. ``"held"``: inputs hold the second unit
        at the pre-activation -strength, and the first one where it listens, where its slope is steepest. ``"turns"``:
        the units listen in turn.
    strength : float
    T : int
        Number of steps.

    Returns
    -------
    Ellipses

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or there is no such activation or drive.

    Notes
    -----
    Page 2.2, Products of Jacobians.

    Examples
    --------
    >>> from bptt.growth.matrices import TRANSIENT
    >>> round(float(np.exp(ellipses(TRANSIENT).log_norms.max())), 1)
    38.7
    """
    float_array("W", W, "2 2", {"2": (2, "a network of two units")})
    choice("activation", activation, ACTIVATIONS)
    choice("drive", drive, DRIVES)
    T, strength, a = count("T", T), number("strength", strength, at_least=0), ACTIVATIONS[activation]
    params, xi = rnn.Params(W_x=np.eye(2), W_h=W, b=np.zeros(2)), strength * noise(4711, 2 * T).reshape(T, 1, 2)
    led = drive != "noise"
    trace = _led(params, a, drive, strength, T) if led else rnn.forward(params, xi, activation=a)
    J = jacobians.rnn_steps(params, trace)
    reversed_J = np.ascontiguousarray(J[::-1].swapaxes(1, 2))  # the norm of J_m … J_1 is that of J_1ᵀ … J_mᵀ
    products = np.array([jacobians.product(J[:m]) for m in range(T + 1)])
    with np.errstate(divide="ignore"):
        rates = np.log([a.gamma * spectra.sigma_max(W), a.gamma * spectra.spectral_radius(W)])
    return Ellipses(products, jacobians.log_norms(reversed_J)[::-1], *rates.tolist())


def _led(params, a, drive, strength, T):
    """Trace of a network whose inputs answer its state: listening units stand at z = 0, with ReLU at 1, others below.

    Inputs worked out beforehand would not do: where gradients explode, rounding errors leave the path.
    """
    listening, odd = float(a is RELU), np.arange(1, T + 1) % 2 == 1
    first = ~odd if drive == "turns" else np.ones(T, dtype=bool)
    second = odd if drive == "turns" else np.zeros(T, dtype=bool)
    z = np.where(np.stack([first, second], axis=1), listening, -strength)[:, None]
    h = np.concatenate([np.zeros((1, 1, 2)), a.value(z)])
    return rnn.Trace(x=z - h[:-1] @ params.W_h.T, h=h, slope=a.slope(z, h[1:]))


def walk(w, b, rate=0.1, max_norm=np.inf, steps=40):
    """Gradient descent on the loss of `one_unit.cliff`, with the gradient clipped by its norm.

    Parameters
    ----------
    w, b : float
        Where it starts.
    rate : float
        Learning rate.
    max_norm : float
        Longer gradients are shortened to it; none by default.
    steps : int

    Returns
    -------
    Walk

    Raises
    ------
    TypeError, ValueError
        When an argument is no number in range.

    Notes
    -----
    Pages 2.5, Robust memory and its price, and 4.4, Clipping.

    Examples
    --------
    >>> free, held = walk(5.05, -2.62), walk(5.05, -2.62, max_norm=1.0)
    >>> bool(free.loss[-1] > 10 * held.loss[-1])
    True
    """
    theta, rate = np.array([number("w", w), number("b", b)]), number("rate", rate, above=0)
    max_norm = np.inf if max_norm == np.inf else number("max_norm", max_norm, at_least=0)
    path = []
    for _ in range(count("steps", steps, at_least=0) + 1):
        here = one_unit.cliff(*theta)
        gradient = np.array([here.dw, here.db], dtype=float)
        path.append([*theta, here.loss, np.linalg.norm(gradient)])
        (clipped,), _ = by_norm((gradient,), 1e300 if max_norm == np.inf else max_norm)
        theta = theta - rate * clipped
    return Walk(*np.array(path, dtype=float).T)


def gate(forget_bias, input_bias, T):
    """A cell whose gates are held by their biases: what it keeps, and what it gathers.

    Parameters
    ----------
    forget_bias, input_bias : float
    T : int
        Number of steps.

    Returns
    -------
    Gate

    Raises
    ------
    TypeError, ValueError
        When a bias is not finite, or `T` is below 1.

    Notes
    -----
    Page 3.3, Time scales. An LSTM without weights; the candidate stands at tanh(50), which is 1.

    Examples
    --------
    >>> gate(0.0, 0.0, T=3).kept
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    b_f, b_i, T = number("forget_bias", forget_bias), number("input_bias", input_bias), count("T", T)
    params = lstm.Params(np.zeros((4, 1)), np.zeros((4, 1)), np.array([b_i, b_f, 50.0, 0.0]))
    shut = params._replace(b=np.array([-800.0, b_f, 50.0, 0.0]))
    nothing = np.zeros((T, 1, 1))
    kept, filled = lstm.forward(shut, nothing, c0=np.ones((1, 1))), lstm.forward(params, nothing)
    return Gate(kept.c[:, 0, 0], filled.c[:, 0, 0])


def chrono_biases(longest, units=9):
    """Forget biases of a layer with chrono initialisation, evenly spread instead of drawn: τ from 2 to `longest` steps.

    Parameters
    ----------
    longest : int
        At least 2.
    units : int

    Returns
    -------
    (units,) array

    Raises
    ------
    TypeError, ValueError
        When an argument is no whole number in range.

    Examples
    --------
    >>> chrono_biases(100, units=2).round(2)
    array([3.24, 4.31])
    """
    longest, units = count("longest", longest, at_least=2), count("units", units)
    return np.log(1 + (np.arange(units) + 0.5) / units * (longest - 2))


def small_lstm(gain=1.0, forget_bias=1.0, companion=False, H=8, D=2, T=60):
    """An LSTM with fixed weights, and a fixed sequence for it.

    Parameters
    ----------
    gain : float
        Scale of the recurrent weights.
    forget_bias : float
    companion : bool
        Whether the input gate has the bias -forget_bias.
    H, D, T : int

    Returns
    -------
    params : lstm.Params
    x : (T, 1, D) array

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or is out of range.

    Examples
    --------
    >>> params, x = small_lstm(forget_bias=2.0, companion=True)
    >>> params.b[:16:8]
    array([-2.,  2.])
    """
    gain, forget_bias = number("gain", gain, at_least=0), number("forget_bias", forget_bias)
    H, D, T = count("H", H), count("D", D), count("T", T)
    draws = noise(2718281, 4 * H * H + 4 * H * D + T * D)
    W_h, W_x, x = np.split(draws, np.cumsum([4 * H * H, 4 * H * D]))
    b = np.repeat([-forget_bias if companion else 0.0, forget_bias, 0.0, 0.0], H)
    params = lstm.Params(W_x.reshape(4 * H, D) / np.sqrt(D), gain * W_h.reshape(4 * H, H) / np.sqrt(H), b)
    return params, x.reshape(T, 1, D)


def paths(gain=1.0, forget_bias=1.0, companion=False):
    """Size of dc_T/dc_k in the small LSTM, by all routes, by the article's chain, and by the forget gates alone.

    Parameters
    ----------
    gain, forget_bias, companion
        As for `small_lstm`.

    Returns
    -------
    Routes

    Raises
    ------
    TypeError, ValueError
        As for `small_lstm`.

    Notes
    -----
    Page 4.3, Vanish more slowly, and still explode.

    Examples
    --------
    >>> whole, article, forget = (curve[-1] for curve in paths(gain=6.0))
    >>> bool(whole > article > forget)
    True
    """
    params, x = small_lstm(gain, forget_bias, companion)
    trace = lstm.forward(params, x)
    chains = (jacobians.log_norms(jacobians.cell_steps(params, trace, terms=terms)) for terms in ("article", "forget"))
    return Routes(routes.log_norms(params, trace).total[::-1], *(chain[::-1] for chain in chains))
