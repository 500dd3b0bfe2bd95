"""Random problems for the tests of the LSTM, beside those of `problems`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from bptt.cells import lstm


class Problem(NamedTuple):
    """Everything that `lstm.forward` and `lstm.backward` take; ``dc``, ``h0`` and ``c0`` may be None."""

    params: lstm.Params
    x: np.ndarray
    dh: np.ndarray
    dc: np.ndarray | None
    h0: np.ndarray | None
    c0: np.ndarray | None


@st.composite
def lstm_problems(draw, T=st.integers(1, 6)):
    """Draw sizes and switches one by one, so that hypothesis can shrink them; the numbers come from one seed."""
    T, (N, D, H) = draw(T), (draw(st.integers(1, 4)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    params = lstm.init(
        D, H, rng, gain=draw(st.sampled_from([0.5, 1.0, 2.0])), forget_bias=draw(st.sampled_from([0.0, 2.0]))
    )
    params = params._replace(b=params.b + rng.uniform(-0.5, 0.5, 4 * H))
    maybe = lambda part: part if draw(st.booleans()) else None
    loss = lambda: rng.standard_normal((T, N, H) if draw(st.booleans()) else (N, H))
    x, (h0, c0) = rng.standard_normal((T, N, D)), rng.standard_normal((2, N, H))
    return Problem(params, x, loss(), maybe(loss()), maybe(h0), maybe(c0))


def lstm_problem(T=5, N=2, D=3, H=4, gain=1.0, seed=0):
    """One problem, with losses on h and c at every step and a start that is not zero."""
    rng = np.random.default_rng(seed)
    params = lstm.init(D, H, rng, gain, forget_bias=1.0)
    params = params._replace(b=params.b + rng.uniform(-0.5, 0.5, 4 * H))
    dh, dc = rng.standard_normal((2, T, N, H))
    h0, c0 = rng.standard_normal((2, N, H))
    return Problem(params, rng.standard_normal((T, N, D)), dh, dc, h0, c0)
