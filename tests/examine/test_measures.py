"""The numbers: flow against torch's own gradients of single steps, transport against Jacobians of the package."""

import itertools

import numpy as np
import pytest
import torch

from bptt.cells import lstm, rnn
from bptt.chains import jacobians
from bptt.examine import measures
from bptt.examine.diagnose import watch
from bptt.growth import lyapunov
from bptt.learning.flow import gradient_flow
from bptt.referees import torch_cells

LAYERS = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def measured(model, closure, **options):
    """Measures of every track."""
    E, tracks = watch(model, closure)
    return [measures.measure(*pair, **options) for pair in zip(tracks, measures.flows(E.sum(), tracks), strict=True)]


def layer_by_layer(layer, x, loss):
    """‖∂E_n/∂h_t‖ and ‖∂E_n/∂c_t‖ of every layer, each step a call of torch's own layer: [layer][wire] (T, N)."""
    states, lstm = [], isinstance(layer, torch.nn.LSTM)
    for k in range(layer.num_layers):
        one = type(layer)(x.shape[2], 5, bias=layer.bias, dtype=torch.float64)
        one.load_state_dict({name.replace(f"_l{k}", "_l0"): p for name, p in layer.named_parameters() if f"_l{k}" in name})  # fmt: skip
        state, own = None, []
        for x_t in x.split(1):
            _, state = one(x_t, state)
            own.append(state if lstm else (state,))
        x = torch.cat([h for h, *_ in own])
        states.append([list(wire) for wire in zip(*own, strict=True)])
    E = loss(x)
    norm = lambda g: np.zeros(3) if g is None else g[0].norm(dim=1).numpy()
    return [[np.array([norm(g) for g in torch.autograd.grad(E, wire, allow_unused=True, retain_graph=True)]) for wire in own] for own in states]  # fmt: skip


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", LAYERS)
def test_flow_is_that_of_torchs_own_layers_called_for_single_steps(kind, layers, batch_first, bias):
    layer = LAYERS[kind](4, 5, layers, bias=bias, batch_first=batch_first, dtype=torch.float64)
    x = torch.randn(6, 3, 4, dtype=torch.float64)
    given = x.transpose(0, 1) if batch_first else x
    found = measured(layer, lambda: layer(given)[0].select(1 if batch_first else 0, -1).square().sum(dim=1))
    for part, expected in zip(found, layer_by_layer(layer, x, lambda h: h[-1].square().sum()), strict=True):
        for values, right in zip(part.flow.values(), expected, strict=True):
            np.testing.assert_allclose(values, right, rtol=1e-12, atol=1e-15)
        assert len(part.flow) == len(expected)


def test_flow_of_one_layer_is_that_of_the_course():
    layer, x = torch.nn.LSTM(4, 5, dtype=torch.float64), torch.randn(6, 3, 4, dtype=torch.float64)
    (part,) = measured(layer, lambda: layer(x)[0][-1].square().sum())
    for wire, expected in gradient_flow(layer, x, lambda h: h[-1].square().sum())._asdict().items():
        np.testing.assert_allclose(part.flow[wire], expected, rtol=1e-12, atol=1e-15)


def by_single_steps(layer, x, lengths):
    """‖∂E_n/∂h_t‖ and ‖∂E_n/∂c_t‖ of both directions of an LSTM, each sample alone, each step a call of torch's own."""
    halves = []
    for half in ("", "_reverse"):
        one = torch.nn.LSTM(4, 5, dtype=torch.float64)
        one.load_state_dict({name.removesuffix("_reverse"): p for name, p in layer.named_parameters() if name.endswith("reverse") == bool(half)})  # fmt: skip
        flow = np.full((2, len(x), len(lengths)), np.nan)
        for n, length in enumerate(lengths):
            steps = range(length) if not half else reversed(range(length))
            state, states = None, []
            for t in steps:
                _, state = one(x[t : t + 1, n : n + 1], state)
                states.append(state)
            for wire in (0, 1):
                grads = torch.autograd.grad(states[-1][0].square().sum(), [s[wire] for s in states], allow_unused=True, retain_graph=True)  # fmt: skip
                flow[wire, :length, n] = [0.0 if g is None else g.norm().item() for g in grads]
        halves.append(flow)
    return halves


def test_flow_through_two_directions_of_a_packed_batch():
    layer, x, lengths = torch.nn.LSTM(4, 5, bidirectional=True, dtype=torch.float64), torch.randn(6, 3, 4, dtype=torch.float64), [3, 6, 4]  # fmt: skip
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    found = measured(layer, lambda: layer(packed)[1][0].square().sum())
    for part, expected, reverse in zip(found, by_single_steps(layer, x, lengths), (False, True), strict=True):
        for wire, values in zip("hc", expected, strict=True):
            for n, length in enumerate(lengths):
                own = part.flow[wire][:, n][6 - length :] if reverse else part.flow[wire][:length, n]
                np.testing.assert_allclose(own, values[:length, n], rtol=1e-12, atol=1e-15)
                assert np.isnan(part.flow[wire][:, n]).sum() == 6 - length


def test_no_way_and_a_factor_of_zero_are_two_things():
    cell, x = torch.nn.GRUCell(4, 5), torch.randn(6, 3, 4)

    def closure(cut):
        h = torch.zeros(3, 5)
        for x_t in x:
            h = cell(x_t, h.detach() if cut else h)
        return h.sum()

    (part,) = measured(cell, lambda: closure(cut=True))
    assert not part.linked["h"].any()
    assert np.isnan(part.growth).all()
    with torch.no_grad():
        cell.weight_hh.zero_()
        cell.bias_ih[5:10] = -200.0  # the update gate is 0: nothing is kept
    (part,) = measured(cell, lambda: closure(cut=False))
    assert part.linked["h"][1:].all()
    assert np.isneginf(part.growth[1:]).all()


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_transport_grows_as_the_products_of_jacobians_do(kind):
    """The sum of its logarithms is ln ‖v J_T … J_2‖, of a vector that is known."""
    rng, x = np.random.default_rng(0), torch.randn(12, 1, 4, dtype=torch.float64)
    module = {"rnn": rnn, "lstm": lstm}[kind]
    params = module.init(4, 5, rng)
    layer = torch_cells.torch_rnn(params) if kind == "rnn" else torch_cells.torch_lstm(params)
    (part,) = measured(layer, lambda: layer(x)[0][-1].sum())
    trace = module.forward(params, x.numpy())
    J = (jacobians.rnn_steps if kind == "rnn" else jacobians.lstm_steps)(params, trace)[1:]
    v = np.concatenate([p.numpy().ravel() for p in measures._unit_vectors(watch(layer, lambda: layer(x)[0].sum())[1][0].states[-1])])  # fmt: skip
    np.testing.assert_allclose(part.growth[1:, 0].sum(), np.log(np.linalg.norm(v @ jacobians.product(J))), rtol=1e-10)


def test_its_mean_over_a_long_run_is_the_largest_exponent():
    params = rnn.init(1, 8, np.random.default_rng(1), gain=2.0)
    x = torch.randn(2000, 1, 1, dtype=torch.float64)
    layer = torch_cells.torch_rnn(params)
    (part,) = measured(layer, lambda: layer(x)[0][-1].sum())
    J = jacobians.rnn_steps(params, rnn.forward(params, x.numpy()))
    np.testing.assert_allclose(np.nanmean(part.growth), lyapunov.exponents(J, 1)[0], atol=5e-3)


def test_links_are_cut_where_the_user_cuts_them():
    cell, x = torch.nn.LSTMCell(4, 5), torch.randn(9, 2, 4)

    def closure(cut_h=True, cut_c=True):
        h, c = torch.zeros(2, 2, 5)
        for t, x_t in enumerate(x):
            if t % 3 == 0:
                h, c = h.detach() if cut_h else h, c.detach() if cut_c else c
            h, c = cell(x_t, (h, c))
        return h.sum()

    for cut_h, cut_c in itertools.product((True, False), repeat=2):
        (part,) = measured(cell, lambda cut_h=cut_h, cut_c=cut_c: closure(cut_h, cut_c))
        for wire, cut in (("h", cut_h), ("c", cut_c)):
            assert part.linked[wire][1:].tolist() == [not (cut and t % 3 == 0) for t in range(1, 9)]


def test_a_sample_that_begins_with_the_last_step_read_has_no_growth():
    layer, x = torch.nn.GRU(4, 5, bidirectional=True), torch.randn(3, 2, 4)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, [3, 1])
    backwards = measured(layer, lambda: layer(packed)[1].sum())[1]
    assert np.isfinite(backwards.growth[1:, 0]).all()
    assert np.isnan(backwards.growth[:, 1]).all()


def test_a_sample_sees_itself_alone_unless_the_batch_is_mixed():
    layer, x = torch.nn.GRU(4, 5), torch.randn(6, 3, 4)
    E, (track,) = watch(layer, lambda: layer(x)[0][-1].sum(dim=1))
    assert (measures.seen_by(E[1], track) > 0).tolist() == [False, True, False]
    E, (track,) = watch(layer, lambda: (h := layer(x)[0][-1].sum(dim=1)) * h.mean())
    assert (measures.seen_by(E[1], track) > 0).all()


def test_states_of_any_shape_have_a_row_for_each_sample():
    assert measures.rows(torch.zeros(3, 2, 4, 4)).shape == (3, 32)
    assert measures.rows(torch.zeros(5)).shape == (1, 5)
