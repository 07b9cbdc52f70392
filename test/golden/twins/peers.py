"""Compares the twins with code of others: flash-linear-attention's naive functions, and classes of
transformers.

    pip install torch==2.13.0 numpy transformers==5.18.0 flash-linear-attention==0.5.2
    python peers.py

Writes peers.json: the largest difference of each comparison, relative to the root mean square.
"""

import importlib.util
import json
from pathlib import Path

import torch
from torch.nn.functional import logsigmoid, normalize
from transformers import BitNetConfig, BitNetForCausalLM, LlamaConfig, LlamaForCausalLM
from transformers.integrations.bitnet import AutoBitLinear

import models
import parts
from run import batches


def naive(family, function):
    """A function of flash-linear-attention. The package imports Triton, which CPUs need not have; these files
    do not.
    """
    package = Path(importlib.util.find_spec('fla').origin).parent
    spec = importlib.util.spec_from_file_location(function, package / 'ops' / family / 'naive.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function)


def difference(ours, theirs):
    ours, theirs = ours.detach(), theirs.detach().to(torch.float64)
    return float((ours - theirs).abs().max() / theirs.pow(2).mean().sqrt())


def with_gradients(ours, theirs, inputs):
    """The largest difference of the results and of the gradients of a random sum of them, by each input."""
    dy = torch.randn_like(ours)
    mine = torch.autograd.grad((ours * dy).sum(), inputs, retain_graph=True)
    other = torch.autograd.grad((theirs * dy.to(theirs.dtype)).sum(), inputs)
    return max(difference(ours, theirs), *(difference(a, b) for a, b in zip(mine, other)))


def numbers(*shape):
    return torch.randn(*shape).requires_grad_()


# flash-linear-attention computes these in float32, whatever comes in.


def hgrn():
    f, c = numbers(2, 40, 24), numbers(2, 40, 24)
    theirs, _ = naive('hgrn', 'naive_recurrent_hgrn')(c, logsigmoid(f))
    return with_gradients(parts.scan(torch.sigmoid(f), c), theirs, [f, c])


def gla(heads=3):
    q, k, v, z = numbers(2, 40, 24), numbers(2, 40, 24), numbers(2, 40, 48), numbers(2, 40, 24)
    split = [parts.heads_of(x, heads) for x in (q, k, v, logsigmoid(z) / 16)]
    theirs, _ = naive('gla', 'naive_recurrent_gla')(*split)
    return with_gradients(parts.gla(q, k, v, logsigmoid(z) / 16, heads), theirs.flatten(2), [q, k, v, z])


def delta(heads=3):
    q, k, v = numbers(2, 40, 24), numbers(2, 40, 24), numbers(2, 40, 48)
    beta, z = numbers(2, 40, heads), numbers(2, 40, heads)
    b, a = torch.sigmoid(beta), logsigmoid(z)
    ours = parts.delta(q, k, v, b, a, heads)
    hq, hk, hv = (parts.heads_of(x, heads) for x in (q, k, v))
    rule = naive('gated_delta_rule', 'naive_recurrent_gated_delta_rule')
    theirs, _ = rule(normalize(hq, dim=-1), normalize(hk, dim=-1), hv, b, a)
    return with_gradients(ours, theirs.flatten(2), [q, k, v, beta, z])


def interleaved(weight, heads):
    """Rows of pairs (2m, 2m + 1) in the order (m, m + E/2), which transformers' rotary positions expect."""
    return weight.view(heads, -1, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)


def of_transformers(model, twin, names, change=lambda name, weight: weight, **options):
    """Losses and every gradient of a class of transformers with the twin's weights."""
    ids, targets = next(batches())
    w = parts.Weights()
    ours = torch.nn.functional.cross_entropy(twin(w, ids, **options).flatten(0, 1), targets)
    ours.backward()
    model = model.double()
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for theirs, mine in names.items():
            parameters[theirs].copy_(change(mine, w.all[mine].detach()).view_as(parameters[theirs]))
    assert set(names) == set(parameters), 'a parameter of theirs without a counterpart'
    assert set(names.values()) == set(w.all), 'a parameter of the twin without a counterpart'
    loss = torch.nn.functional.cross_entropy(model(ids).logits.flatten(0, 1), targets)
    loss.backward()
    gradients = [
        difference(change(mine, w.all[mine].grad).view(-1), parameters[theirs].grad.view(-1))
        for theirs, mine in names.items()
    ]
    return {'loss': abs(float(ours.detach() - loss.detach())), 'gradients': max(gradients)}


def names_of(layers, *more):
    """transformers' names and ours."""
    inside = {
        'input_layernorm': 'attention_norm.gain',
        'self_attn.q_proj': 'q.weight',
        'self_attn.k_proj': 'k.weight',
        'self_attn.v_proj': 'v.weight',
        'self_attn.o_proj': 'out.weight',
        'post_attention_layernorm': 'ffn_norm.gain',
        'mlp.gate_proj': 'gate.weight',
        'mlp.up_proj': 'up.weight',
        'mlp.down_proj': 'down.weight',
        **dict(more),
    }
    blocks = {
        f'model.layers.{i}.{theirs}.weight': f'blocks.{i}.{mine}'
        for i in range(layers)
        for theirs, mine in inside.items()
    }
    return {'model.embed_tokens.weight': 'embedding.weight', 'model.norm.weight': 'norm.gain', **blocks}


def config(kind, **more):
    return kind(
        vocab_size=models.VOCAB,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        rope_parameters={'rope_type': 'default', 'rope_theta': 10000.0},
        tie_word_embeddings=True,
        attn_implementation='eager',
        **more,
    )


def llama():
    def change(name, weight):
        heads = {'q': 4, 'k': 2}.get(name.split('.')[-2])
        return interleaved(weight, heads) if heads else weight

    model = LlamaForCausalLM(config(LlamaConfig, intermediate_size=44, num_key_value_heads=2))
    return of_transformers(model, models.llama, names_of(2), change)


def bitnet(hidden_act, kv_heads, **options):
    model = BitNetForCausalLM(
        config(BitNetConfig, intermediate_size=48, num_key_value_heads=kv_heads, hidden_act=hidden_act)
    )
    for name, module in list(model.named_modules()):
        if isinstance(module, torch.nn.Linear) and name != 'lm_head':
            bit = AutoBitLinear(module.in_features, module.out_features, bias=False, online_quant=True)
            model.set_submodule(name, bit)
    sub = (('self_attn.attn_sub_norm', 'attention_sub_norm.gain'), ('mlp.ffn_sub_norm', 'ffn_sub_norm.gain'))
    return of_transformers(model, models.bitnet, names_of(2, *sub), kv_heads=kv_heads, **options)


if __name__ == '__main__':
    torch.manual_seed(1)
    # Its quantisers are compiled, which needs a C++ compiler and changes nothing.
    torch.compiler.set_stance('force_eager')
    found = {
        'naive_recurrent_hgrn': hgrn(),
        'naive_recurrent_gla': gla(),
        'naive_recurrent_gated_delta_rule': delta(),
        'LlamaForCausalLM': llama(),
        'BitNetForCausalLM': bitnet('silu', 4),
        'BitNetForCausalLM, relu2, 2 kv heads': bitnet('relu2', 2, act=parts.relu2),
    }
    text = json.dumps(found, indent=2)
    Path(__file__).with_name('peers.json').write_text(text + '\n')
    print(text)
