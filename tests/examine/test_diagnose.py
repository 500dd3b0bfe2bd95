"""The diagnosis as a whole: what it says of models after public reports, and that it changes nothing."""

import json

import pytest
import torch
from broken import Classifier, Loop, classifier, exploding, keeper, tokens
from torch import nn

from bptt.examine.diagnose import diagnose


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def sentences(diagnosis, level=None):
    every = [*diagnosis.findings, *(finding for part in diagnosis.parts for finding in part.findings)]
    return " | ".join(finding.text for finding in every if level in (None, finding.level))


def test_a_bidirectional_classifier_that_reads_its_last_output():
    said = diagnose(*classifier(num_layers=2, bidirectional=True, dropout=0.5))
    assert [part.name for part in said.parts] == [f"rnn layer {k}{end}" for k in (1, 2) for end in ("", " backwards")]
    (heard,) = [f for f in said["rnn layer 2 backwards"].findings if f.level == "broken"]
    assert heard.text.startswith("the loss reads it after 1 of 30 steps")
    assert heard.page.part == "bidirectional-output"
    assert "PADDING is read: 3 of 4 losses" in sentences(said, "broken")
    assert "sample 2 on 21 steps after its 9" in sentences(said, "broken")


def test_the_same_packed_is_not_accused():
    said = diagnose(*classifier(packed=True, num_layers=2, bidirectional=True))
    assert sentences(said, "broken") == ""
    assert {len(part.growth) for part in said.parts} == {30}


@pytest.mark.parametrize("sorted_by_hand", [True, False])
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_packed_batches_of_both_kinds(kind, sorted_by_hand):
    core, x = kind(4, 5), torch.randn(12, 3, 4)
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([12, 7, 3]), enforce_sorted=sorted_by_hand)
    (part,) = diagnose(core, lambda: core(packed)[0].data.square().sum()).parts
    assert (part.flow["h"] > 0).sum(axis=0).tolist() == [12, 7, 3]


def test_memory_in_the_cell_is_seen():
    said = sentences(diagnose(*keeper()))
    assert "on h nothing is handed on" in said
    assert "on c it stays: 0.968 is left 98 steps back" in said
    assert "∂c/∂c is 0.97 by the carry alone, 0 by way of the gates, 0 by an output gate" in said


@pytest.mark.parametrize(
    ("cut", "where", "most"), [(1, "at every step", 1), (8, "before steps 9, 17", 8), (None, None, 20)]
)
def test_the_users_own_detach_is_seen(cut, where, most):
    model, x = Loop(cut), torch.randn(20, 3, 4)
    said = sentences(diagnose(model, lambda: model(x).square().sum(dim=1)))
    assert (f"CUT {where}: a detach, .data or no_grad in the loop. Training sees {most} of 20 steps" in said) == bool(
        cut
    )
    assert ("CUT" in said) == bool(cut)


def test_batch_taken_for_time():
    core, x = nn.LSTM(4, 5), torch.randn(12, 6, 4)  # 12 samples, for a layer that wants time first
    said = sentences(diagnose(core, lambda: core(x)[0][:, -1].sum(dim=1)), "broken")
    assert "there are 12 losses, but LSTM saw 12 steps of 6 samples: time and batch are swapped" in said
    assert "only 1 of 6 samples reach the loss, the last one" in said
    said = sentences(diagnose(core, lambda: core(x)[0][:, -1].sum(dim=1).mean()), "broken")
    assert "only 1 of 6 samples reach the loss" in said


def test_batch_taken_for_time_in_a_square_batch():
    core, x = nn.LSTM(4, 5), torch.randn(6, 6, 4)
    said = sentences(diagnose(core, lambda: core(x)[0][:, -1].sum(dim=1)), "broken")
    assert "samples see each other: the loss of sample 5 depends on the states" in said or "only 1 of 6" in said


def test_samples_that_see_each_other():
    core, norm, x = nn.GRU(4, 5), nn.BatchNorm1d(5), torch.randn(7, 6, 4)
    model = nn.ModuleList([core, norm])
    said = sentences(diagnose(model, lambda: norm(core(x)[0][-1]).square().sum(dim=1)), "broken")
    assert "samples see each other: the loss of sample 0 depends on the states of samples 1, 2, 3, 4 and 1 more" in said


def test_an_explosion():
    assert "EXPLODES: a vector that is sent back grows by" in sentences(diagnose(*exploding()), "broken")
    assert "EXPLODES" not in sentences(diagnose(*exploding(gain=1.0)))


def test_underflow_is_told_from_a_cut_and_from_a_dead_layer():
    core, x = nn.RNN(4, 8), torch.randn(200, 3, 4)
    with torch.no_grad():
        core.weight_hh_l0.mul_(0.3)
    said = sentences(diagnose(core, lambda: core(x)[0][-1].sum(dim=1)))
    assert "in float32, though the step passes something on: it underflows" in said
    assert "CUT" not in said
    core = nn.RNN(4, 8, nonlinearity="relu")
    with torch.no_grad():
        core.bias_ih_l0.fill_(-20.0)
    said = sentences(diagnose(core, lambda: (core(x)[0].sum(dim=-1) + x.new_zeros(())).sum(dim=0)))
    assert "8 of 8 units are 0 at every step of every sample: dead" in said


def test_flow_and_transport_are_told_apart():
    core, x = nn.GRU(4, 8), torch.randn(60, 3, 4)
    assert "new gradient comes in on the way" in sentences(diagnose(core, lambda: core(x)[0].sum(dim=(0, 2))))
    assert "new gradient" not in sentences(diagnose(core, lambda: core(x)[0][-1].sum(dim=1)))


def test_a_second_backward_through_a_graph_that_is_gone():
    core, x = nn.GRU(4, 8), torch.randn(10, 3, 4)
    _, state = core(x)
    state.sum().backward(retain_graph=False)
    said = diagnose(core, lambda: core(x, state)[0][-1].sum(dim=1))
    assert "as it is, the model stops: Trying to backward through the graph a second time" in sentences(said)
    assert said.findings[0].page.part.startswith("trying-to-backward")
    assert len(said.parts) == 1


def test_weights_that_are_not_finite():
    model, closure = classifier()
    with torch.no_grad():
        model.rnn.weight_hh_l0[0, 0] = torch.nan
    assert "the weights are not finite any more: rnn.weight_hh_l0" in sentences(diagnose(model, closure))


def test_a_closure_that_draws_a_new_batch():
    core, draw = nn.GRU(4, 8), iter(torch.randn(9, 5, 3, 4))
    assert "two calls of closure give two losses" in sentences(diagnose(core, lambda: core(next(draw))[0].sum()))
    x = torch.randn(5, 3, 4)
    noisy = lambda: core(x + torch.randn(5, 3, 4))[0].sum()  # the same numbers are drawn each time
    assert "two calls" not in sentences(diagnose(core, noisy))


def test_a_model_without_recurrent_layers():
    model = nn.Linear(4, 1)
    assert "no recurrent layer was called" in sentences(diagnose(model, lambda: model(torch.ones(3, 4))[:, 0]))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_of_number(dtype):
    model = Classifier().to(dtype)
    x = tokens()
    said = diagnose(model, lambda: model(x, None).float().square().sum(dim=1))
    assert "on c it fades" in sentences(said)


def test_autocast_on_the_cpu_where_torch_itself_gives_up():
    model, closure = classifier(packed=True)
    with torch.autocast("cpu", torch.bfloat16):
        assert "on c it fades" in sentences(diagnose(model, closure))


def test_a_state_that_is_not_handed_on():
    core, x = nn.LSTM(4, 8), torch.randn(10, 3, 4)
    said = diagnose(core, lambda: sum(core(x_t)[0][0].sum(dim=1) for x_t in x.split(1)))
    assert said.sentences("handed on")[0].startswith("LSTM was called 10 times for one step, and began anew each time")
    assert len(said.parts) == 1
    assert not diagnose(core, lambda: core(x)[0][-1].sum(dim=1) + core(x)[0][-1].sum(dim=1)).sentences("anew")


def test_an_inplace_step_is_told_once():
    cell, x = nn.GRUCell(4, 8), torch.randn(6, 3, 4)

    def closure():
        h = torch.zeros(7, 3, 8)
        for t in range(6):
            h[t + 1] = cell(x[t], h[t])
        return h[-1].sum(dim=1)

    (sentence,) = diagnose(cell, closure).sentences()
    assert sentence.endswith("needed for gradient computation has been modified by an inplace operation")


def test_a_compiled_model_runs_as_it_was_written():
    model, x = Loop(), torch.randn(12, 3, 4)
    compiled = torch.compile(model, backend="eager")
    (part,) = diagnose(compiled, lambda: compiled(x).sum(dim=1)).parts
    assert part.name == "cell"
    (expected,) = diagnose(model, lambda: model(x).sum(dim=1)).parts
    assert (part.flow["h"] == expected.flow["h"]).all()


# Refusals


def test_wrong_arguments_are_refused():
    core, x = nn.GRU(4, 5), torch.randn(3, 2, 4)
    with pytest.raises(TypeError, match="model is of type function, but needs a torch.nn.Module"):
        diagnose(lambda: None, lambda: None)
    for closure, sentence in [
        (lambda: core(x)[0], r"closure returns a loss of shape \(3, 2, 5\), but needs one number"),
        (lambda: core(x)[0].sum().detach(), "closure returns a loss without a gradient"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            diagnose(core, closure)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_script_is_refused():
    with pytest.raises(TypeError, match="model is a script, or holds one, but needs the module it was made from"):
        diagnose(torch.jit.script(nn.GRU(4, 5)), lambda: None)


def test_a_closure_that_goes_back_itself_is_refused():
    core, x = nn.GRU(4, 5), torch.randn(3, 2, 4)

    def closure():
        loss = core(x)[0].sum()
        loss.backward()
        return loss

    with pytest.raises(ValueError, match="closure has called backward itself"):
        diagnose(core, closure)
    assert core.weight_hh_l0.grad is None


# Nothing is changed


class Stateful(nn.Module):
    """It keeps its state, as many do."""

    def __init__(self):
        super().__init__()
        self.rnn, self.norm, self.drop, self.state = nn.LSTM(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), None

    def forward(self, x):
        h, state = self.rnn(x, self.state)
        self.state = tuple(s.detach() for s in state)
        return self.norm(self.drop(h[-1]))


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
def test_training_goes_on_as_if_nothing_had_been_asked(error):
    def train(asked):
        torch.manual_seed(3)
        model, optimiser_steps = Stateful(), 4
        optimiser = torch.optim.Adam(model.parameters())
        for _ in range(optimiser_steps):
            x = torch.randn(7, 5, 4)
            loss = lambda: model(x).square().sum(dim=1)  # noqa: B023
            if asked:
                ask(model, loss)
            optimiser.zero_grad()
            loss().sum().backward()
            if asked:
                ask(model, loss)
            optimiser.step()
        return [*model.state_dict().values(), *model.state]

    def ask(model, loss):
        if error is None:
            diagnose(model, loss)
            return

        def fails():
            model.eval()
            loss()
            raise error

        with pytest.raises(error):
            diagnose(model, fails)

    for one, other in zip(train(asked=True), train(asked=False), strict=True):
        assert torch.equal(one, other)


# What it returns


def test_it_is_data_and_text_and_html():
    said = diagnose(*classifier(num_layers=2))
    data = json.loads(json.dumps(said.to_dict()))
    assert [part["name"] for part in data["parts"]] == ["rnn layer 1", "rnn layer 2"]
    assert len(data["parts"][0]["flow"]["c"]) == 30
    assert "../4-lstm-bptt/3-vanish-and-explode.html" in said.to_html() == said._repr_html_()
    assert "→ page 4.3" in str(said) == repr(said)
    with pytest.raises(KeyError, match="there is no layer 'lstm', only 'rnn layer 1', 'rnn layer 2'"):
        said["lstm"]


def test_it_is_a_figure():
    fig = diagnose(*classifier(num_layers=2, bidirectional=True)).plot()
    titles = {ax.get_title() for ax in fig.axes if ax.get_title()}
    assert titles == {f"rnn layer {k}{end}" for k in (1, 2) for end in ("", " backwards")}
