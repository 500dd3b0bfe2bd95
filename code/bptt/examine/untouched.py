"""Run someone's model, then put back everything: weights, buffers, gradients, attributes, hooks, random numbers."""

from __future__ import annotations

import contextlib
import random

import numpy as np
import torch


@contextlib.contextmanager
def untouched(model):
    """Context after which a model, and the sources of random numbers, are as they were before, whatever happened.

    Parameters
    ----------
    model : torch.nn.Module
        Its tensors are copied, so that it takes as much memory again for that time.

    Notes
    -----
    An error or a Ctrl-C passes through, after everything has been put back. What a model keeps in a list or a
    dictionary of its own is shared, and not copied: a list that its forward pass appends to has grown.
    """
    numbers = random.getstate(), np.random.get_state()  # noqa: NPY002  (a closure may use the global state)
    modules = [(module, dict(module.__dict__)) for module in model.modules()]
    tables = [
        (table, dict(table))
        for _, attributes in modules
        for name, table in attributes.items()
        if name in ("_parameters", "_buffers", "_modules") or name.endswith("_hooks")
    ]
    tensors = [(tensor, tensor.detach().clone()) for tensor in _tensors(modules, tables)]
    grads = [(p, p.grad, None if p.grad is None else p.grad.clone()) for p in model.parameters()]
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            random.setstate(numbers[0])
            np.random.set_state(numbers[1])  # noqa: NPY002
            for now, before in [(module.__dict__, attributes) for module, attributes in modules] + tables:
                now.clear()
                now.update(before)
            _put_back(tensors, grads)


def _tensors(modules, tables):
    """All tensors that the modules hold, each once."""
    held = [value for _, before in [*modules, *tables] for value in before.values()]
    return list({id(value): value for value in held if isinstance(value, torch.Tensor)}.values())


def _put_back(tensors, grads):
    with torch.no_grad():
        for p, grad, _ in grads:
            p.grad = grad
        for tensor, copy in tensors + [(grad, copy) for _, grad, copy in grads if grad is not None]:
            if not torch.equal(tensor, copy):  # a version would not do: batch normalisation changes its means unseen
                tensor.copy_(copy)
