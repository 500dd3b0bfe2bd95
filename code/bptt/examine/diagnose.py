"""Where did my gradient go? A diagnosis of any torch model with recurrent layers, in sentences with numbers.

::

    from bptt.examine.diagnose import diagnose

    diagnose(model, lambda: loss(model(x), y))

The model, its loop, its mask, its `detach` and its loss stay the user's own: they run inside of ``closure``. Nothing in
the model is changed, also when something fails.
"""

from __future__ import annotations

import contextlib
import sys
from typing import NamedTuple

import numpy as np
import torch

from bptt.examine import findings, findings_finite, findings_flow, findings_gates, measures, plain, report
from bptt.examine.recorder import Recorder
from bptt.examine.untouched import untouched


class Part(NamedTuple):
    """What was seen of one layer in one direction.

    ``flow`` is {"h": (T, N), "c": (T, N)}, norms ‖∂E_n/∂h_t‖ and ‖∂E_n/∂c_t‖; ``growth`` (T, N), in nats, belongs to a
    vector that is sent back through step t; ``gates`` {letter: (T,)} are means over samples and units. Rows are in the
    order of time.
    """

    name: str
    kind: str
    flow: dict
    growth: np.ndarray
    gates: dict
    findings: list


class Diagnosis:
    """What `diagnose` returns: it prints as a report, in a terminal and in a notebook.

    Attributes
    ----------
    loss : float
    samples : int
        How many losses the closure returned.
    findings : list of findings.Finding
        About the whole run.
    parts : list of Part
        About each layer and direction, with findings of their own.
    """

    def __init__(self, loss, samples, findings, parts):
        self.loss, self.samples, self.findings, self.parts = loss, samples, findings, parts

    def __getitem__(self, name):
        """The part of this name."""
        try:
            return next(part for part in self.parts if part.name == name)
        except StopIteration:
            known = ", ".join(repr(part.name) for part in self.parts)
            raise KeyError(f"there is no layer {name!r}, only {known}") from None

    def sentences(self, word="", level=""):
        """All sentences of the report in which a word occurs, in any case.

        Parameters
        ----------
        word : str
        level : str
            ``"broken"``, ``"look"`` or ``"note"``, for these alone.

        Returns
        -------
        list of str
        """
        every = [*self.findings, *(finding for part in self.parts for finding in part.findings)]
        return [f.text for f in every if word.lower() in f.text.lower() and level in ("", f.level)]

    def __str__(self):
        return report.text(self)

    __repr__ = __str__

    def to_html(self, root="../"):
        """The report as HTML; `root` leads from the page it stands on to the chapters of the course."""
        return report.html(self, root)

    def _repr_html_(self):
        return self.to_html()

    def to_dict(self):
        """The report as plain dictionaries, lists, strings and numbers, for a file of JSON."""
        return report.plain(self)

    def plot(self):
        """One figure: ‖∂E/∂h_t‖ and ‖∂E/∂c_t‖ against t for every layer and direction, the gates below.

        Returns
        -------
        matplotlib.figure.Figure
            Lines are medians over the samples, bands go from the lowest tenth to the highest.
        """
        from bptt.figures import gradient_flow

        return gradient_flow.draw(self.parts)


def diagnose(model, closure, *, cells=(), lengths=None):
    """Say where the gradient of a model goes: what reaches which step, how fast it fades, what is broken.

    Parameters
    ----------
    model : torch.nn.Module
        With recurrent layers or cells of torch, anywhere in it, or modules of one's own.
    closure : callable
        Takes nothing, runs the model and returns the loss: one number or, better, one for each sample, (N,). It does
        not call ``backward``. It is called two or three times, from the same random numbers.
    cells : collection of torch.nn.Module
        Modules of one's own that are called once a step, and return h or (h, c), or an output and one of these.
    lengths : (N,) sequence of int, optional
        How long the sequences are, where they are padded but not packed.

    Returns
    -------
    Diagnosis

    Raises
    ------
    TypeError, ValueError
        When `model` is no module, or closure returns no loss, or one that has no gradient, or calls ``backward``.

    Notes
    -----
    Flow is what arrives at a state, ∂E/∂h_t at a given c_t and ∂E/∂c_t at a given h_t, of everything the state does
    later. Equal to torch's own gradients to 1e-12 in float64. Transport is what a step does to a vector that is sent
    back through it. With a loss at every step, or below another layer, the two differ: the flow is fed on its way.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> rnn = torch.nn.RNN(3, 8)
    >>> x = torch.randn(20, 4, 3)
    >>> print(diagnose(rnn, lambda: rnn(x)[0][5].sum(dim=1)).parts[0].findings[0].text)
    the loss reads it after 6 of 20 steps: of the rest of the sequence it has heard nothing
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"model is of type {type(model).__name__}, but needs a torch.nn.Module")
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise TypeError(
            "model is a script, or holds one, but needs the module it was made from: a script shows no step"
        )
    lengths = None if lengths is None else np.asarray(lengths)
    with torch.enable_grad():
        with untouched(model):
            first = plain.run(model, closure)
        with untouched(model):
            E, tracks = watch(model, closure, cells)
            return _diagnosis(model, first, E, tracks, lengths)


def watch(model, closure, cells=()):
    """Run the closure and record it; return the losses, (N,), and the tracks."""
    with _as_written(), Recorder(model, cells) as recorder:
        E = closure()
    if not isinstance(E, torch.Tensor) or E.ndim > 1 or not E.is_floating_point():
        got = f"of shape {tuple(E.shape)}" if isinstance(E, torch.Tensor) else f"of type {type(E).__name__}"
        raise ValueError(f"closure returns a loss {got}, but needs one number, or one for each sample, as a tensor")
    if recorder.went_back:
        raise ValueError("closure has called backward itself, but needs to return the loss and no more")
    if not E.requires_grad:
        raise ValueError("closure returns a loss without a gradient: is it detached, or computed inside of no_grad?")
    return E.reshape(-1), recorder.tracks


def _as_written():
    """Context in which a compiled model runs as it was written, so that its layers can be seen."""
    return torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else contextlib.nullcontext()


def _diagnosis(model, first, E, tracks, lengths):
    """Put together what is said."""
    forgetful, tracks = findings.about_calls(tracks)
    finite = bool(torch.isfinite(E).all())
    said = [*_about_the_run(model, first, E, tracks), *forgetful]
    try:
        grads = measures.flows(E.sum(), tracks)
    except RuntimeError as error:
        if not first.error:
            said.append(findings.Finding("broken", f"step by step, it stops: {plain.first_line(error)}"))
        return Diagnosis(float(E.detach().sum()), len(E), said, [])
    numbers = [measures.measure(track, part, finite) for track, part in zip(tracks, grads, strict=True)]
    pairs = list(zip(tracks, numbers, strict=True))
    if finite:
        whole = [pair for pair in pairs if pair[0].first and pair[0].order is None]
        said += [*findings.about_samples(E, tracks), *first_of(findings.about_batch(*pair) for pair in whole)]
    return Diagnosis(float(E.detach().sum()), len(E), said, [_part(*pair, lengths) for pair in pairs])


def _about_the_run(model, first, E, tracks):
    """What is said before anything is measured."""
    yield from findings.about_weights(model)
    yield from findings.about_plain(first, bool(torch.isfinite(E).all()))
    yield from findings.about_repeat(first, E, tracks)
    if not tracks:
        yield findings.Finding("broken", "no recurrent layer was called; name those of your own in cells")


def first_of(groups):
    """What the first of several has to say, if one has."""
    return next((found for group in groups if (found := list(group))), [])


def _part(track, number, lengths):
    order = np.argsort(track.times)
    gates = {letter: means[order] for letter, (means, _) in findings_gates.gate_means(track).items()}
    flow = {wire: values[order] for wire, values in number.flow.items()}
    return Part(track.name, track.kind, flow, number.growth[order], gates, list(_said(track, number, lengths)))


def _said(track, number, lengths):
    """All sentences about one layer; what is not finite explains everything else."""
    if broken := first_of([findings_finite.about_forward(track), findings_finite.about_backward(track, number)]):
        yield from broken
        return
    yield from findings_gates.about_padding(track, number, lengths)
    yield from findings_flow.about_reading(track, number)
    if not findings_flow.used(number).any():
        return
    yield from findings_flow.about_flow(number)
    yield from findings_gates.about_routes(track)
    yield from findings_gates.about_gates(track)
    yield from findings_gates.about_units(track)
