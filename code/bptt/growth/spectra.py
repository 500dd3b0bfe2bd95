"""Norm, spectral radius and what lies between: five numbers that say whether products of D W vanish.

D is a diagonal matrix of slopes between 0 and 1, and it may change at every step. Larger than the first number the
rate of growth never is; the others come closer to the truth in turn, and the last one is too small::

    σ_max(W)  ≥  min over S of σ_max(S W S⁻¹)  ≥  joint spectral radius of {D W}  ≥  ρ(W)

The third is the truth, and costs most.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from bptt.arguments import count, float_array, number

LARGEST_SCALE = 340.0  # S lies between e^-340 and e^340, so that no quotient of two entries overflows
IN_CACHE = 2**15  # numbers: 256 kB
LARGEST_STACK = 20_000_000  # numbers in one stack of products: 160 MB


class Conditions(NamedTuple):
    """The rates that the five conditions hold against 1; where ``norm`` to ``jsr`` are below it, products vanish.

    Attributes
    ----------
    norm : float
        (i) γ σ_max(W): no product of n factors is larger than its n-th power.
    diagonal : float
        (ii) γ min σ_max(S W S⁻¹) over diagonal S: the same, up to the condition number of S.
    absolute : float
        (iii) γ ρ(|W|), the spectral radius of the absolute values. Never below (ii).
    jsr : tuple of float
        (iv) γ times a lower and an upper bound of the joint spectral radius: the exact rate of the worst case.
    radius : float
        (v) γ ρ(W): the rate when the slopes are all equal. Below 1 it promises nothing else.
    """

    norm: float
    diagonal: float
    absolute: float
    jsr: tuple[float, float]
    radius: float


def spectral_radius(W):
    """Largest absolute value of an eigenvalue, ρ(W).

    Parameters
    ----------
    W : (m, m) or (T, m, m) array

    Returns
    -------
    float or (T,) array

    Raises
    ------
    TypeError, ValueError
        When `W` is not square, or not finite float64.

    Notes
    -----
    Never above ‖W‖₂. Where W is far from normal its eigenvalues are ill-conditioned: one of multiplicity r moves by
    the r-th root of a rounding error.

    Examples
    --------
    >>> spectral_radius(np.array([[0.9, 10.0], [0.0, 0.9]]))
    0.9
    """
    _check_square(W)
    radius = np.abs(np.linalg.eigvals(W)).max(axis=-1)
    return radius if W.ndim == 3 else float(radius)


def sigma_max(W):
    """Largest singular value, the spectral norm ‖W‖₂: by how much W stretches the vector that it stretches most.

    Parameters
    ----------
    W : (m, m) or (T, m, m) array

    Returns
    -------
    float or (T,) array

    Raises
    ------
    TypeError, ValueError
        When `W` is not square, or not finite float64.

    Notes
    -----
    Of a stack, every entry to 1e-13 relative. Long products of Jacobians have one singular value that stands out, and
    then a few steps of the power method with a guaranteed error do, at a tenth of the cost of singular values.

    Examples
    --------
    >>> round(sigma_max(np.array([[0.9, 10.0], [0.0, 0.9]])), 3)
    10.08
    """
    _check_square(W)
    return _norms(W) if W.ndim == 3 else float(np.linalg.norm(W, 2))


def _norms(W):
    """Spectral norms of a stack, in pieces that fit the cache; each starts where the one before it arrived."""
    T, m, _ = W.shape
    norms, u, piece = np.empty(T), np.ones(m), 1 + IN_CACHE // m**2
    with np.errstate(all="ignore"):  # what under- or overflows here proves nothing, and goes to the singular values
        for t in range(0, T, piece):
            norms[t : t + piece], u = _power_method(W[t : t + piece], u)
    return norms


def _power_method(W, u, steps=20, rtol=1e-14):
    """Spectral norms where their error is proved small, by singular values elsewhere; and the last vector reached.

    Let u have length one, μ = uᵀGu with G = WWᵀ, and c = Gu - μu. In an orthonormal basis that begins with u,
    G = [[μ, cᵀ], [c, E]], and the trace bounds ‖E‖ by tr G - μ. So μ ≤ σ² ≤ μ + ‖c‖² / (2μ - tr G), if 2μ > tr G.
    """
    trace, Gu = np.einsum("tij,tij->t", W, W), np.tile(u, (len(W), 1))
    for _ in range(steps):
        u = Gu / np.linalg.norm(Gu, axis=1, keepdims=True)
        v = (u[:, None] @ W)[:, 0]
        Gu, mu = (W @ v[..., None])[..., 0], np.einsum("ti,ti->t", v, v)
        c = Gu - mu[:, None] * u
        proved = np.einsum("ti,ti->t", c, c) < rtol * mu * (2 * mu - trace)
        if proved.all():
            return np.sqrt(mu), u[-1]
    norms = np.sqrt(mu)
    norms[~proved] = np.linalg.norm(W[~proved], 2, axis=(1, 2))
    return norms, u[-1] if proved[-1] else np.ones_like(u[-1])


def diagonal_bound(W):
    """Smallest norm that a change of units can give to W: min σ_max(S W S⁻¹) over positive diagonal S.

    Parameters
    ----------
    W : (m, m) array

    Returns
    -------
    S : (m, m) array
        Diagonal.
    bound : float
        σ_max(S W S⁻¹), evaluated for this very S. Products of n factors D W, with slopes between -1 and 1 that may
        change at every step, have a norm of at most κ(S) boundⁿ.

    Raises
    ------
    TypeError, ValueError
        When `W` is not square, or not finite float64.

    Notes
    -----
    Condition (ii) of page 2.5. The norm is convex in the logarithms of S, by Hadamard's three-line theorem, for an
    imaginary part would not change it. It has a kink where several singular values meet, so Schatten norms are
    minimised in its place, of an index that rises from 2 to 2·10⁷: within 1e-7 relative of the minimum for random W up
    to m = 64. For a non-negative W the minimum is ρ(W) (stoer1962), reached to 1e-8. Where some units influence others
    but not the other way round, as in a triangular W, the minimum is only approached, and S is far from the identity;
    its entries stay between e^-340 and e^340.

    Examples
    --------
    >>> S, bound = diagonal_bound(np.array([[0.9, 10.0], [0.0, 0.9]]))
    >>> round(bound, 6)
    0.9
    """
    _check_square(W, stack=False)
    mutual, rank = _groups(W)
    log_S = _scale_groups(W * mutual)
    log_S = _scale_apart(log_S, W, mutual, rank)
    return np.diag(np.exp(log_S)), _scaled_norm(log_S, W)


def _groups(W):
    """Which units reach each other by any number of steps, and a rank that falls along every one-way street."""
    reach = (W != 0) | np.eye(len(W), dtype=bool)
    for _ in range(len(W).bit_length()):
        reach = reach @ reach
    return reach & reach.T, np.unique(reach.sum(axis=1), return_inverse=True)[1]


def _scale_groups(W):
    """Logarithms of the best S for a W in which all influence is mutual."""
    if not W.any():
        return np.zeros(len(W))
    log_S, box = _perron_scaling(W), [(-LARGEST_SCALE, LARGEST_SCALE)] * len(W)
    options = {"ftol": 1e-15, "maxiter": 1000}
    for p in 10.0 ** np.arange(8):
        in_units = W / _scaled_norm(log_S, W)
        found = minimize(_schatten, log_S, (in_units, p), "SLSQP", jac=True, bounds=box, options=options).x
        log_S = min(log_S, found, key=lambda s: _scaled_norm(s, W))
    return log_S


def _scale_apart(log_S, W, mutual, rank):
    """Scale the groups apart, until what goes one way between them adds no more than 1e-10 to the norm."""
    i, j = np.nonzero((W != 0) & ~mutual)
    size = _scaled_norm(log_S, W * mutual) or np.linalg.norm(W, 2)
    excess = np.log(np.abs(W[i, j]) / (1e-10 * size / len(W))) + log_S[i] - log_S[j]
    log_S = log_S - rank * (excess / (rank[i] - rank[j])).max(initial=0.0)
    log_S = log_S - (log_S.max() + log_S.min()) / 2
    return log_S * min(1.0, LARGEST_SCALE / max(log_S.max(), 1.0))


def _perron_scaling(W):
    """Logarithms of S for which σ_max(S|W|S⁻¹) = ρ(|W|): S² = y/x, the left over the right Perron vector.

    For B = S|W|S⁻¹ both Perron vectors are √(xy), which makes that an eigenvector of BᵀB with the eigenvalue ρ². A
    positive eigenvector of a non-negative matrix belongs to the largest eigenvalue.
    """
    positive = np.abs(W) + 1e-13 * np.abs(W).max()
    right, left = (np.linalg.eig(A) for A in (positive, positive.T))
    x, y = (np.abs(vectors[:, np.argmax(values.real)]) for values, vectors in (right, left))
    log_S = (np.log(y + 1e-300) - np.log(x + 1e-300)) / 2
    return np.clip(log_S - log_S.mean(), -LARGEST_SCALE, LARGEST_SCALE)


def _scaled_norm(log_S, W):
    """σ_max(S W S⁻¹)."""
    return float(np.linalg.norm(np.exp(log_S[:, None] - log_S) * W, 2))


def _schatten(log_S, W, p):
    """(Σ σ_k^2p)^(1/2p) of S W S⁻¹ and its gradient in ln S: the weighted mean of u_k² - v_k² times the norm."""
    U, sigma, Vt = np.linalg.svd(np.exp(log_S[:, None] - log_S) * W)
    weights = (sigma / sigma[0]) ** (2 * p)
    norm = sigma[0] * weights.sum() ** (1 / (2 * p))
    return norm, norm * (U**2 @ weights - weights @ Vt**2) / weights.sum()


def jsr_bounds(W, depth):
    """Bounds on the joint spectral radius of {D W}: the rate of the worst product, when slopes may change every step.

    Parameters
    ----------
    W : (m, m) array
    depth : int
        Longest products to look at. The bracket narrows with it; at 0 it is [ρ(W), `diagonal_bound`].

    Returns
    -------
    lower, upper : float
        For slopes between 0 and 1 no product grows faster than upperⁿ in the long run, and one that repeats grows as
        fast as lowerⁿ.

    Raises
    ------
    TypeError, ValueError
        When `W` is not square or not finite float64, or when the products are too many.

    Notes
    -----
    Condition (iv) of page 2.5. A product is convex in each D, so that slopes of 0 and 1 suffice, 2^m choices a step.
    For a product P of n factors, ρ(P)^(1/n) is a lower bound. Let β(P) be the smallest ‖·‖^(1/k) of its first k
    factors, k = 1 … n, in the units of `diagonal_bound`: the largest β of all products of n factors is an upper bound
    (rota1960). A product whose β is not above the lower bound need not be continued (gripenberg1996). Both bounds are
    right up to rounding, about 1e-12.

    Examples
    --------
    >>> lower, upper = jsr_bounds(np.array([[0.9, 1.5], [-1.0, -0.9]]), depth=16)
    >>> round(lower**2, 9), round(upper, 3)
    (1.5, 1.242)
    """
    _check_square(W, stack=False)
    depth = count("depth", depth, at_least=0)
    if depth:
        _check_cost(1, len(W), 1)
    S, bound = diagonal_bound(W)
    if bound == 0:
        return 0.0, 0.0
    scaled = S @ W @ np.linalg.inv(S) / bound
    lower, upper = min(spectral_radius(scaled), 1.0), 1.0
    products, beta = np.eye(len(W))[None], np.ones(1)
    for n in range(1, depth + 1):
        if not len(products):
            break
        _check_cost(len(products), len(W), n)
        switches = np.array(list(product([0.0, 1.0], repeat=len(W)))[1:])
        products = ((switches[:, :, None] * scaled)[:, None] @ products).reshape(-1, *W.shape)
        beta = np.minimum(np.tile(beta, len(switches)), sigma_max(products) ** (1 / n))
        lower = max(lower, (spectral_radius(products) ** (1 / n)).max())
        products, beta = products[beta > lower], beta[beta > lower]
        upper = min(upper, max(lower, beta.max(initial=0.0)))
    return float(min(lower, upper) * bound), float(upper * bound)


def _check_cost(products, m, n):
    """Refuse a stack of products that would fill the memory."""
    if products * (2**m - 1) * m * m > LARGEST_STACK:
        raise ValueError(
            f"depth = {n} needs {products} × (2^{m} - 1) products of size {m}, but no more than "
            f"{LARGEST_STACK // (m * m)} are in reach: it needs a depth of at most {n - 1}"
        )


def conditions(W, gamma=1.0, depth=0):
    """Hold the five conditions for vanishing products against one matrix.

    Parameters
    ----------
    W : (m, m) array
        Recurrent weights.
    gamma : float
        Largest slope of the activation, γ.
    depth : int
        How hard to look for the joint spectral radius, as in `jsr_bounds`.

    Returns
    -------
    Conditions
        Five rates, each to be compared with 1.

    Raises
    ------
    TypeError, ValueError
        When `W` is not square or not finite float64, `gamma` is not positive, or `depth` is out of reach.

    Notes
    -----
    The table of page 2.5. Conditions (i) to (iii) allow slopes between -γ and γ, condition (iv) between 0 and γ.

    Examples
    --------
    >>> five = conditions(np.array([[2.0, 2.0], [-2.0, -2.0]]), depth=4)
    >>> round(five.norm, 9), round(five.jsr[0], 9), five.radius < 1e-6
    (4.0, 2.0, True)
    """
    _check_square(W, stack=False)
    gamma = number("gamma", gamma, above=0)
    lower, upper = jsr_bounds(W, depth)
    return Conditions(
        norm=gamma * sigma_max(W),
        diagonal=gamma * diagonal_bound(W)[1],
        absolute=gamma * spectral_radius(np.abs(W)),
        jsr=(gamma * lower, gamma * upper),
        radius=gamma * spectral_radius(W),
    )


def _check_square(W, stack=True):
    float_array("W", W, "T m m" if stack and np.ndim(W) == 3 else "m m")
