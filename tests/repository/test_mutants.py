"""Mutants: what may go wrong goes wrong in one place only, wherever the function is in use, and nothing else changes."""

import ast
import os

import mutants
import numpy as np
import page_run
import pytest

from bptt.cells import rnn


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("a + b", ["a - b", "a"]),
        ("a - b", ["a + b", "a"]),
        ("a * b", ["a", "b"]),
        ("a @ b", ["b @ a"]),
        ("a / b", ["a * b"]),
        ("a ** 2", ["a"]),
        ("-a", ["a"]),
        ("W.T", ["W"]),
        ("a < b", ["a <= b"]),
        ("a == b", ["a != b"]),
        ("3", ["4"]),
        ("0.5", ["0.55"]),
        ("0.0", ["0.1"]),
        ("True", []),
        ("a is b", []),
        ("f(a)", []),
    ],
)
def test_what_may_go_wrong(source, after):
    node = ast.parse(source, mode="eval").body
    assert [ast.unparse(new) for _, new in mutants.changes(node)] == after


def test_refusals_guards_and_docstrings_are_left_alone():
    source = '''
def f(a):
    """Add 1."""
    a = count("a", a + 1)
    if a < 0:
        raise ValueError(f"a is {a + 1}")
    return a * 2
'''
    (function,) = ast.parse(source).body
    found = [ast.unparse(new) for _, node in mutants.walk(function) for _, new in mutants.changes(node)]
    assert sorted(found) == ["2", "3", "a"]


def value(mutant):
    """Apply a mutant in a child; return what then becomes of 0.5 and a state of one."""
    mutants.apply(mutant)
    params = rnn.Params(*(np.full(shape, 0.5) for shape in ((1, 1), (1, 1), (1,))))
    return float(rnn.forward(params, np.ones((2, 1, 1))).h[-1, 0, 0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork a process")
def test_a_mutant_lives_in_a_child_only():
    path = mutants.PACKAGE / "cells" / "rnn.py"
    mutant = next(one for one in mutants.mutants(path) if one.function == "step" and one.change == "0 other sign")
    before = rnn.step.__code__
    assert page_run.in_child(value, mutant) != pytest.approx(
        page_run.in_child(value, mutant._replace(change="1 term dropped"))
    )
    assert rnn.step.__code__ is before


def test_a_sample_is_the_same_each_time():
    found = mutants.mutants(mutants.PACKAGE / "growth" / "spectra.py")
    assert mutants.sample(found, 5) == mutants.sample(found, 5)
    assert mutants.sample(found, None) == found
