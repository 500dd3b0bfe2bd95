"""The states of the minimal GRU by `mingru.scan`, in ⌈log₂ T⌉ rounds, against `mingru.loop`, in T steps.

The scan does log₂ T times the arithmetic of the loop and needs a fraction of its calls. On a processor with few cores
it wins as long as a step is so small that calling NumPy costs more than computing; that is what its ratio shows. That
both give the same states is checked first.
"""

from __future__ import annotations

import numpy as np
from harness import Race, Rival

from bptt.cells import mingru

SIZES = [(T, H) for H in (1, 16, 256) for T in (100, 1_000, 10_000)]


def races():
    for T, H in SIZES:
        rng = np.random.default_rng(0)
        a, b = rng.uniform(0.5, 1, (T, 1, H)), rng.standard_normal((T, 1, H))
        np.testing.assert_allclose(mingru.scan(a, b), mingru.loop(a, b), rtol=1e-9, atol=1e-12)
        rival = Rival("`mingru.loop`", lambda a=a, b=b: mingru.loop(a, b))
        yield Race(f"T={T} H={H}", lambda a=a, b=b: mingru.scan(a, b), [rival])
