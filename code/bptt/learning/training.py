"""Training loops on `torch.nn`: one network, one seed, everything written down that the chapter looks at."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from tqdm import trange

from bptt.arguments import choice, count, number
from bptt.learning import networks, tasks
from bptt.learning.flow import Flow, gradient_flow

OPTIMISERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
TESTED = 2560  # fresh sequences at the end, as in hochreiter1997


@dataclass(frozen=True)
class Settings:
    """What makes a training, but for the seed.

    Attributes
    ----------
    task, T, options
        Of `tasks.make`.
    kind, H, start, gain, forget_bias, input_bias, chrono
        Of `networks.build`.
    answer : float or None
        Where the bias of the read-out begins, the answer of a network whose states are 0; None draws it.
    optimiser : str
        ``"adam"`` or ``"sgd"`` (without momentum).
    lr, decay : float, bool
        Learning rate, and whether it falls to 0 in a straight line.
    max_norm : float or None
        Of `torch.nn.utils.clip_grad_norm_`; None does not clip.
    N, steps : int
        Fresh sequences for each step, and steps.
    """

    task: str
    T: int
    kind: str
    steps: int
    H: int = 32
    N: int = 20
    start: str = "uniform"
    gain: float = 1.0
    forget_bias: float = 0.0
    input_bias: float | None = None
    chrono: int | None = None
    answer: float | None = None
    optimiser: str = "adam"
    lr: float = 0.01
    decay: bool = False
    max_norm: float | None = None
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        choice("optimiser", self.optimiser, OPTIMISERS)
        number("lr", self.lr, above=0)
        count("steps", self.steps)
        if self.max_norm is not None:
            number("max_norm", self.max_norm, above=0)

    def make(self, seed):
        """Make what a training starts from: the task, the network, and the generators of its batches and its test."""
        weights, batches, test = (np.random.default_rng([count("seed", seed, at_least=0), k]) for k in range(3))
        task = tasks.make(self.task, self.T, **self.options)
        how = {name: getattr(self, name) for name in ("start", "gain", "forget_bias", "input_bias", "chrono")}
        network = networks.build(self.kind, task.D, self.H, task.K, weights, **how)
        if self.answer is not None:
            torch.nn.init.constant_(network.readout.bias, number("answer", self.answer))
        return task, network, batches, test


class History(NamedTuple):
    """What a training leaves.

    ``loss`` and ``norm`` (steps,): loss of the batch before the step, and norm of its gradient before clipping;
    ``wrong`` (steps,): sequences of the batch answered wrongly; ``flow``: {step: Flow} means over fresh
    sequences of ‖∂E_n/∂h_t‖ and ‖∂E_n/∂c_t‖, (T,) each, with that many steps done; ``test_wrong`` of the fresh
    sequences at the end, ``test_loss`` their loss; ``network`` as trained.
    """

    loss: np.ndarray
    norm: np.ndarray
    wrong: np.ndarray
    flow: dict
    test_wrong: int
    test_loss: float
    network: networks.Network


def train(settings, seed, device="cpu", dtype=torch.float32, flow_at=(), tested=TESTED, progress=False):
    """Train one network by `torch.nn`, as one would write it oneself.

    Parameters
    ----------
    settings : Settings
    seed : int
        Of the weights, the batches and the test. Two trainings with one seed are equal to the last bit on one
        machine with one number of threads; cuDNN gives no such promise.
    device : str
        ``"cpu"``, another name of torch's, or ``"auto"``.
    dtype : torch.dtype
    flow_at : collection of int
        After how many steps to look at the gradient flow; 0 is before the first.
    tested : int
        On how many fresh sequences to test the network at the end.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    History
        A loss that is not finite stays in it, and the training goes on: it counts as a failure.

    Raises
    ------
    TypeError, ValueError
        When a setting is impossible or a name unknown.

    Examples
    --------
    >>> history = train(Settings("adding", T=10, kind="lstm", steps=3), seed=0)
    >>> history.loss.shape, history.test_wrong > 2000
    ((3,), True)
    """
    task, network, batches, test = settings.make(seed)
    device = pick_device(device)
    network.to(dtype).to(device)
    optimiser = OPTIMISERS[settings.optimiser](network.parameters(), settings.lr)
    max_norm = math.inf if settings.max_norm is None else settings.max_norm
    records, flow = np.empty((3, settings.steps)), {}
    for step in trange(settings.steps, disable=not progress, desc=f"{settings.kind}, seed {seed}", leave=False):
        if step in flow_at:
            flow[step] = mean_flow(task, network, seed)
        x, y = to_tensors(task.draw(batches, settings.N), device, dtype)
        output = network(x, task.every)
        E = loss(task, output, y)
        optimiser.zero_grad()
        E.backward()
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), max_norm)
        step_down(optimiser, settings, step)
        records[:, step] = E.item(), norm.item(), wrong(task, output, y).sum()
    if settings.steps in flow_at:
        flow[settings.steps] = mean_flow(task, network, seed)
    return History(*records[:2], records[2].astype(int), flow, *examine(task, network, test, tested), network)


def step_down(optimiser, settings, step):
    """One step of the optimiser, at the learning rate of that step."""
    if settings.decay:
        optimiser.param_groups[0]["lr"] = settings.lr * (1.0 - step / settings.steps)
    optimiser.step()


def loss(task, output, y):
    """Mean loss over the samples, for ``output`` (…, N, K); leading axes of a stack stay."""
    if task.loss == "squared error":
        return (output - y).square().sum(dim=-1).mean(dim=-1)
    E = torch.nn.functional.cross_entropy(output.flatten(end_dim=-2), y.flatten(), reduction="none").view(y.shape)
    return E.mean(dim=(-2, -1) if task.every else -1)


def wrong(task, output, y):
    """`Task.wrong` on tensors."""
    return task.wrong(output.detach().double().cpu().numpy(), y.cpu().numpy())


def to_tensors(batch, device, dtype):
    """A batch as tensors; classes stay whole numbers."""
    x, y = (torch.from_numpy(part).to(device) for part in batch)
    return x.to(dtype), y.to(dtype) if y.is_floating_point() else y


def mean_flow(task, network, seed, samples=64):
    """‖∂E_n/∂h_t‖ and ‖∂E_n/∂c_t‖ for t = 1 … T, means over fresh sequences, the same for every look at one seed.

    Returns
    -------
    bptt.learning.flow.Flow
        Of arrays (T,); without a cell ``c`` is None.
    """
    like = next(network.parameters())
    x, y = to_tensors(task.draw(np.random.default_rng([seed, 3]), samples), like.device, like.dtype)

    def total(h):
        return samples * loss(task, network.readout(h if task.every else h[-1]), y)

    return Flow(*(None if norms is None else norms.mean(axis=1) for norms in gradient_flow(network.core, x, total)))


def reach(norms):
    """How far a gradient gets: its norm at the first step over the largest, for norms (T,) against t."""
    return norms[0] / norms.max()


def examine(task, network, rng, samples):
    """Number of wrong answers and mean loss over fresh sequences."""
    like = next(network.parameters())
    x, y = to_tensors(task.draw(rng, samples), like.device, like.dtype)
    with torch.no_grad():
        output = network(x, task.every)
    return int(wrong(task, output, y).sum()), float(loss(task, output, y))


def solved_after(wrong, N, streak=2000):
    """Number of sequences after which the `streak` most recent ones were all answered rightly; None if never.

    Examples
    --------
    >>> solved_after(np.array([3, 0, 1, 0, 0, 0]), N=10, streak=20)
    50
    """
    need, right = -(-streak // N), 0
    for step, mistakes in enumerate(wrong):
        right = 0 if mistakes else right + 1
        if right == need:
            return (step + 1) * N
    return None


def pick_device(name):
    """The device of that name; ``"auto"`` is the first accelerator there is, else the processor."""
    if name == "auto":
        name = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device is {name!r}, but needs auto, cpu or another that this torch can use") from error
