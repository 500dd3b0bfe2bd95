"""Hand in a backward pass, get the name of the mistake.

A backward pass with switches is run with every known mistake, alone and together with others, until it gives the
reader's own numbers. The smallest set that does is the answer.
"""

from __future__ import annotations

import numpy as np

from bptt.examine import mistakes_difference, mistakes_function, mistakes_where
from bptt.examine.mistakes_calls import Parameters, numbers, quiet
from bptt.examine.mistakes_catalogue import catalogue, in_cell
from bptt.examine.mistakes_cells import CELLS, describe
from bptt.examine.mistakes_report import Report
from bptt.examine.mistakes_search import Puzzle, name
from bptt.examine.mistakes_trial import LONGEST, draw, find, sequences

DOUBLE, SINGLE = 1e-9, 3e-5  # relative errors that count as none


def check(forward=None, backward=None, params=None, x=None, *, loss=None, seed=0, seconds=20.0):
    """Check a hand-written backward pass of a recurrent network, and name the mistakes in it.

    Parameters
    ----------
    forward : callable
        ``forward(params, x)`` returns the hidden states of all steps, by themselves or as the first of several things.
        They start from zero.
    backward : callable
        ``backward(params, x, dh)`` returns the gradients of ``(h * dh).sum()``, in the structure of `params`.
    params : tuple, list, dict, NamedTuple or array
        An example, of NumPy arrays or tensors: only shapes and types matter, since the numbers are drawn anew.
    x : array, optional
        An example of a sequence. It says in which order its axes are; left out, the usual ones are tried.
    loss : callable, optional
        ``loss(params)`` returns the loss and the gradients, for code with its loss inside. It is called with numbers
        near those of `params`. Mistakes are not named then.
    seed : int
        Of the weights, inputs and losses that are tried.
    seconds : float
        How long to look for a set of mistakes.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        When the functions cannot be called in any way known here, with what they said.

    Examples
    --------
    >>> from bptt.cells import rnn
    >>> def forward(params, x):
    ...     return rnn.forward(params, x).h[1:]
    >>> def backward(params, x, dh):
    ...     grads = rnn.backward(params, rnn.forward(params, x), dh)
    ...     return grads.W_x, -grads.W_h, grads.b
    >>> report = check(forward, backward, rnn.init(2, 3, np.random.default_rng(0)))
    >>> report.ok, report.errors["W_x"]
    (False, 0.0)
    """
    rng = np.random.default_rng(seed)
    if loss is not None:
        return _with_loss_inside(loss, Parameters(params), rng)
    trial = find(forward, backward, Parameters(params), x, rng)
    x, dh = sequences(trial.hand.form, LONGEST, trial.D, rng), rng.standard_normal((LONGEST, 2, trial.H))
    report = Report(notes=_remarks(trial))
    if not trial.steady:
        report.findings = [mistakes_function.forward_twice(trial.hand, trial.arrays, x[:, :1])]
        return report
    tolerance = SINGLE if _is_single(trial, x, dh) else DOUBLE
    report.precision = f"{tolerance:.0e}"
    report.findings = mistakes_function.findings(trial.hand, trial.arrays, x, dh, tolerance)
    if any("linear" not in f.text and "times the loss" in f.text for f in report.findings):
        trial.hand.scale = 2.0**-20
    if trial.reading is None:
        _judge_unknown(report, trial, x[:, :1], dh[:, :1], rng, tolerance)
    else:
        _judge(report, trial, x[:, :1], dh[:, :1], tolerance, rng, seconds)
    return report


def _is_single(trial, x, dh):
    """Whether the numbers come in single precision: the states miss the known cell's, or the gradient is rounded."""
    rounded = lambda a: bool(a.any()) and (a == a.astype(np.float32)).all()
    if trial.reading and trial.error > 1e-10:
        return True
    gradient = trial.hand.gradient(trial.arrays, x[:, :1], dh[:, :1])
    states = trial.hand.states(trial.arrays, x[:, :1])
    return rounded(states) or any(map(rounded, gradient))


def _remarks(trial):
    """What is to be said about arrays that do not reach the states."""
    names = [name for name, live in zip(trial.hand.parameters.names, trial.live, strict=True) if not live]
    return [f"no hidden state depends on {', '.join(names)}: not looked at"] if names else []


def _puzzle(trial, arrays, x, dh, tolerance, places=None):
    """The gradients of sequences of one step and more, as something to explain."""
    plain = [array if live else 0 for array, live in zip(arrays, trial.live, strict=True)]
    read = lambda T: trial.reading.gather(trial.hand.gradient(arrays, x[:T], dh[:T]))
    probes = {T: (x[:T, 0], dh[:T, 0], read(T)) for T in range(1, LONGEST + 1)}
    return Puzzle(trial.reading.cell, trial.reading.gather(plain), probes, trial.reading.known, tolerance, places)


def _judge(report, trial, x, dh, tolerance, rng, seconds):
    """Compare with the right gradient of the known cell, say where they part, and name the mistakes."""
    reading, parameters = trial.reading, trial.hand.parameters
    report.cell = _in_words(reading)
    puzzle = _puzzle(trial, trial.arrays, x, dh, tolerance)
    wrong = {T: _errors(puzzle, reading, parameters, T, tolerance) for T in puzzle.probes}
    report.errors = {array: max(wrong[T][array] for T in wrong) for array in wrong[1]}
    if not any(report.errors.values()):
        return
    sets, size = name(puzzle, seconds=seconds)
    fresh = draw(parameters, rng), sequences(trial.hand.form, LONGEST, trial.D, rng)[:, :1], dh
    again = _puzzle(trial, *fresh, tolerance, puzzle.slots)
    sets = [found for found in sets if again.fits(again.codes(found), LONGEST).all()]
    rows = catalogue(reading.cell.kind)
    report.sets = [[in_cell(rows[one], reading.cell) for one in sorted(found, key=list(rows).index)] for found in sets]
    report.sentence = _sentence(sets, size, report.precision) + ("" if sets else _other_cell(puzzle))
    report.notes += _first_departure(wrong)
    report.where, report.gates = _where(puzzle, reading, sets, tolerance), reading.cell.gates


def _other_cell(puzzle):
    """Whether it is the right gradient of another cell with these weights, as the end of a sentence."""
    for cell in CELLS:
        if cell.gates == puzzle.cell.gates and cell != puzzle.cell:
            other = Puzzle(cell, puzzle.theta, puzzle.probes, puzzle.known, puzzle.tolerance)
            if all(other.fits(other.codes(()), T).all() for T in other.probes):
                return f"; it is the right gradient of another cell: {describe(cell)}"
    return ""


def _in_words(reading):
    """The cell and its layout."""
    orders = " and ".join(", ".join(order) for order in reading.orders)
    order = f"gates in the order {orders}" if len(reading.cell.gates) > 1 else ""
    return "; ".join(filter(None, [describe(reading.cell), order, *reading.words]))


def _errors(puzzle, reading, parameters, T, tolerance):
    """Relative error of each array at one length, 0 where it is right."""
    right, yours = puzzle.gradient(puzzle.codes(()), T).theta[0], puzzle.probes[T][2]
    usual = puzzle.gradient(puzzle.codes(()), LONGEST).theta[0]  # what a state of zeros hides at T = 1 is seen at T = 4
    bound, errors = tolerance * np.abs(right).max(), {}
    for array, index in zip(parameters.names, reading.indices, strict=True):
        if index is not None:
            off = np.abs(yours.flat[index] - right.flat[index]).max()
            errors[array] = 0.0 if off <= bound else float(off / np.abs(usual.flat[index]).max())
    return errors


def _sentence(sets, size, precision):
    """How sure the names are."""
    if not sets:
        return f"no set of up to {size - 1} mistakes known here gives your numbers"
    n = len(sets[0])
    others = f"; so do {len(sets) - 1} other sets of this size" if len(sets) > 1 else ""
    if n == 1:
        return f"this one mistake gives your numbers to {precision}{others}:"
    return f"these {n}, together, give your numbers to {precision}, and no smaller set does{others}:"


def _first_departure(wrong):
    """At which length the gradient goes wrong, and in which arrays."""
    T = next(T for T in wrong if any(wrong[T].values()))
    names = ", ".join(name for name, error in wrong[T].items() if error)
    if T == 1:
        return [f"already wrong for one step, in {names}: a slope, a factor or a sum, before anything is handed on"]
    steps = "one step" if T == 2 else f"{T - 1} steps"
    return [f"right for {steps}, wrong for {T}, first in {names}: look at what one step hands to another"]


def _where(puzzle, reading, sets, tolerance):
    """The table of steps and gates at three steps."""
    right = puzzle.gradient(puzzle.codes(()), 3).dz[0]
    if sets:
        yours = puzzle.gradient(puzzle.codes(sets[0]), 3).dz[0]
    else:
        yours = mistakes_where.deltas(reading, puzzle.tapes[3], puzzle.probes[3][2], 3)
    return None if yours is None else mistakes_where.table(yours, right, tolerance)


def _judge_unknown(report, trial, x, dh, rng, tolerance):
    """Compare with central differences, array by array."""
    energy = lambda arrays: float((trial.hand.states(arrays, x) * dh).sum())
    gradient = trial.hand.gradient(trial.arrays, x, dh)
    errors = mistakes_difference.errors(energy, trial.arrays, gradient, rng, tolerance == SINGLE)
    named = zip(trial.hand.parameters.names, errors, trial.live, strict=True)
    report.errors = {name: error for name, error, live in named if live}
    report.precision = "what central differences can see"


def _with_loss_inside(loss, parameters, rng):
    """The stages that a function allows which returns its loss and its gradients."""
    arrays = [numbers(leaf) + 0.1 * rng.standard_normal(leaf.shape) for leaf in parameters.leaves]
    energy = lambda point: float(quiet(loss, parameters.build(point, "own"))[0])
    finding, gradient = mistakes_function.loss_twice(loss, parameters, arrays)
    report = Report(findings=[finding], cell="not asked for: the loss is inside")
    report.precision = "what central differences can see"
    if finding.fine:
        single = any("32" in str(leaf.dtype) for leaf in parameters.leaves)
        errors = mistakes_difference.errors(energy, arrays, gradient, rng, single)
        report.errors = dict(zip(parameters.names, errors, strict=True))
        report.notes = [
            f"the gradient of {name} is exactly zero: it is never added to"
            for name, array, error in zip(parameters.names, gradient, errors, strict=True)
            if error and not array.any()
        ] + mistakes_function.bounds(gradient)
    return report
