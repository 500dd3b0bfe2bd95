"""Watch a training loop clip its gradients: whether it does, in the right place, all of them, and how often.

::

    with ClippingGuard(optimiser) as guard:
        train(…)                              # a hundred steps of your own loop, as they are
    print(guard)

Nothing is replaced. Hooks of torch say when a gradient has arrived and when the optimiser begins and ends its step; in
between, the guard looks whether the gradients have been changed.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from bptt.examine import report, signposts
from bptt.examine.findings import Finding


class ClippingGuard:
    """Context in which an optimiser's steps are watched.

    Parameters
    ----------
    optimiser : torch.optim.Optimizer

    Attributes
    ----------
    before, after : list of float
        For every step, the norm of all gradients together when `backward` had ended, and when the step began.
    touched : list of int
        For every step, how many of its arrays were changed in between.
    arrays : list of int
        How many arrays the step used.
    late : int
        After how many steps the gradients were shortened, when the step had used them.

    Notes
    -----
    Scaled losses look like clipping: ``GradScaler.unscale_`` changes the gradients, too. A gradient that is cleared in
    place, ``zero_grad(set_to_none=False)``, hides what came after its step.

    Examples
    --------
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimiser = torch.optim.SGD([weight], lr=0.1)
    >>> with ClippingGuard(optimiser) as guard:
    ...     (300 * weight[0] + 400 * weight[1]).backward()
    ...     optimiser.step()
    ...     _ = torch.nn.utils.clip_grad_norm_([weight], max_norm=1.0)
    >>> print(guard)
    1 step, norm of the gradient 500 at its median, 500 at its highest tenth
      ✗ clipped AFTER the step, in 1 of 1 steps: the step has used the whole gradient. Clip between
        backward and step  → page 4.4
    """

    def __init__(self, optimiser):
        self.optimiser, self.before, self.after, self.touched, self.arrays, self.late = optimiser, [], [], [], [], 0
        self._arrived, self._used, self._hooks = {}, [], []

    def __enter__(self):
        for p in self._parameters():
            self._hooks.append(p.register_post_accumulate_grad_hook(self._note))
        self._hooks.append(self.optimiser.register_step_pre_hook(self._step))
        self._hooks.append(self.optimiser.register_step_post_hook(self._stepped))
        return self

    def __exit__(self, *error):
        for hook in self._hooks:
            hook.remove()
        self._look_back()
        self._arrived.clear()

    def _parameters(self):
        return [p for group in self.optimiser.param_groups for p in group["params"] if p.requires_grad]

    def _note(self, p):
        """A gradient has arrived."""
        self._look_back()
        self._arrived[p] = p.grad._version, torch.linalg.vector_norm(p.grad.detach())

    def _step(self, *_):
        """The optimiser begins: compare with what arrived."""
        self._look_back()
        with_gradient = [p for p in self._parameters() if p.grad is not None]
        arrived = [self._arrived[p] for p in with_gradient if p in self._arrived]
        self.touched.append(sum(p in self._arrived and self._arrived[p][0] != p.grad._version for p in with_gradient))
        self.arrays.append(len(with_gradient))
        self.before.append(_together([norm for _, norm in arrived]))
        self.after.append(_together([torch.linalg.vector_norm(p.grad) for p in with_gradient]))

    def _stepped(self, *_):
        """The optimiser has ended: remember what it has used."""
        self._used = [(p.grad, p.grad._version) for p in self._parameters() if p.grad is not None]

    def _look_back(self):
        """Whether the gradients of the last step have been shortened since, and not cleared."""
        changed = [grad for grad, version in self._used if grad._version != version]
        norm = _together([torch.linalg.vector_norm(grad) for grad in changed])
        self.late += bool(0 < norm < 0.999 * self.after[-1]) if changed else 0
        self._used = []

    def findings(self):
        """What there is to say, as a list of `findings.Finding`."""
        return list(_findings(self))

    def __str__(self):
        lines = [_headline(self), *report.lines(self.findings())]
        return "\n".join(lines)

    __repr__ = __str__


def _together(norms):
    return float(torch.stack([norm.double().cpu() for norm in norms]).square().sum().sqrt()) if norms else 0.0


def _headline(guard):
    steps = len(guard.before)
    norms = np.array([norm for norm in guard.before if math.isfinite(norm)])
    if not len(norms):
        return f"{steps} step{'s' * (steps != 1)}"
    median, high = np.quantile(norms, [0.5, 0.9])
    many = f"{steps} step{'s' * (steps != 1)}"
    return f"{many}, norm of the gradient {median:.3g} at its median, {high:.3g} at its highest tenth"


def _findings(guard):
    steps = len(guard.before)
    if not steps:
        yield Finding("broken", "the optimiser has made no step")
        return
    if bad := sum(not math.isfinite(norm) for norm in guard.before):
        text = f"the norm was not finite in {bad} of {steps} steps; clipping does not mend that"
        yield Finding("broken", text, signposts.symptom("loss-is-nan"))
    if guard.late:
        text = f"clipped AFTER the step, in {guard.late} of {steps} steps: the step has used the whole gradient"
        yield Finding("broken", text + ". Clip between backward and step", signposts.CLIP)
    elif not any(guard.touched):
        text = "between backward and step nothing has touched the gradient: it is not clipped there"
        yield Finding("look", text, signposts.CLIP)
    yield from _of_clipped_steps(guard)


def _of_clipped_steps(guard):
    """Share of steps, largest norm after it, and whether all arrays were clipped."""
    clipped = [k for k, n in enumerate(guard.touched) if n]
    if not clipped:
        return
    shorter = sum(guard.after[k] < 0.999 * guard.before[k] for k in clipped)
    text = f"clipped in {shorter} of {len(guard.before)} steps, to a norm of {max(guard.after):.3g} at most"
    yield Finding("note", text, signposts.symptom("clip-threshold"))
    if any(guard.touched[k] < guard.arrays[k] for k in clipped):
        k = min(clipped, key=lambda k: guard.touched[k] - guard.arrays[k])
        text = f"the step uses {guard.arrays[k]} arrays, and only {guard.touched[k]} of them were clipped"
        yield Finding("broken", text, signposts.CLIP)
