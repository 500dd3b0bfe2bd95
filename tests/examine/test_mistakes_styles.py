"""Broken networks in the styles in which people write them: what is said about each."""

import numpy as np
import torch

from bptt.examine import mistakes

sigma = lambda z: 1 / (1 + np.exp(-z))


def names(report):
    assert len(report.sets) == 1, str(report)
    return {(one.slot, one.name) for one in report.mistakes}


def columns_forward(P, x):
    """Samples on the second axis, time on the third; the cell as in a well-known course."""
    a, c, states, caches = np.zeros((5, x.shape[1])), np.zeros((5, x.shape[1])), [], []
    for x_t in np.moveaxis(x, 2, 0):
        z = np.concatenate([a, x_t])
        f, i, o = (sigma(P[f"W{k}"] @ z + P[f"b{k}"]) for k in "fio")
        g = np.tanh(P["Wc"] @ z + P["bc"])
        before, c = c, f * c + i * g
        a = o * np.tanh(c)
        states.append(a)
        caches.append((z, before, c, f, i, g, o))
    return np.stack(states, axis=2), caches


def columns_backward(P, x, da):
    """The candidate's way is missing in da, and da is missing in dc."""
    grads, da_next, dc_next = {f"d{k}": np.zeros_like(v) for k, v in P.items()}, 0.0, 0.0
    for t, (z, before, c, f, i, g, o) in reversed(list(enumerate(columns_forward(P, x)[1]))):
        da_t, slope = da[:, :, t] + da_next, o * (1 - np.tanh(c) ** 2)
        dc = dc_next + slope * da_t
        deltas = {"f": dc * before * f * (1 - f), "i": dc * g * i * (1 - i), "c": dc * i * (1 - g**2)}
        deltas["o"] = da_t * np.tanh(c) * o * (1 - o)
        for k, delta in deltas.items():
            grads[f"dW{k}"] += delta @ z.T
            grads[f"db{k}"] += delta.sum(axis=1, keepdims=True)
        da_next = sum(P[f"W{k}"][:, :5].T @ deltas[k] for k in "fio")
        dc_next = dc_next * f + slope * f
    return grads


def test_columns_with_time_last_and_a_head_that_is_not_looked_at():
    P = {f"W{k}": np.zeros((5, 8)) for k in "fico"} | {f"b{k}": np.zeros((5, 1)) for k in "fico"}
    report = mistakes.check(columns_forward, columns_backward, P | {"Wy": np.zeros((2, 5))})
    assert names(report) == {("carry_h", "no_g"), ("carry_c", "no_dh")}
    assert report.findings[2].text.startswith("with no loss at all the gradient is not zero")
    assert report.notes[0] == "no hidden state depends on Wy: not looked at"


class Network:
    """A GRU in torch with its weights in dicts within a dict, batch first; it keeps what it needs from forward."""

    def __init__(self):
        self.params = {k: {"W": torch.zeros(4, 3), "U": torch.zeros(4, 4), "b": torch.zeros(4)} for k in "zrh"}

    def forward(self, p, x):
        self.tape, h, states = [], torch.zeros(len(x), 4, dtype=x.dtype), []
        linear = lambda k, x_t, h: x_t @ p[k]["W"].T + h @ p[k]["U"].T + p[k]["b"]
        for x_t in x.unbind(dim=1):
            z, r = torch.sigmoid(linear("z", x_t, h)), torch.sigmoid(linear("r", x_t, h))
            g = torch.tanh(linear("h", x_t, r * h))
            self.tape.append((x_t, h, z, r, g))
            h = (1 - z) * h + z * g
            states.append(h)
        return torch.stack(states, dim=1)

    def backward(self, p, x, dh):
        """On the straight way stands z for 1 - z, and the reset gate is missing in the gradient of its product."""
        self.forward(p, x)
        grads, carried = {k: {n: torch.zeros_like(v) for n, v in part.items()} for k, part in p.items()}, 0.0
        for t, (x_t, h, z, r, g) in reversed(list(enumerate(self.tape))):
            d = dh[:, t] + carried
            dg, dz = d * z * (1 - g**2), d * (g - h) * z * (1 - z)
            inner = dg @ p["h"]["U"]
            dr = inner * h * r * (1 - r)
            for k, delta in zip("zrh", (dz, dr, dg), strict=True):
                grads[k]["W"] += delta.T @ x_t
                grads[k]["U"] += delta.T @ h
                grads[k]["b"] += delta.sum(dim=0)
            carried = d * z + dz @ p["z"]["U"] + dr @ p["r"]["U"] + inner * r
        return grads


def test_a_class_in_torch_with_dicts_in_a_dict():
    network = Network()
    report = mistakes.check(network.forward, network.backward, network.params)
    assert report.cell.startswith("GRU, reset gate before the product with W_h, h = (1-u) h + u g")
    assert names(report) == {("straight", "other"), ("W_hg", "no_r")}


def one_matrix_forward(W, x):
    """All in one matrix (1 + D + H, 4H): the bias is its first row, and the gates are i, f, o, g."""
    (T, N, _), H = x.shape, W.shape[1] // 4
    h, c, tape = np.zeros((N, H)), np.zeros((N, H)), []
    for t in range(T):
        seen = np.hstack([np.ones((N, 1)), x[t], h])
        z = seen @ W
        i, f, o, g = *(sigma(z[:, k * H : (k + 1) * H]) for k in range(3)), np.tanh(z[:, 3 * H :])
        before, c = c, f * c + i * g
        h = o * np.tanh(c)
        tape.append((h, seen, before, c, i, f, o, g))
    return np.array([step[0] for step in tape]), tape


def one_matrix_backward(W, x, dhs):
    """The output gate is missing on the way from h to c."""
    dW, carried, dc = np.zeros_like(W), 0.0, 0.0
    for (_, seen, before, c, i, f, o, g), dh in reversed(list(zip(one_matrix_forward(W, x)[1], dhs, strict=True))):
        dh = dh + carried
        dc = dc + dh * (1 - np.tanh(c) ** 2)
        dz = np.hstack([dc * g * i * (1 - i), dc * before * f * (1 - f), dh * np.tanh(c) * o * (1 - o), dc * i * (1 - g**2)])  # fmt: skip
        dW += seen.T @ dz
        carried, dc = (dz @ W.T)[:, 1 + x.shape[2] :], dc * f
    return dW


def test_one_matrix_with_the_bias_in_its_first_row():
    report = mistakes.check(one_matrix_forward, one_matrix_backward, np.zeros((1 + 10 + 4, 16)))
    assert "i, f, o, g; W of [1, x, h]: a column for each unit" in report.cell
    assert names(report) == {("read_out", "no_o")}


def test_square_matrices_that_could_be_either():
    """Four inputs and four units, a ReLU, rows: which matrix is W_x, and which way round, is seen in the states alone."""

    def forward(P, x):
        h, states = np.zeros(4), []
        for x_t in x:
            h = np.maximum(0, x_t @ P[0] + h @ P[1] + P[2])
            states.append(h)
        return states

    def backward(P, x, dhs):
        states, grads, carried = [np.zeros(4), *forward(P, x)], [np.zeros_like(p) for p in P], 0.0
        for t in reversed(range(len(x))):
            dz = (dhs[t] + carried) * (states[t + 1] > 0)
            grads[0] += np.outer(x[t], dz)
            grads[1] += np.outer(states[t], dz)
            grads[2] += dz
            carried = dz @ P[1]
        return grads

    assert names(mistakes.check(forward, backward, [np.zeros((4, 4)), np.zeros((4, 4)), np.zeros(4)])) == {("carry_h", "W")}  # fmt: skip
