"""Watch a model run: every state and every gate of its recurrent layers, without a change to the model.

While a `Recorder` is entered, each call of torch's own ``lstm``, ``gru``, ``rnn_tanh``, ``rnn_relu`` and of their cells
runs step by step in its place, with the weights it was called with. This happens by the protocol that torch offers for
it, ``__torch_function__``, so that the model, its loop and its loss are the user's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch.overrides import TorchFunctionMode

from bptt.examine import stepping

CELLS = {f"{kind}_cell": kind for kind in stepping.KINDS}


@dataclass
class Track:
    """What one layer did in one direction over one sequence, in the order in which it read the steps.

    Attributes
    ----------
    name : str
        In the words of the report: ``"rnn layer 2 backwards"``.
    kind : str
        ``"lstm"``, ``"gru"``, ``"rnn_tanh"``, ``"rnn_relu"``, or the name of a class of the user's own.
    first, reverse : bool
        Whether it reads the inputs themselves, and whether it reads them from the end.
    start : tuple of tensors
        The state before the first step.
    weights : Weights or None
    x, states, gates : list
        For every step: inputs (n, D), state ``(h,)`` or ``(h, c)``, gates by their letters.
    times : list of int
        Which step of the sequence was read, counted from 0.
    order : tensor or None
        Where the samples of the user's batch stand in a packed one.
    """

    name: str
    kind: str
    first: bool
    reverse: bool
    start: tuple
    weights: stepping.Weights | None
    x: list = field(default_factory=list)
    states: list = field(default_factory=list)
    gates: list = field(default_factory=list)
    times: list = field(default_factory=list)
    order: torch.Tensor | None = None

    @property
    def cell(self):
        """Whether it has a cell state beside the hidden one."""
        return len(self.states[0]) > 1

    def goes_on(self, before):
        """Whether a call with this state goes on with the sequence, and does not begin a new one."""
        last = self.states[-1][0]
        if before is None or before[0].shape != last.shape:
            return False
        again = before[0].requires_grad == self.start[0].requires_grad and torch.equal(before[0], self.start[0])
        return torch.equal(before[0], last) or not again

    def add(self, t, x, after, gates):
        """Note one step; return the state as it is handed on."""
        after = tuple(_followed(s) for s in after)
        self.x.append(x)
        self.states.append(after)
        self.gates.append(gates)
        self.times.append(t)
        return after


def _followed(s):
    """A state that has a gradient: also in a frozen model, but not where the user has switched gradients off."""
    return s.requires_grad_() if torch.is_grad_enabled() and not s.requires_grad and s.is_leaf else s


class Recorder(TorchFunctionMode):
    """Context in which a model's recurrent layers are watched.

    ``tracks`` holds what was seen, and ``went_back`` says whether ``backward`` was called meanwhile.

    Parameters
    ----------
    model : torch.nn.Module
        Gives the names, and is left as it is.
    cells : collection of torch.nn.Module
        Modules of the user's own, called once a step, that return h or (h, c), or an output and one of these.
    """

    def __init__(self, model, cells=()):
        super().__init__()
        self.tracks, self._open, self._order, self._hooks = [], {}, None, []
        self._model, self._cells, self.went_back = model, tuple(cells), False
        self._names = dict(_named_weights(model))

    def __enter__(self):
        for name, module in self._model.named_modules():
            if isinstance(module, torch.nn.RNNBase):
                self._hooks.append(module.register_forward_pre_hook(self._packed))
            elif module in self._cells:
                hook = lambda module, x, out, name=name: self._own(module, name, x, out)
                self._hooks.append(module.register_forward_hook(hook))
        return super().__enter__()

    def __exit__(self, *error):
        for hook in self._hooks:
            hook.remove()
        return super().__exit__(*error)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Take the place of torch's recurrent layers and cells; let all else pass."""
        name = getattr(function, "__name__", "")
        self.went_back |= function is torch.Tensor.backward
        if not kwargs and name in stepping.KINDS:
            return self._layers(name, *args)
        if not kwargs and name in CELLS:
            return self._cell(CELLS[name], *args)
        return function(*args, **(kwargs or {}))

    def _packed(self, module, args):
        """Remember how the batch that comes next was sorted: None for one that is not packed."""
        self._order = None
        if isinstance(args[0], torch.nn.utils.rnn.PackedSequence):
            as_it_is = torch.arange(int(args[0].batch_sizes[0]), device=args[0].data.device)
            self._order = as_it_is if args[0].unsorted_indices is None else args[0].unsorted_indices

    def _layers(self, kind, x, *args):
        """``lstm(x, hx, weights, …, batch_first)``, or ``lstm(x, batch_sizes, hx, weights, …)`` of a packed batch."""
        packed = isinstance(args[2], (list, tuple))
        sizes, (hx, flat, _, num_layers, drop, training, both, *batch_first) = args[0], args[1:] if packed else args
        state = tuple(hx) if kind == "lstm" else (hx,)
        layers = stepping.Layers(kind, _sorted(flat, num_layers, 2 if both else 1), drop if training else 0.0)
        note = lambda layer, direction: self._noter(kind, layers, layer, direction)
        if packed:
            output, state = stepping.run(layers, x, sizes.tolist(), state, note)
        else:
            x = x.transpose(0, 1) if batch_first[0] else x
            T, N = x.shape[:2]
            output, state = stepping.run(layers, x.reshape(T * N, -1), [N] * T, state, note)
            output = output.view(T, N, -1).transpose(0, 1) if batch_first[0] else output.view(T, N, -1)
        self._order = None
        return output, *state

    def _cell(self, kind, x, hx, *weights):
        """``lstm_cell(x, hx, weight_ih, weight_hh, bias_ih, bias_hh)``."""
        weights = stepping.Weights(*weights)
        before = tuple(hx) if kind == "lstm" else (hx,)
        a = torch.nn.functional.linear(x, weights.ih, weights.b_ih)
        name = self._names.get(id(weights.ih), kind)
        after, gates = stepping.step(kind, a, before, weights)
        track = self._track((id(weights.ih), 0), name, kind, before, weights)
        after = track.add(len(track.times), x.detach(), after, gates)
        return after if kind == "lstm" else after[0]

    def _noter(self, kind, layers, layer, direction):
        """What `stepping.run` tells its steps to: the track of one layer and direction."""
        weights, order = layers.weights[layer][direction], self._order
        name = self._names.get(id(layers.weights[0][0].ih), kind)
        name += f" layer {layer + 1}" * (len(layers.weights) > 1) + " backwards" * direction
        track, offset = None, 0

        def note(t, x, before, after, gates):
            nonlocal track, offset
            if track is None:
                track = self._track((id(weights.ih), direction), name, kind, before, weights, layer == 0, order)
                offset = len(track.times)
            return track.add(offset + t, x, after, gates)

        return note

    def _track(self, key, name, kind, before, weights=None, first=True, order=None):
        """The track that goes on, or a new one."""
        track = self._open.get(key)
        if track is None or not track.goes_on(before):
            again = sum(t.name.split(", call ")[0] == name for t in self.tracks)
            name += f", call {again + 1}" if again else ""
            track = self._open[key] = Track(name, kind, first, bool(key[1]), before, weights, order=order)
            self.tracks.append(track)
        return track

    def _own(self, module, name, args, out):
        """Watch a module of the user's own: its state is seen by another view of it, which the caller gets."""
        state, rebuild = _state_of(out)
        before = next((_state_of(arg)[0] for arg in args[1:] if arg is not None), None)
        track = self._track((id(module), 0), name or type(module).__name__, type(module).__name__, before)
        track.start = state if track.start is None else track.start
        return rebuild(track.add(len(track.times), args[0].detach(), tuple(s.view_as(s) for s in state), {}))


def _state_of(out):
    """The state in what a cell returns, h or (h, c), alone or after an output; and how to put another in its place."""
    if isinstance(out, torch.Tensor):
        return (out,), lambda state: state[0]
    make = getattr(type(out), "_make", type(out))
    if isinstance(out[-1], torch.Tensor):
        return tuple(out), make
    inner = getattr(type(out[-1]), "_make", type(out[-1]))
    # The output is often h itself; whoever goes on from it has to meet the same view.
    same = [part is out[-1][0] for part in out[:-1]]
    return tuple(out[-1]), lambda state: make(
        [*(state[0] if h else part for part, h in zip(out, same, strict=False)), inner(state)]
    )


def _named_weights(model):
    """Pairs of a weight's identity and the name of its module."""
    for name, module in model.named_modules():
        for weight in ("weight_ih", "weight_ih_l0"):
            if isinstance(getattr(module, weight, None), torch.Tensor):
                yield id(getattr(module, weight)), name.replace("_orig_mod.", "") or type(module).__name__


def _sorted(flat, num_layers, directions):
    """``[layer][direction]`` from torch's flat list: W_x, W_h, then two biases if there are any, then a projection."""
    each = len(flat) // (num_layers * directions)
    projected = each % 2 == 1
    groups = []
    for k in range(0, len(flat), each):
        W_x, W_h, *rest = flat[k : k + each]
        hr = rest.pop() if projected else None
        groups.append(stepping.Weights(W_x, W_h, *(rest or (None, None)), hr))
    return [groups[k : k + directions] for k in range(0, len(groups), directions)]
