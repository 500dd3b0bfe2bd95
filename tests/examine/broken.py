"""Models that are broken on purpose, after public reports, for the tests of the diagnosis."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class Classifier(nn.Module):
    """Embedding, LSTM, linear; reads `output[:, -1]`, or h_n of a packed batch."""

    def __init__(self, packed=False, **options):
        super().__init__()
        self.emb = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.LSTM(8, 16, batch_first=True, **options)
        self.out = nn.Linear(16 * (1 + self.rnn.bidirectional), 2)
        self.packed = packed

    def forward(self, tokens, lengths):
        x = self.emb(tokens)
        if not self.packed:
            return self.out(self.rnn(x)[0][:, -1])
        _, (h, _) = self.rnn(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        return self.out(torch.cat([h[-2], h[-1]], dim=1) if self.rnn.bidirectional else h[-1])


LENGTHS = torch.tensor([30, 20, 9, 25])


def tokens():
    """(4, 30), padded with 0."""
    drawn = torch.randint(1, 50, (4, 30))
    return drawn * (torch.arange(30) < LENGTHS[:, None])


def classifier(packed=False, **options):
    """A model and its closure, one loss a sample."""
    model, x, y = Classifier(packed, **options), tokens(), torch.randint(0, 2, (4,))
    return model, lambda: nn.functional.cross_entropy(model(x, LENGTHS), y, reduction="none")


class Loop(nn.Module):
    """A cell in a loop, whose state is cut before every `cut`-th step."""

    def __init__(self, cut=None, kind=nn.GRUCell):
        super().__init__()
        self.cell, self.cut = kind(4, 8), cut

    def forward(self, x):
        h = torch.zeros(x.shape[1], 8)
        for t, x_t in enumerate(x):
            h = self.cell(x_t, h.detach() if self.cut and t % self.cut == 0 else h)
        return h


def keeper(T=100, forget_bias=8.0):
    """An LSTM that remembers one input by its cell alone: W_h = 0."""
    core, x = nn.LSTM(1, 8, dtype=torch.float64), torch.zeros(T, 1, 1, dtype=torch.float64)
    with torch.no_grad():
        for weight in (core.weight_hh_l0, core.bias_hh_l0, core.bias_ih_l0):
            weight.zero_()
        core.bias_ih_l0[8:16] = forget_bias
    x[0] = 1.0
    return core, lambda: core(x)[0][-1].sum()


def exploding(gain=7.0, T=50):
    """A tanh network with large weights and small inputs."""
    core, x = nn.RNN(4, 32), 0.1 * torch.randn(T, 3, 4)
    with torch.no_grad():
        core.weight_hh_l0.mul_(gain)
    return core, lambda: core(x)[0][-1].sum(dim=1)
