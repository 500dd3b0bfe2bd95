"""A model is put back as it was: after a run, after an error, after a Ctrl-C."""

import random

import numpy as np
import pytest
import torch

from bptt.examine.untouched import untouched


class Model(torch.nn.Module):
    """It changes whatever a forward pass can change."""

    def __init__(self):
        super().__init__()
        self.linear, self.norm = torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3)
        self.register_buffer("kept", torch.zeros(2))
        self.state, self.calls = None, 0

    def forward(self, x):
        self.calls += 1
        self.state = x
        self.kept = torch.ones(2)
        self.later = "new"
        self.linear.register_forward_hook(lambda *_: None)
        with torch.no_grad():
            self.linear.weight.add_(1.0)
        self.norm(self.linear(x)).sum().backward()
        self.eval()
        return torch.rand(()), np.random.rand(), random.random()  # noqa: NPY002


def snapshot(model):
    return (
        {name: value.clone() for name, value in model.state_dict().items()},
        [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        [module.training for module in model.modules()],
        [len(module._forward_hooks) for module in model.modules()],
        (model.state, model.calls, hasattr(model, "later")),
        (torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()),  # noqa: NPY002
    )


@pytest.mark.parametrize("graded", [True, False])
@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
def test_everything_is_as_before(error, graded):
    model, x = Model(), torch.randn(4, 3)
    if graded:
        model.linear(x).sum().backward()
    grads, before = [p.grad for p in model.parameters()], snapshot(model)

    def run():
        with untouched(model):
            model(x)
            if error:
                raise error

    if error:
        with pytest.raises(error):
            run()
    else:
        run()
    torch.testing.assert_close(snapshot(model), before, rtol=0, atol=0)
    assert all(p.grad is grad for p, grad in zip(model.parameters(), grads, strict=True))


def test_what_is_put_back_did_change_meanwhile():
    model, x = Model(), torch.randn(4, 3)
    before = snapshot(model)
    with untouched(model):
        model(x)
        during = snapshot(model)
    assert not torch.equal(during[0]["linear.weight"], before[0]["linear.weight"])
    assert not torch.equal(during[0]["norm.running_mean"], before[0]["norm.running_mean"])
    for k in (2, 3, 4):
        assert during[k] != before[k]
    assert not torch.equal(during[5][0], before[5][0])
    assert during[5][1:] != before[5][1:]
