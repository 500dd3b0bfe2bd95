"""One-step Jacobians of the LSTM, whose state is (h, c), and of its cell alone; `bptt.jacobians` hands them on.

The change of a state splits into four blocks. R_t is ∂h_t/∂c_t at a given o_t, the slope of the read-out; F_t is
∂c_t/∂c_{t-1}; A_t is ∂c_t/∂h_{t-1}, through the gates i, f and g; B_t is ∂h_t/∂h_{t-1} through the gate o::

    J_t = [ B_t + R_t A_t   R_t F_t ] = [ I  R_t ] [ B_t   0  ]
          [      A_t          F_t   ]   [ 0   I  ] [ A_t  F_t ]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt import lstm
from bptt.arguments import count


class Blocks(NamedTuple):
    """What one step of the cell does to a small change, for every step along the trajectory of one sample.

    ``R`` (T+1, H) and ``F`` (T, H), the diagonals of R_t and F_t, with ``R[0]`` = 0 since h_0 does not depend on c_0;
    ``A_i``, ``A_f``, ``A_g`` and ``B`` (T, H, H): the ways of h_{t-1} to c_t through each gate, and to h_t through o_t.
    """

    R: np.ndarray
    F: np.ndarray
    A_i: np.ndarray
    A_f: np.ndarray
    A_g: np.ndarray
    B: np.ndarray

    @property
    def A(self):
        """All ways of h_{t-1} to c_t, (T, H, H)."""
        return self.A_i + self.A_f + self.A_g


def lstm_blocks(params, trace, n=0):
    """Blocks of the one-step Jacobians of the LSTM along the trajectory of one sample.

    Parameters
    ----------
    params : lstm.Params
    trace : lstm.Trace
    n : int
        Which sample of the batch.

    Returns
    -------
    Blocks

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or size, or there is no sample `n`.

    Notes
    -----
    Page 4.2, The joint Jacobian.
    """
    lstm.check_trace(params, trace)
    n = count("n", n, at_least=0, at_most=trace.f.shape[1] - 1)
    _, _, c, i, f, g, o = (part[:, n] for part in trace)
    *by_gate, R = lstm.slopes(i, f, g, o, c[:-1], c[1:])
    by_h = (slope[:, :, None] * W for slope, W in zip(by_gate, np.split(params.W_h, 4), strict=True))
    return Blocks(np.concatenate([np.zeros_like(R[:1]), R]), f.copy(), *by_h)


def lstm_steps(params, trace, n=0):
    """One-step Jacobians of the LSTM, whose state is (h, c), along the trajectory of one sample.

    Parameters
    ----------
    params, trace, n
        As for `lstm_blocks`.

    Returns
    -------
    (T, 2H, 2H) array
        ``J[t]`` = ∂(h, c)_{t+1}/∂(h, c)_t, h first.

    Raises
    ------
    TypeError, ValueError
        As for `lstm_blocks`.

    Notes
    -----
    Page 4.2, The joint Jacobian. Agrees with automatic differentiation to 1e-12 relative.

    Examples
    --------
    >>> params = lstm.Params(W_x=np.zeros((4, 1)), W_h=np.zeros((4, 1)), b=np.zeros(4))
    >>> lstm_steps(params, lstm.forward(params, np.zeros((1, 1, 1))))
    array([[[0.  , 0.25],
            [0.  , 0.5 ]]])
    """
    blocks = lstm_blocks(params, trace, n)
    R, F, A, B = blocks.R[1:, :, None], blocks.F[:, :, None] * np.eye(blocks.F.shape[1]), blocks.A, blocks.B
    return np.block([[B + R * A, R * F], [A, F]])


def cell_steps(params, trace, n=0, terms="full"):
    """One-step Jacobians ∂c_t/∂c_{t-1} of the cell alone, at a given o_{t-1}: a chain that leaves out the other wire.

    Parameters
    ----------
    params, trace, n
        As for `lstm_blocks`.
    terms : str
        ``"forget"`` for diag(f_t) alone; ``"article"`` with ∂(i ⊙ g)/∂c, as the article prints it; ``"full"`` with
        ∂f/∂c too.

    Returns
    -------
    (T, H, H) array
        ``J[t]`` = ∂c_{t+1}/∂c_t. The first is diag(f_1), since h_0 does not depend on c_0.

    Raises
    ------
    TypeError, ValueError
        As for `lstm_blocks`, or when there are no such terms.

    Notes
    -----
    Page 4.1, The cell-only chain. The product of the full ones is dc_n/dc_k where the output gate does not see h, and
    that of diag(f_t) where only the output gate does.

    Examples
    --------
    >>> params = lstm.Params(W_x=np.zeros((4, 1)), W_h=np.zeros((4, 1)), b=np.zeros(4))
    >>> cell_steps(params, lstm.forward(params, np.zeros((2, 1, 1))))[:, 0, 0]
    array([0.5, 0.5])
    """
    ways = {"forget": (), "article": ("A_i", "A_g"), "full": ("A_i", "A_f", "A_g")}
    if terms not in ways:
        raise ValueError(f"terms is {terms!r}, but needs one of {', '.join(map(repr, ways))}")
    blocks = lstm_blocks(params, trace, n)
    J = blocks.F[:, :, None] * np.eye(blocks.F.shape[1])
    for way in ways[terms]:
        J += getattr(blocks, way) * blocks.R[:-1, None, :]
    return J
