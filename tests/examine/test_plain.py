"""The look at a model as it is."""

import pytest
import torch

from bptt.examine import plain

MODEL = torch.nn.Linear(2, 1)
X = torch.ones(3, 2)


def test_a_run_without_trouble():
    found = plain.run(MODEL, lambda: MODEL(X)[:, 0])
    assert found == (pytest.approx(MODEL(X).sum().item()), None, None)


@pytest.mark.parametrize(
    ("loss", "operation"),
    [
        (lambda y: (y - y.detach()).norm(), None),  # torch has a 0 there by convention
        (lambda y: (y - y.detach()).square().mean().sqrt(), "Pow"),
        (lambda y: ((y - y.detach()) / (y - y.detach())).sum().nan_to_num(), "Div"),
        (lambda y: torch.where(torch.arange(3) > 0, y[:, 0], (y[:, 0] - torch.nan) ** 2).sum(), "Pow"),
    ],
)
def test_the_first_operation_that_gives_nan_is_named(loss, operation):
    assert plain.run(MODEL, lambda: loss(MODEL(X))).nan_from == operation


def test_an_error_is_told_in_its_first_line():
    def closure():
        raise RuntimeError("could not create a primitive\nand more")

    assert plain.run(MODEL, closure) == (None, "could not create a primitive", None)


def test_torchs_advice_is_left_out():
    error = RuntimeError(
        "one of the variables has been modified by an inplace operation: [torch.FloatTensor [3]], which"
    )
    assert plain.first_line(error) == "one of the variables has been modified by an inplace operation"
    error = RuntimeError(
        "Trying to backward through the graph a second time (or directly access). Specify retain_graph"
    )
    assert plain.first_line(error) == "Trying to backward through the graph a second time"
    assert plain.first_line(RuntimeError()) == "RuntimeError"


def test_a_graph_that_was_used_up_is_told():
    state = torch.tanh(MODEL(X))
    state.sum().backward()
    assert "second time" in plain.run(MODEL, lambda: (MODEL(X) * state).sum()).error


def test_other_errors_are_the_users_own():
    with pytest.raises(KeyError):
        plain.run(MODEL, lambda: {}["x"])


def test_a_frozen_model_is_only_run():
    frozen = torch.nn.Linear(2, 1).requires_grad_(False)
    assert plain.run(frozen, lambda: frozen(X).sum()).error is None
