"""Look at the gradient flow while a network trains, at every so many-th step, and keep what was seen as a table.

::

    monitor = Monitor(model, every=100)
    for x, y in batches:
        monitor(lambda: loss(model(x), y))
        …                                     # zero_grad, backward, clip, step, as ever

A look costs about as much as one or two training steps, and six where a layer is small and torch is quick
(benchmarks/RESULTS.md). It leaves the model, its gradients and the random numbers as they are, so that the training is
the same with it and without.
"""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import torch

from bptt.arguments import count
from bptt.examine import findings_flow, findings_gates, measures
from bptt.examine.diagnose import watch
from bptt.examine.untouched import untouched


class Monitor:
    """A look at every so many-th call.

    Parameters
    ----------
    model : torch.nn.Module
    every : int
        How many calls lie between two looks; the first call is one.
    cells : collection of torch.nn.Module
        As for `diagnose`.
    writer : object or str, optional
        A ``SummaryWriter`` of TensorBoard, or anything that has its ``add_scalar(name, value, step)``; or the folder
        for a new one, for which TensorBoard must be installed.

    Attributes
    ----------
    rows : list of dict
        One for each look and layer: ``step`` (calls before this one), ``layer``, ``loss``; for each wire ``rate_h`` and
        ``rate_c``, the factor a step back, ``left_h`` and ``left_c``, what is left at the first step of what arrives at
        the last; and the mean of each gate, by its letter. NaN where there is no such thing.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> model, x = torch.nn.GRU(2, 8), torch.randn(20, 4, 2)
    >>> monitor = Monitor(model, every=10)
    >>> for _ in range(20):
    ...     monitor(lambda: model(x)[0][-1].sum(dim=1))
    >>> [(row["step"], row["layer"]) for row in monitor.rows]
    [(0, 'GRU'), (10, 'GRU')]
    """

    def __init__(self, model, every=100, *, cells=(), writer=None):
        self.model, self.every, self.cells = model, count("every", every), cells
        self.writer = _summary_writer(writer) if isinstance(writer, str) else writer
        self.calls, self.rows = 0, []

    def __call__(self, closure):
        """Count a training step, and look at it when it is its turn.

        Parameters
        ----------
        closure : callable
            As for `diagnose`; it is called once, at a look, and not at all between two of them.
        """
        if self.calls % self.every == 0:
            new = list(look(self.model, closure, self.cells))
            self.rows += [{"step": self.calls, **row} for row in new]
            self._write(new)
        self.calls += 1

    def _write(self, rows):
        for row in rows if self.writer is not None else ():
            for name, value in row.items():
                if name != "layer" and math.isfinite(value):
                    self.writer.add_scalar(f"gradient flow/{row['layer']}/{name}", value, self.calls)

    def to_csv(self):
        """The table as text, one line for each look and layer."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        text = io.StringIO()
        table = csv.DictWriter(text, names, lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        return text.getvalue()


def look(model, closure, cells=()):
    """Yield one dictionary for each layer and direction: loss, rates, what is left, and the means of the gates."""
    with torch.enable_grad(), untouched(model):
        E, tracks = watch(model, closure, cells)
        loss = float(E.detach().mean())
        for track, grads in zip(tracks, measures.flows(E.sum(), tracks), strict=True):
            flow = measures.measure(track, grads, transported=False).flow
            means = {letter: float(np.mean(values)) for letter, (values, _) in findings_gates.gate_means(track).items()}
            yield {"layer": track.name, "loss": loss, **_course(flow), **means}


def _course(flow):
    """For each wire, the factor a step back and what is left at the end of the way."""
    found = {}
    for wire, values in flow.items():
        left = findings_flow.profile(values)
        r, steps = findings_flow.rate(left) if np.isfinite(left).all() else (math.nan, 0)
        found[f"rate_{wire}"] = math.exp(r) if steps else math.nan
        found[f"left_{wire}"] = float(left[-1]) if len(left) > 1 else math.nan
    return found


def _summary_writer(folder):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ImportError(f"writer is {folder!r}, but TensorBoard is not installed: pip install tensorboard") from error
    return SummaryWriter(folder)
