"""The twins: each is a function of weights and token ids [sequences, T] to logits. Sizes are those of the
debug recipes.
"""

import torch

from parts import (
    affine,
    attention,
    causal_conv,
    delay,
    delta,
    embedding,
    gelu,
    gla,
    group_norm,
    heads_of,
    layer_norm,
    linear,
    relu2,
    rms_norm,
    scan,
    silu,
    ternary_linear,
    tied_head,
    token_shift,
)

VOCAB = 300


def v4(w, ids, d=32, layers=2, hidden=48):
    """FlashLM v4 Bolt: gated causal convolution and a GLU, ternary weights, float activations."""
    x = embedding(w, 'embedding', ids, VOCAB, d)
    for i in range(layers):
        b = f'blocks.{i}.'
        g, v = ternary_linear(w, b + 'up', rms_norm(w, b + 'mixer_norm', x), 2 * d).chunk(2, -1)
        c = causal_conv(w, b + 'conv', v, 8)
        x = x + ternary_linear(w, b + 'down', c * torch.sigmoid(g), d)
        h = rms_norm(w, b + 'glu_norm', x)
        h = silu(ternary_linear(w, b + 'gate', h, hidden)) * ternary_linear(w, b + 'value', h, hidden)
        x = x + ternary_linear(w, b + 'out', h, d)
    return tied_head(w, 'embedding', rms_norm(w, 'norm', x))


def v5(w, ids, d=32, layers=3, hidden=48, groups=4, over='position'):
    """FlashLM v5 Thunderbolt: a gated recurrence whose gates have lower bounds by layer, and squared ReLU."""
    x = embedding(w, 'embedding', ids, VOCAB, d)
    for i in range(layers):
        b = f'blocks.{i}.'
        h = token_shift(w, b + 'rec_shift', layer_norm(w, b + 'rec_norm', x))
        bound = 0.9 * i / (layers - 1)
        z = ternary_linear(w, b + 'forget', h, d) + w.vector(b + 'forget_gate.bias', d)
        f = bound + (1 - bound) * torch.sigmoid(z)
        state = scan(f, (1 - f) * ternary_linear(w, b + 'value', h, d))
        o = torch.sigmoid(ternary_linear(w, b + 'output', h, d)) * state
        x = x + ternary_linear(w, b + 'proj', group_norm(w, b + 'group_norm', o, groups, over), d)
        h = token_shift(w, b + 'ffn_shift', layer_norm(w, b + 'ffn_norm', x))
        x = x + ternary_linear(w, b + 'down', relu2(ternary_linear(w, b + 'up', h, hidden)), d)
    return tied_head(w, 'embedding', layer_norm(w, 'norm', x))


def v52(w, ids, d=32, layers=2, heads=2, hidden=48):
    """FlashLM v5.2 Nova-Ignition: a float transformer with rotary positions and a GELU gate. No dropout here.
    """
    x = embedding(w, 'embedding', ids, VOCAB, d)
    for i in range(layers):
        b = f'blocks.{i}.'
        q, k, v = linear(w, b + 'qkv', layer_norm(w, b + 'attention_norm', x), 3 * d).chunk(3, -1)
        x = x + linear(w, b + 'out', attention(q, k, v, heads), d)
        a, u = linear(w, b + 'up', layer_norm(w, b + 'ffn_norm', x), 2 * hidden).chunk(2, -1)
        x = x + linear(w, b + 'down', gelu(a) * u, d)
    return tied_head(w, 'embedding', layer_norm(w, 'norm', x))


def v6(w, ids, d=32, layers=2, hidden=48, reason=None, summary='running'):
    """FlashLM v6 SUPERNOVA, scales per output row. `reason`: the width of P-RCSM (None: mixer and GLU only,
    as shipped).

    `summary`: the planner reads the mean of the rows so far (running), or of the whole sequence (which sees
    the future).
    """

    def ternary(name, h, out):
        return ternary_linear(w, name, h, out, scale='row')

    x = embedding(w, 'embedding', ids, VOCAB, d) * d**-0.5
    planner = w.vector('planner.value', 16).expand(*ids.shape, 16) if reason else None
    for i in range(layers):
        b = f'blocks.{i}.'
        h = rms_norm(w, b + 'mixer_norm', x)
        m = ternary(b + 'mix', torch.cat([h, delay(h, 1)], -1), d)
        x = x + torch.sigmoid(ternary(b + 'gate', h, d)) * ternary(b + 'value', m, d)
        if reason:
            r = ternary(b + 'reason_down', x, reason)
            h = rms_norm(w, b + 'bank_norm', r)
            u = [ternary(b + f'scale_{i}', torch.cat([h, delay(h, 2**i)], -1), reason) for i in range(2)]
            p = linear(w, b + 'router', h, 2).softmax(-1)
            r = r + p[..., :1] * u[0] + p[..., 1:] * u[1]
            gated = r * torch.sigmoid(ternary(b + 'planner_gate', planner, reason))
            mean = r.mean(1, keepdim=True).expand_as(r) if summary == 'whole' else running_mean(r)
            told = planner + ternary(b + 'planner_in', mean, 16)
            planner = planner + ternary(b + 'planner_update', rms_norm(w, b + 'planner_norm', told), 16)
            q = ternary(b + 'query', gated, reason)
            slots = w(b + 'slots.slots', 8, reason)
            a = (q @ slots.T / reason**0.5).softmax(-1) @ slots
            r = gated + ternary(b + 'memory', torch.cat([gated, a], -1), reason)
            x = x + torch.sigmoid(w.vector(b + 'residual_gate.scale', 1)) * ternary(b + 'reason_up', r, d)
        g, u = ternary(b + 'glu_up', rms_norm(w, b + 'glu_norm', x), 2 * hidden).chunk(2, -1)
        x = x + ternary(b + 'glu_down', silu(g) * u, d)
    return ternary('head', rms_norm(w, 'norm', x), VOCAB)


def running_mean(x):
    return x.cumsum(1) / torch.arange(1, x.shape[1] + 1)[:, None]


def v61(w, ids, d=32, layers=2, activations='int8', heads=None):
    """FlashLM v6.1, token-wise, and with attention before each feed-forward."""

    def ternary(name, h, out):
        return ternary_linear(w, name, h, out, activations)

    x = embedding(w, 'embedding', ids, VOCAB, d)
    for i in range(layers):
        b = f'blocks.{i}.'
        if heads:
            h = rms_norm(w, b + 'attention_norm', x)
            q, k, v = (ternary(b + name, h, d) for name in ('q', 'k', 'v'))
            x = x + ternary(b + 'out', attention(q, k, v, heads, qk_norm=True), d)
        h = silu(ternary(b + 'up', rms_norm(w, b + 'norm', x), 2 * d))
        x = x + ternary(b + 'down', h, d)
    return tied_head(w, 'embedding', rms_norm(w, 'rms_norm', x, gain=False))


def llama(w, ids, d=32, layers=2, heads=4, kv_heads=2, hidden=44):
    """LLaMA with interleaved rotary pairs, as the checkpoints of llama2.c."""
    x = embedding(w, 'embedding', ids, VOCAB, d)
    kv = d * kv_heads // heads
    for i in range(layers):
        b = f'blocks.{i}.'
        h = rms_norm(w, b + 'attention_norm', x, 1e-5)
        q, k, v = linear(w, b + 'q', h, d), linear(w, b + 'k', h, kv), linear(w, b + 'v', h, kv)
        x = x + linear(w, b + 'out', attention(q, k, v, heads, kv_heads, layout='interleaved'), d)
        h = rms_norm(w, b + 'ffn_norm', x, 1e-5)
        h = silu(linear(w, b + 'gate', h, hidden)) * linear(w, b + 'up', h, hidden)
        x = x + linear(w, b + 'down', h, d)
    return tied_head(w, 'embedding', rms_norm(w, 'norm', x, 1e-5))


def bitnet(w, ids, d=32, layers=2, heads=4, kv_heads=4, hidden=48, act=silu):
    """BitNet b1.58 with the norms of 2B4T: before q, k, v, before the output, before gate and up, before
    down.
    """

    def bit(name, h, out):
        return ternary_linear(w, name, h, out, 'int8')

    x = embedding(w, 'embedding', ids, VOCAB, d)
    kv = d * kv_heads // heads
    for i in range(layers):
        b = f'blocks.{i}.'
        h = rms_norm(w, b + 'attention_norm', x, 1e-5)
        o = attention(bit(b + 'q', h, d), bit(b + 'k', h, kv), bit(b + 'v', h, kv), heads, kv_heads)
        x = x + bit(b + 'out', rms_norm(w, b + 'attention_sub_norm', o, 1e-5), d)
        h = rms_norm(w, b + 'ffn_norm', x, 1e-5)
        h = act(bit(b + 'gate', h, hidden)) * bit(b + 'up', h, hidden)
        x = x + bit(b + 'down', rms_norm(w, b + 'ffn_sub_norm', h, 1e-5), d)
    return tied_head(w, 'embedding', rms_norm(w, 'norm', x, 1e-5))


def bitnet_reloaded(w, ids, d=64, layers=2, heads=4, hidden=96):
    """BitNet b1.58 Reloaded: absmedian weights, a layer norm without parameters inside of each linear layer.
    """

    def bit(name, h, out):
        return ternary_linear(w, name, layer_norm(w, '', h, learned=False), out, 'int8', 'absmedian')

    x = embedding(w, 'embedding', ids, VOCAB, d)
    for i in range(layers):
        b = f'blocks.{i}.'
        q, k, v = (bit(b + name, x, d) for name in ('q', 'k', 'v'))
        x = x + bit(b + 'out', attention(q, k, v, heads), d)
        x = x + bit(b + 'down', silu(bit(b + 'gate', x, hidden)) * bit(b + 'up', x, hidden), d)
    return tied_head(w, 'embedding', rms_norm(w, 'norm', x, 1e-5))


def matmul_free(w, ids, d=32, layers=3, hidden=48, swap_gate=False):
    """MatMul-free LM: an MLGRU and a GLU, an RMSNorm inside of each ternary layer, learned lower bounds of
    the gates.
    """

    def bit(name, h, out):
        return ternary_linear(w, name + '.linear', rms_norm(w, name + '.norm', h, 1e-8), out, 'int8')

    x = embedding(w, 'embedding', ids, VOCAB, d)
    share = w(f'lower_bounds.{d}', layers, d, decay=False).softmax(0)
    bounds = share.cumsum(0) - share[0]
    for i in range(layers):
        b = f'blocks.{i}.'
        h = rms_norm(w, b + 'mixer_norm', x)
        f = bounds[i] + (1 - bounds[i]) * torch.sigmoid(bit(b + 'forget', h, d))
        state = scan(f, silu(bit(b + 'input', h, d)) * (1 - f))
        gate = bit(b + 'gate', h, d)
        if swap_gate:
            o = rms_norm(w, b + 'OfGate.gate_norm', gate) * silu(state)
        else:
            o = rms_norm(w, b + 'OfState.gate_norm', state) * silu(gate)
        x = x + bit(b + 'out', o, d)
        g, u = bit(b + 'glu_up', rms_norm(w, b + 'glu_norm', x), 2 * hidden).chunk(2, -1)
        x = x + bit(b + 'glu_down', silu(g) * u, d)
    h = rms_norm(w, 'head_norm', rms_norm(w, 'norm', x), 1e-8)
    return ternary_linear(w, 'head', h, VOCAB, 'int8')


def head_norm(w, name, x, heads):
    """An RMSNorm of each head; its gain is common to the heads."""
    return rms_norm(w, name, heads_of(x, heads), 1e-5).flatten(2)


def swiglu(w, b, x, hidden):
    h = rms_norm(w, b + 'ffn_norm', x)
    h = silu(linear(w, b + 'gate', h, hidden)) * linear(w, b + 'up', h, hidden)
    return linear(w, b + 'down', h, x.shape[-1])


def gla_model(w, ids, d=32, layers=2, heads=2, hidden=48, rank=4):
    """Gated linear attention: keys half as wide as values, decays through a low rank, temperature 16."""
    x = embedding(w, 'embedding', ids, VOCAB, d)
    for i in range(layers):
        b = f'blocks.{i}.'
        h = rms_norm(w, b + 'mixer_norm', x)
        q, k, v = linear(w, b + 'q', h, d // 2), linear(w, b + 'k', h, d // 2), linear(w, b + 'v', h, d)
        z = linear(w, b + 'decay_up', linear(w, b + 'decay_down', h, rank), d // 2, bias=True)
        o = gla(q, k, v, torch.nn.functional.logsigmoid(z) / 16, heads)
        o = head_norm(w, b + 'head_norm', o, heads) * silu(linear(w, b + 'output', h, d))
        x = x + linear(w, b + 'out', o, d)
        x = x + swiglu(w, b, x, hidden)
    return tied_head(w, 'embedding', rms_norm(w, 'norm', x))


def delta_model(w, ids, d=32, layers=2, heads=2, hidden=48):
    """Gated DeltaNet: short convolutions, keys and queries of length 1, decay -exp(A) softplus(a + dt), beta
    a sigmoid.
    """
    x = embedding(w, 'embedding', ids, VOCAB, d)
    for i in range(layers):
        b = f'blocks.{i}.'
        h = rms_norm(w, b + 'mixer_norm', x)
        q, k, v = (silu(causal_conv(w, f'{b}{n}_conv', linear(w, b + n, h, d), 4)) for n in ('q', 'k', 'v'))
        beta = torch.sigmoid(linear(w, b + 'beta', h, heads))
        a = linear(w, b + 'decay', h, heads) + w.vector(b + 'step_decay.bias', heads)
        log_decay = -w.vector(b + 'step_decay.rate', heads).exp() * torch.nn.functional.softplus(a)
        o = delta(q, k, v, beta, log_decay, heads)
        o = head_norm(w, b + 'head_norm', o, heads) * silu(linear(w, b + 'output', h, d))
        x = x + linear(w, b + 'out', o, d)
        x = x + swiglu(w, b, x, hidden)
    return tied_head(w, 'embedding', rms_norm(w, 'norm', x))


# The recipe, its twin and what differs from the defaults, and the recipe's optimiser: lr, weight decay, clip
# and, where
# it is not 0.95, AdamW's second beta.
TWINS = {
    'v4-debug': (v4, {}, (4e-3, 0.01, 1)),
    'v4-large-debug': (v4, dict(d=48, layers=3, hidden=80), (3e-3, 0.01, 1)),
    'v5-debug': (v5, {}, (3e-3, 0.05, 1)),
    'v5-as-shipped-debug': (v5, dict(over='sequence'), (3e-3, 0.05, 1)),
    'v5.2-debug': (v52, {}, (5e-4, 0.01, 1)),
    'v6-debug': (v6, {}, (4e-3, 0.05, 1)),
    'v6-prcsm-debug': (v6, dict(reason=24), (4e-3, 0.05, 1)),
    'v6-as-shipped-debug': (v6, dict(reason=24, summary='whole'), (4e-3, 0.05, 1)),
    'v61-attn-debug': (v61, dict(heads=2), (4e-3, 0, None)),
    'v61-d384-debug': (v61, dict(d=64), (8e-3, 0, None)),
    'v61-10m-debug': (v61, dict(d=48, layers=4), (8e-3, 0, None)),
    'bitnet-debug': (bitnet, {}, (4e-3, 0.1, 1)),
    'bitnet-2b4t-tiny-debug': (bitnet, dict(kv_heads=2, act=relu2), (4e-3, 0.1, 1)),
    'bitnet-reloaded-debug': (bitnet_reloaded, {}, (4e-3, 0.1, 1)),
    'matmul-free-debug': (matmul_free, {}, (4e-3, 0.01, 1)),
    'matmul-free-swap-gate-debug': (matmul_free, dict(swap_gate=True), (4e-3, 0.01, 1)),
    'llama-debug': (llama, {}, (1e-3, 0.01, 1, 0.99)),
    'gla-tiny-debug': (gla_model, {}, (1e-3, 0.1, 1)),
    'delta-tiny-debug': (delta_model, {}, (1e-3, 0.1, 1)),
}
