"""The tests on the page of symptoms: each is run on a model that has the fault, and on one that has not."""

import contextlib
import io
import re
from pathlib import Path

import pytest
import torch
from broken import LENGTHS, Loop, classifier, keeper
from torch import nn

PAGE = (Path(__file__).parents[2] / "chapters/your-own/symptoms.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^\(([\w-]+)\)=\n(## .+?)(?=^\(|\Z)", PAGE, re.MULTILINE | re.DOTALL))
FIRST = re.search(r"```python\n(.+?)```", PAGE, re.DOTALL)[1].split("\n\nclosure")[0]


def outcome(section, **names):
    """What the test of a section prints."""
    (source,) = re.findall(r"```python\n(.+?)```", SECTIONS[section], re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(FIRST + "\n" + source, {"torch": torch, **names})
    return printed.getvalue()


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def summed(model, x):
    return lambda: model(x)[0][-1].sum(dim=1)


def test_every_section_has_its_four_parts():
    assert len(SECTIONS) == PAGE.count("\n## ") == 11
    for text in SECTIONS.values():
        assert [text.count(f"**{part}.**") for part in ("What it means", "Test", "Remedy")] == [1, 1, 1]


def test_a_state_that_hangs_on_a_graph():
    model, x = nn.GRU(4, 5), torch.randn(6, 3, 4)
    assert outcome("trying-to-backward-through-the-graph-a-second-time", model=model, x=x) == "False True\n"
    _, state = model(x)
    state.sum().backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        model(x, state)[1].sum().backward()
    model(x, state.detach())[1].sum().backward()


@pytest.mark.filterwarnings("ignore:Anomaly Detection:UserWarning", "ignore:Error detected:UserWarning")
def test_a_step_in_place():
    model, x = nn.GRU(4, 5), torch.randn(6, 3, 4)
    outcome("modified-by-an-inplace-operation", closure=summed(model, x))

    def changed():
        loss = summed(model, x)()
        with torch.no_grad():
            model.weight_hh_l0.add_(1.0)
        return loss

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outcome("modified-by-an-inplace-operation", closure=changed)


def test_nan():
    model, x = nn.GRU(4, 5), torch.randn(6, 3, 4)
    assert outcome("loss-is-nan", model=model, closure=summed(model, x)) == "\n\n"
    bad = torch.where(torch.arange(3)[:, None] == 1, torch.nan, x)
    assert "the FORWARD pass is not finite: h from step 1 on, sample 1" in outcome("loss-is-nan", model=model, closure=summed(model, bad))  # fmt: skip


def test_flow_on_both_wires():
    model, closure = keeper()
    h, c = outcome("no-long-dependencies", model=model, closure=closure).splitlines()
    assert h == "h 0.0 of 0.0"
    left, late = (float(word) for word in c.split()[1::2])
    assert left / late > 0.96
    forgetting, x = nn.LSTM(1, 8, dtype=torch.float64), torch.randn(100, 1, 1, dtype=torch.float64)
    printed = outcome("no-long-dependencies", model=forgetting, closure=summed(forgetting, x))
    assert all(float(first) < 1e-9 * float(last) for _, first, _, last in map(str.split, printed.splitlines()))


def test_states_in_place_of_outputs():
    model, x = nn.GRU(4, 5), torch.randn(6, 3, 4)
    out = model(x)[0]
    out.retain_grad()
    out[-1].sum().backward()
    assert out.grad.abs().sum(dim=(1, 2)).tolist() == [0, 0, 0, 0, 0, 15]
    assert outcome("out-grad-is-zero", model=model, closure=summed(model, x)) == "6 of 6 steps\n"


def test_two_directions():
    for packed, said in ((False, "the loss reads it after 1 of 30 steps"), (True, "[]")):
        model, closure = classifier(packed, bidirectional=True)
        assert said in outcome("bidirectional-output", model=model, closure=closure)


def test_padding():
    for packed, said in ((False, "PADDING is read: 3 of 4 losses"), (True, "[]")):
        model, closure = classifier(packed)
        assert said in outcome("padding", model=model, closure=closure, lengths=LENGTHS)


@pytest.mark.parametrize("right", [True, False])
def test_batch_first(right):
    model, names = nn.GRU(4, 5, batch_first=right), {"x": torch.randn(3, 6, 4)}
    (source,) = re.findall(r"```python\n(.+?)```", SECTIONS["batch-first"], re.DOTALL)
    names["closure"] = lambda: model(names["x"])[0][:, -1].sum(dim=1)
    names["print"] = lambda numbers: names.update(seen=(numbers > 0).tolist())
    exec(source, names)
    assert names["seen"] == ([False, False, True] if right else [True, True, True])


def test_clip_threshold():
    model, x = nn.GRU(4, 5), torch.randn(6, 3, 4)
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    norm = torch.nn.utils.get_total_norm(torch.autograd.grad(summed(model, x)().mean(), model.parameters()))
    assert (
        outcome("clip-threshold", model=model, closure=summed(model, x), optimizer=optimizer) == f"tensor({norm:.4f})\n"
    )


def test_truncated():
    for cut, said in ((5, "Training sees 5 of 20 steps"), (None, "[]")):
        model, x = Loop(cut), torch.randn(20, 3, 4)
        closure = lambda model=model, x=x: model(x).sum(dim=1)
        assert said in outcome("truncated-backpropagation", model=model, closure=closure)


def test_underflow():
    for T, said in ((400, "it underflows"), (20, "[]")):
        model, x = nn.RNN(4, 5), torch.randn(T, 3, 4)
        assert said in outcome("underflow", model=model, closure=summed(model, x))
