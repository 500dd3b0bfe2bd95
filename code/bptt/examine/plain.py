"""Run the user's closure as it is: whether it ends, and which operation, if any, made the first NaN of its gradient."""

from __future__ import annotations

import re
import warnings
from typing import NamedTuple

import torch


class Plain(NamedTuple):
    """The loss, the first line of an error, and the operation whose backward pass first gave NaN; None for nothing."""

    loss: float | None
    error: str | None
    nan_from: str | None


def run(model, closure):
    """Call `closure`, and differentiate its loss by all weights of `model`.

    The layers that are run step by step round otherwise: where a loss is exactly 0 as it is, it is no more there, and
    so the NaN of its square root would be gone. Hence this look at the model as it is.
    """
    loss = None
    try:
        E = closure().sum()
        loss = float(E.detach())
        wanted = [p for p in model.parameters() if p.requires_grad]
        if not wanted or not E.requires_grad:
            return Plain(loss, None, None)
        grads = torch.autograd.grad(E, wanted, allow_unused=True)
        broken = any(g is not None and g.isnan().any() for g in grads)
    except RuntimeError as error:
        return Plain(loss, first_line(error), None)
    return Plain(loss, None, first_nan(closure, wanted) if broken else None)


def first_line(error):
    """What an error says first, without torch's advice; its type, if it says nothing."""
    return re.split(r"\n|\. | \(or|: \[", str(error).strip())[0] or type(error).__name__


def first_nan(closure, wanted):
    """Name of the operation whose backward pass gives the first NaN, as torch calls it: ``"Sqrt"``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that this mode is slow, and shows the forward pass
        try:
            with torch.autograd.detect_anomaly():
                torch.autograd.grad(closure().sum(), wanted, allow_unused=True)
        except RuntimeError as error:
            found = re.search(r"'(\w+?)Backward\d*'", str(error))
            return found[1] if found else "an operation of the model's own"
    return None
