"""Many small networks as one tensor program: batched recurrences, with the LSTM's and the RNN's backward pass by hand.

A leading axis S counts the networks. Their parameters are those of `torch.nn`, stacked: ``weight_ih`` (S, G, D),
``weight_hh`` (S, G, H), two biases (S, G), with G = H, 3 H or 4 H rows for RNN, GRU and LSTM.

Time is the second axis. One step multiplies ``[x_t, h_{t-1}, 1]`` with ``[W_x, W_h, b]``, for all networks in one
call, and the gradient of all weights is one product over all steps.
"""

from __future__ import annotations

import torch


def hidden(kind, relu, params, x):
    """Hidden states of every network at every step.

    Parameters
    ----------
    kind : str
        ``"rnn"``, ``"gru"`` or ``"lstm"``.
    relu : bool
        For the RNN: ReLU in place of tanh.
    params : list of four tensors
        Stacked ``weight_ih``, ``weight_hh``, ``bias_ih``, ``bias_hh``.
    x : (S, T, N, D) tensor

    Returns
    -------
    (S, T, N, H) tensor
        Equal to the outputs of the S layers of `torch.nn`, up to rounding.
    """
    if kind == "gru":
        return _gru(*params, x)
    W_x, W_h, b, b_h = params
    W = torch.cat([W_x, W_h, (b + b_h)[:, :, None]], dim=2).mT.contiguous()
    return _Lstm.apply(W, x) if kind == "lstm" else _Rnn.apply(W, x, relu)


def _inputs(W, x, H):
    """Room for ``[x_t, h_{t-1}, 1]`` of all steps and one more; the inputs and the ones are filled in."""
    S, T, N, D = x.shape
    v = x.new_zeros(S, T + 1, N, D + H + 1)
    v[:, :T, :, :D] = x
    v[..., -1] = 1.0
    return v, v[..., D:-1]


def _weights(v, dz):
    """Gradient of the weights, Σ_t v_tᵀ dz_t, as one product."""
    S, T, N, G = dz.shape
    return v[:, :T].reshape(S, T * N, -1).mT @ dz.view(S, T * N, G)


class _Rnn(torch.autograd.Function):
    """h_t = a(z_t) with z_t = W v_t, and equations (1.3.1), (1.3.2) and (1.3.6) backwards."""

    @staticmethod
    def forward(ctx, W, x, relu):
        H = W.shape[2]
        v, h = _inputs(W, x, H)
        for t in range(x.shape[1]):
            z = torch.bmm(v[:, t], W)
            h[:, t + 1] = z.relu_() if relu else z.tanh_()
        ctx.save_for_backward(W, v)
        ctx.relu = relu
        return h[:, 1:].clone()

    @staticmethod
    def backward(ctx, losses):
        W, v = ctx.saved_tensors
        H = W.shape[2]
        h = v[:, 1:, :, -1 - H : -1]
        dz = (h > 0).to(h.dtype) if ctx.relu else 1.0 - h * h  # the slope first; then the gradient, in its place
        W_h, dh = W[:, -1 - H : -1].mT.contiguous(), losses[:, -1].clone()
        for t in reversed(range(dz.shape[1])):
            dz_t = dz[:, t].mul_(dh)
            if t:
                dh = torch.baddbmm(losses[:, t - 1], dz_t, W_h)
        return _weights(v, dz), None, None


class _Lstm(torch.autograd.Function):
    """The LSTM of Chapter 3 and its back-propagation of Chapter 4, gates in torch's order i, f, g, o.

    Forwards, one call of σ serves a whole step: what it does to the candidate's quarter is not read. Backwards, the
    slopes of all steps come first, so that a step of the loop is five calls.
    """

    @staticmethod
    def forward(ctx, W, x):
        (S, T, N, _), H = x.shape, W.shape[2] // 4
        v, h = _inputs(W, x, H)
        gates = x.new_empty(T, S, N, 4 * H).transpose(0, 1)  # in memory each step is whole, for the product's sake
        g, e = x.new_empty(S, T, N, H), x.new_empty(S, T, N, H)
        c = x.new_zeros(S, T + 1, N, H)
        v_t, h_t, c_t, e_t, g_t, z_t = (steps.unbind(1) for steps in (v, h, c, e, g, gates))
        i, f, z_g, o = (gate.unbind(1) for gate in gates.split(H, dim=-1))
        for t in range(T):
            torch.bmm(v_t[t], W, out=z_t[t])
            g_t[t].copy_(z_g[t]).tanh_()
            z_t[t].sigmoid_()
            torch.mul(f[t], c_t[t], out=c_t[t + 1]).addcmul_(i[t], g_t[t])
            torch.tanh(c_t[t + 1], out=e_t[t])
            torch.mul(o[t], e_t[t], out=h_t[t + 1])
        ctx.save_for_backward(W, v, gates, g, c, e)
        return h[:, 1:].clone()

    @staticmethod
    def backward(ctx, losses):
        W, v, gates, g, c, e = ctx.saved_tensors
        S, T, N, H = g.shape
        _, f, _, o = gates.split(H, dim=-1)
        R, dz = o - o * e * e, _slopes(gates, g, c, e)  # the slopes first; then the gradient, in their place
        dz_ifg = dz.view(S, T, N, 4, H)[..., :3, :]
        dz_t, dz_ifg, dz_o, f, R, dE = (steps.unbind(1) for steps in (dz, dz_ifg, dz[..., 3 * H :], f, R, losses))
        W_h, dh, dc = W[:, -1 - H : -1].mT.contiguous(), dE[-1].clone(), c.new_zeros(S, N, H)
        for t in reversed(range(T)):
            dc.addcmul_(dh, R[t])
            dz_ifg[t].mul_(dc[:, :, None])
            dz_o[t].mul_(dh)
            dc *= f[t]
            if t:
                dh = torch.baddbmm(dE[t - 1], dz_t[t], W_h)
        return _weights(v, dz), None


def _slopes(gates, g, c, e):
    """What dc is multiplied by to give dz of i, f and g, and dh to give dz of o, at every step."""
    i, _, _, _ = gates.split(g.shape[-1], dim=-1)
    slopes = gates.new_empty(gates.shape)
    torch.addcmul(gates, gates, gates, value=-1.0, out=slopes)
    slope_i, slope_f, slope_g, slope_o = slopes.split(g.shape[-1], dim=-1)
    slope_i *= g
    slope_f *= c[:, :-1]
    torch.addcmul(i, i * g, g, value=-1.0, out=slope_g)
    slope_o *= e
    return slopes


def _gru(W_x, W_h, b, b_h, x):
    """The GRU, gates in torch's order r, z, n, differentiated automatically."""
    (S, T, N, D), H = x.shape, W_h.shape[2]
    drive = torch.baddbmm(b[:, None], x.reshape(S, T * N, D), W_x.mT).view(S, T, N, 3 * H)
    h, states, W_hT, b_h = x.new_zeros(S, N, H), [], W_h.mT.contiguous(), b_h[:, None]
    for drive_t in drive.unbind(dim=1):
        state = torch.baddbmm(b_h, h, W_hT)
        r, z = torch.sigmoid(drive_t[..., : 2 * H] + state[..., : 2 * H]).chunk(2, dim=-1)
        n = torch.tanh(drive_t[..., 2 * H :] + r * state[..., 2 * H :])
        h = n + z * (h - n)
        states.append(h)
    return torch.stack(states, dim=1)
