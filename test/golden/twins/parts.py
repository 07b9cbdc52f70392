"""What the twins share, in float64 with automatic differentiation: first weights, quantisers, layers as their
papers write them.

Rows are [sequences, T, columns] throughout. `w` makes a parameter the first time that a name is used.
"""

import math

import numpy as np
import torch

torch.set_default_dtype(torch.float64)

MASK = np.uint64(0xFFFFFFFF)


def philox(counters, key):
    """Philox 4x32-10 (Salmon et al. 2011) of the counters (c, 0, 0, 0): an array [n, 4] of 32-bit words."""
    c = [counters.astype(np.uint64)] + [np.zeros(len(counters), np.uint64)] * 3
    k = [np.uint64(key[0]), np.uint64(key[1])]
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c[0]
        p1 = np.uint64(0xCD9E8D57) * c[2]
        high0, low0, high1, low1 = p0 >> np.uint64(32), p0 & MASK, p1 >> np.uint64(32), p1 & MASK
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + np.uint64(0x9E3779B9)) & MASK, (k[1] + np.uint64(0xBB67AE85)) & MASK]
    return np.stack(c, axis=1)


def fnv1a(text):
    h = 0x811C9DC5
    for ch in text:
        h = ((h ^ ord(ch)) * 0x01000193) & 0xFFFFFFFF
    return h


SEED = 20260101


def first_values(name, rows, cols):
    """Uniform numbers that float32 holds exactly; the rule needs the name and the shape alone.

    Element i is (2 k + 1) / 2^21 - 1/2 times a power of two, plus 1 for gains. k is the upper 20 bits of word
    i mod 4 of
    Philox at counter i div 4 under the key (SEED, FNV-1a of the name).
    """
    n = rows * cols
    words = philox(np.arange((n + 3) // 4), (SEED, fnv1a(name))).reshape(-1)[:n]
    u = (2 * (words >> np.uint64(12)).astype(np.float64) + 1) / 2**21 - 0.5
    if name.endswith('.gain'):
        u = 1 + u / 2
    elif rows > 1:
        # Near the usual standard deviation, 1 / sqrt(fan in): that of u is 1 / sqrt(12).
        u = u * 2.0 ** math.floor(math.log2(12 / cols) / 2 + 0.5)
    return torch.from_numpy(u.reshape(rows, cols))


class Weights:
    """Parameters by name."""

    def __init__(self):
        self.all = {}
        self.decayed = set()

    def __call__(self, name, rows, cols, decay=None):
        """`decay`: does weight decay apply? By default to what has more than one row: matrices, tables,
        convolutions.
        """
        if name not in self.all:
            self.all[name] = first_values(name, rows, cols).requires_grad_()
            if rows > 1 if decay is None else decay:
                self.decayed.add(name)
        return self.all[name]

    def vector(self, name, cols):
        return self(name, 1, cols)[0]


def straight_through(x, q):
    """The value of q with the gradient of x."""
    return x + (q - x).detach()


# Weight quantisers. `scale`: one for the tensor, or one for each output row.


def median(a, dim=None):
    """The middle one, or the mean of the two in the middle."""
    return a.quantile(0.5) if dim is None else a.quantile(0.5, dim=dim, keepdim=True)


def ternary_weight(weight, rule, scale):
    a = weight.abs()
    if scale == 'tensor':
        g = (a.mean() if rule == 'absmean' else median(a.flatten())) + 1e-8
    else:
        g = (a.mean(1, keepdim=True) if rule == 'absmean' else median(a, 1)).clamp(min=1e-5)
    return straight_through(weight, g * torch.clamp(torch.round(weight / g), -1, 1))


def quantize_rows(x, rule):
    if rule == 'none':
        return x
    a = x.abs()
    if rule == 'int8':
        s = a.amax(-1, keepdim=True).clamp(min=1e-5) / 127
        return straight_through(x, s * torch.clamp(torch.round(x / s), -128, 127))
    assert rule == 'ternary'
    mean = a.mean(-1, keepdim=True)
    return straight_through(x, (mean + 1e-8) * x.sign() * (a > 0.6745 * mean))


# Layers.


def embedding(w, name, ids, vocab, dim):
    return w(f'{name}.weight', vocab, dim)[ids]


def linear(w, name, x, out, bias=False):
    y = x @ w(f'{name}.weight', out, x.shape[-1]).T
    return y + w.vector(f'{name}.bias', out) if bias else y


def ternary_linear(w, name, x, out, activations='none', weights='absmean', scale='tensor'):
    """BitNet b1.58: both quantisers with straight-through gradients, no bias."""
    weight = ternary_weight(w(f'{name}.weight', out, x.shape[-1]), weights, scale)
    return quantize_rows(x, activations) @ weight.T


def rms_norm(w, name, x, eps=1e-6, gain=True):
    y = x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps)
    return y * w.vector(f'{name}.gain', x.shape[-1]) if gain else y


def normalize(x, dims, eps):
    centred = x - x.mean(dims, keepdim=True)
    return centred / torch.sqrt((centred * centred).mean(dims, keepdim=True) + eps)


def affine(w, name, x):
    return x * w.vector(f'{name}.gain', x.shape[-1]) + w.vector(f'{name}.bias', x.shape[-1])


def layer_norm(w, name, x, eps=1e-5, learned=True):
    y = normalize(x, (-1,), eps)
    return affine(w, name, y) if learned else y


def group_norm(w, name, x, groups, over, eps=1e-5):
    """`over`: statistics of a group at each position, or over the whole sequence too (which sees the future).
    """
    n, t, d = x.shape
    y = normalize(x.view(n, t, groups, d // groups), (-1,) if over == 'position' else (1, 3), eps)
    return affine(w, name, y.reshape(n, t, d))


def delay(x, by):
    """x_{t-by}, zero before the sequence begins."""
    return torch.cat([torch.zeros_like(x[:, :by]), x[:, :-by]], dim=1)


def token_shift(w, name, x):
    s = torch.sigmoid(w.vector(f'{name}.mix', x.shape[-1]))
    return s * x + (1 - s) * delay(x, 1)


def causal_conv(w, name, x, width):
    """Each channel alone; row j of the weight belongs to x_{t-j}."""
    weight = w(f'{name}.weight', width, x.shape[-1])
    return sum(weight[j] * (delay(x, j) if j else x) for j in range(width))


def scan(f, c):
    """h_t = f_t h_{t-1} + c_t."""
    h, rows = torch.zeros_like(c[:, 0]), []
    for t in range(c.shape[1]):
        h = f[:, t] * h + c[:, t]
        rows.append(h)
    return torch.stack(rows, 1)


def heads_of(x, heads):
    return x.view(*x.shape[:2], heads, x.shape[-1] // heads)


def rope(x, base, layout):
    """x [n, T, heads, E] turned by the angles t base^(-2m/E); `layout`: pairs (m, m + E/2), or neighbours."""
    t, e = x.shape[1], x.shape[-1]
    angle = torch.arange(t)[:, None] * base ** (-2 * torch.arange(e // 2) / e)
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    if layout == 'half':
        a, b = x[..., : e // 2], x[..., e // 2 :]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, b * cos + a * sin], -1).flatten(-2)


def attention(q, k, v, heads, kv_heads=None, base=10000.0, layout='half', qk_norm=False):
    """Causal softmax attention with rotary positions; query head i reads key and value head i div (heads /
    kv_heads).
    """
    kv_heads = kv_heads or heads
    q, k, v = heads_of(q, heads), heads_of(k, kv_heads), heads_of(v, kv_heads)
    if qk_norm:
        q, k = (x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) for x in (q, k))
    q, k = rope(q, base, layout), rope(k, base, layout)
    k, v = (x.repeat_interleave(heads // kv_heads, 2) for x in (k, v))
    scores = torch.einsum('nihe,njhe->nhij', q, k) / math.sqrt(q.shape[-1])
    t = q.shape[1]
    future = torch.ones(t, t, dtype=torch.bool).triu(1)
    p = scores.masked_fill(future, -math.inf).softmax(-1)
    return torch.einsum('nhij,njhe->nihe', p, v).flatten(2)


def gla(q, k, v, log_decay, heads):
    """S_t = diag(exp(log_decay_t)) S_{t-1} + k_t v_t^T, o_t = S_t^T q_t / sqrt(K) (Yang et al. 2023)."""
    q, k, v, a = (heads_of(x, heads) for x in (q, k, v, log_decay))
    n, t, h, kk = q.shape
    s, rows = torch.zeros(n, h, kk, v.shape[-1]), []
    for i in range(t):
        s = a[:, i].exp()[..., None] * s + torch.einsum('nhk,nhv->nhkv', k[:, i], v[:, i])
        rows.append(torch.einsum('nhkv,nhk->nhv', s, q[:, i]) / math.sqrt(kk))
    return torch.stack(rows, 1).flatten(2)


def delta(q, k, v, beta, log_decay, heads):
    """S_t = a_t (1 - b_t k_t k_t^T) S_{t-1} + b_t k_t v_t^T, o_t = S_t^T q_t / sqrt(K), keys and queries of
    length 1.

    The gated delta rule (Yang et al. 2024). `beta` and `log_decay` have one column for each head.
    """
    q, k, v = (heads_of(x, heads) for x in (q, k, v))
    q, k = (x / torch.sqrt((x * x).sum(-1, keepdim=True) + 1e-6) for x in (q, k))
    n, t, h, kk = q.shape
    s, rows = torch.zeros(n, h, kk, v.shape[-1]), []
    for i in range(t):
        s = log_decay[:, i].exp()[..., None, None] * s
        erased = torch.einsum('nhk,nhkv->nhv', k[:, i], s)
        written = beta[:, i, :, None] * (v[:, i] - erased)
        s = s + torch.einsum('nhk,nhv->nhkv', k[:, i], written)
        rows.append(torch.einsum('nhkv,nhk->nhv', s, q[:, i]) / math.sqrt(kk))
    return torch.stack(rows, 1).flatten(2)


def silu(x):
    return x * torch.sigmoid(x)


def relu2(x):
    return torch.relu(x) ** 2


def gelu(x):
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def tied_head(w, name, x):
    return x @ w.all[f'{name}.weight'].T
