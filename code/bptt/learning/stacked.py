"""Many trainings at once: small networks that differ in their seeds, as one tensor program.

A small network leaves most of a processor idle: a step costs as much in calls as in arithmetic. Stacked, twenty
networks share the calls. Every network sees its own batches, its own loss, its own clipping and its own optimiser's
memory, so each history is the one that `training.train` gives, up to rounding.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import torch
from tqdm import trange

from bptt.learning import stacked_cells, training
from bptt.learning.training import (
    OPTIMISERS,
    TESTED,
    History,
    Settings,
    examine,
    mean_flow,
    pick_device,
    step_down,
    to_tensors,
)

# In what networks of one stack may differ.
OWN = {"start", "gain", "forget_bias", "input_bias", "chrono", "answer", "max_norm"}
CORE = ("core.weight_ih_l0", "core.weight_hh_l0", "core.bias_ih_l0", "core.bias_hh_l0")


def train(runs, device="cpu", dtype=torch.float32, flow_at=(), tested=TESTED, progress=False):
    """Train many networks at once.

    Parameters
    ----------
    runs : sequence of (Settings, int)
        Settings and seed of each. Seeds, initial weights and clipping are each run's own, all else is common.
    device, dtype, flow_at, tested, progress
        As for `training.train`.

    Returns
    -------
    list of History
        One for each run, in order. A run that diverges leaves the others alone.

    Raises
    ------
    ValueError
        When there is no run, or the runs differ in something that a stack shares.

    Examples
    --------
    >>> settings = Settings("adding", T=10, kind="lstm", steps=3)
    >>> alone, together = training.train(settings, seed=1), train([(settings, 0), (settings, 1)])[1]
    >>> np.allclose(alone.loss, together.loss, rtol=1e-5)
    True
    """
    common, device = _common(runs), pick_device(device)
    starts = [settings.make(seed) for settings, seed in runs]
    task, networks = starts[0][0], [network.to(dtype).to(device) for _, network, _, _ in starts]
    params, _ = torch.func.stack_module_state(networks)
    optimiser = OPTIMISERS[common.optimiser](params.values(), common.lr)
    max_norm = torch.tensor([settings.max_norm or np.inf for settings, _ in runs], dtype=dtype, device=device)
    records, flows = np.empty((3, common.steps, len(runs))), [{} for _ in runs]
    for step in trange(common.steps + 1, disable=not progress, desc=f"{len(runs)} × {common.kind}", leave=False):
        if step in flow_at:
            _unstack(params, networks)
            for flow, network, (_, seed) in zip(flows, networks, runs, strict=True):
                flow[step] = mean_flow(task, network, seed)
        if step < common.steps:
            x, y = _stack([task.draw(batches, common.N) for _, _, batches, _ in starts], device, dtype)
            records[:, step] = _gradients(task, common, params, optimiser, max_norm, x, y)
            step_down(optimiser, common, step)
    _unstack(params, networks)
    tests = [examine(task, network, test, tested) for network, (_, _, _, test) in zip(networks, starts, strict=True)]
    parts = zip(records.transpose(2, 0, 1), flows, tests, networks, strict=True)
    return [History(E, norm, wrong.astype(int), flow, *test, net) for (E, norm, wrong), flow, test, net in parts]


def _common(runs):
    """Settings of the first run; refuse runs that cannot share its stack."""
    if not runs:
        raise ValueError("runs is empty, but needs at least one (Settings, seed)")
    first = runs[0][0]
    for k, (settings, _) in enumerate(runs):
        if not isinstance(settings, Settings):
            raise TypeError(f"runs[{k}] begins with a {type(settings).__name__}, but needs (Settings, seed)")
        for name in (f.name for f in fields(Settings) if f.name not in OWN):
            here, there = getattr(settings, name), getattr(first, name)
            if here != there:
                raise ValueError(f"runs[{k}] has {name} = {here}, but needs that of runs[0], {there}")
        here, there = settings.start, first.start
        if (here == "identity") != (there == "identity"):
            raise ValueError(f"runs[{k}] has start = {here}, but runs[0] {there}: one is tanh, the other ReLU")
    return first


def _stack(batches, device, dtype):
    """Batches of all runs: x (S, T, N, D), and y with a leading S."""
    x, y = zip(*(to_tensors(batch, device, dtype) for batch in batches), strict=True)
    return torch.stack(x), torch.stack(y)


def _gradients(task, common, params, optimiser, max_norm, x, y):
    """Leave the clipped gradients of all networks; return losses, norms before clipping and wrong answers, (3, S)."""
    h = stacked_cells.hidden(common.kind, common.start == "identity", [params[name] for name in CORE], x)
    output = _readout(params, h if task.every else h[:, -1:])  # (S, T or 1, N, K)
    output = output if task.every else output[:, 0]
    E = training.loss(task, output, y)
    optimiser.zero_grad()
    E.sum().backward()
    norm = torch.stack([p.grad.flatten(start_dim=1).norm(dim=1) for p in params.values()]).norm(dim=0)
    factor = (max_norm / (norm + 1e-6)).clamp(max=1.0)
    for p in params.values():
        p.grad *= factor.view(-1, *[1] * (p.ndim - 1))
    return E.detach().cpu().numpy(), norm.cpu().numpy(), _wrong(task, output, y)


def _wrong(task, output, y):
    """Number of wrong answers of each network, by one call for all of them."""
    S = len(y)
    if task.every:
        output, y = (part.transpose(0, 1) for part in (output, y))  # the steps first, as `Task.wrong` wants them
    first = 1 if task.every else 0
    wrong = training.wrong(task, output.flatten(first, first + 1), y.flatten(first, first + 1))
    return wrong.reshape(S, -1).sum(axis=1)


def _readout(params, h):
    S, T, N, H = h.shape
    bias, weight = params["readout.bias"][:, None], params["readout.weight"]
    return torch.baddbmm(bias, h.reshape(S, T * N, H), weight.mT).view(S, T, N, -1)


def _unstack(params, networks):
    """Put the parameters back into the networks of `torch.nn`."""
    with torch.no_grad():
        for s, network in enumerate(networks):
            for name, parameter in network.named_parameters():
                parameter.copy_(params[name][s])
