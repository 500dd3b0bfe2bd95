"""What every backward pass has in common."""

import numpy as np
import pytest
from problems import agree

from bptt.cells import rnn
from bptt.cells.backwards import at_every_step, at_its_own_step, finite

LOSSES = np.random.default_rng(0).standard_normal((3, 2, 4))


def test_a_loss_at_every_step_is_itself_and_one_on_the_last_state_waits_for_it():
    sizes = {"T": (3, "trace.x")}
    assert at_every_step("dh", LOSSES, sizes) is LOSSES
    *before, last = at_every_step("dh", LOSSES[-1], sizes)
    assert before == [0.0, 0.0]
    agree(last, LOSSES[-1], rtol=0)


def test_what_enters_at_one_step_contributes_there_alone():
    inputs, start = at_its_own_step(LOSSES, 3), at_its_own_step(LOSSES[0], 3)
    agree((inputs.sum(axis=0), start.sum(axis=0)), (LOSSES, LOSSES[0]), rtol=0)
    agree((inputs[1, 1], start[0]), (LOSSES[1], LOSSES[0]), rtol=0)


def test_a_gradient_that_is_not_finite_is_refused_for_the_first_reason_that_is_found():
    params = rnn.init(2, 2, np.random.default_rng(0))
    trace, dh = rnn.forward(params, np.ones((3, 1, 2))), np.ones((1, 2))
    grads = rnn.backward(params, trace, dh)
    assert finite(grads, params, trace, rnn.check_trace, dh=dh) is grads
    broken = grads._replace(b=np.full(2, np.inf))
    with pytest.raises(FloatingPointError, match="^the gradient overflows on its way back through 3 steps"):
        finite(broken, params, trace, rnn.check_trace, dh=dh)
    with pytest.raises(ValueError, match="^dh contains nan at index \\(0, 0\\)"):
        finite(broken, params, trace, rnn.check_trace, dh=np.nan * dh)
    with pytest.raises(ValueError, match="^trace.h contains nan"):
        finite(grads, params, trace._replace(h=np.nan * trace.h), rnn.check_trace, dh=dh)
