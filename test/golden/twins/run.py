"""Writes the golden numbers of every twin, or of those that are named: three steps of AdamW on the committed
tokens.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from models import TWINS, VOCAB
from parts import Weights

HERE = Path(__file__).parent
STEPS, SEQUENCES, T = 3, 2, 32
EPS, WARMUP = 1e-8, 4


def batches():
    ids = torch.from_numpy(np.fromfile(HERE / '../tokens.u16', '<u2').astype(np.int64)) % VOCAB
    n = SEQUENCES * T
    for step in range(STEPS):
        a = ids[step * n : (step + 1) * n + 1]
        yield a[:-1].view(SEQUENCES, T), a[1:].view(-1)


def loss_of(model, options, w, ids, targets):
    logits = model(w, ids, **options)
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets)


def gradient(p):
    """The norm, and the elements of largest size, a third of the way and last."""
    g = torch.zeros_like(p) if p.grad is None else p.grad
    flat = g.flatten()
    at = sorted({int(flat.abs().argmax()), len(flat) // 3, len(flat) - 1})
    return {'norm': float(flat.norm()), 'at': at, 'values': [float(flat[i]) for i in at]}


def twin(model, options, optimizer):
    peak, decay, clip, beta2 = (*optimizer, 0.95)[:4]
    w, losses, norms, gradients = Weights(), [], [], {}
    adam = None
    for step, (ids, targets) in enumerate(batches()):
        loss = loss_of(model, options, w, ids, targets)
        for p in w.all.values():
            p.grad = None
        loss.backward()
        for p in w.all.values():
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        losses.append(float(loss))
        if step == 0:
            gradients = {name: gradient(p) for name, p in w.all.items()}
            groups = [
                {'params': [p for n, p in w.all.items() if n in w.decayed], 'weight_decay': decay},
                {'params': [p for n, p in w.all.items() if n not in w.decayed], 'weight_decay': 0},
            ]
            adam = torch.optim.AdamW(groups, betas=(0.9, beta2), eps=EPS, foreach=False)
        norm = torch.sqrt(sum((p.grad**2).sum() for p in w.all.values()))
        norms.append(float(norm))
        if clip is not None and norm > clip:
            for p in w.all.values():
                p.grad *= clip / norm
        for group in adam.param_groups:
            group['lr'] = peak * (step + 1) / WARMUP
        adam.step()
    return {
        'parameters': sum(p.numel() for p in w.all.values()),
        'losses': losses,
        'gradNorms': norms,
        'gradients': gradients,
    }


def written(golden):
    """JSON with one line for each parameter."""
    lines = [f'    {json.dumps(name)}: {json.dumps(g)}' for name, g in golden['gradients'].items()]
    others = {key: value for key, value in golden.items() if key != 'gradients'}
    head = [f'  {json.dumps(key)}: {json.dumps(value)},' for key, value in others.items()]
    return '\n'.join(['{', *head, '  "gradients": {', ',\n'.join(lines), '  }', '}', ''])


if __name__ == '__main__':
    torch.set_num_threads(1)
    for name in sys.argv[1:] or TWINS:
        golden = twin(*TWINS[name])
        (HERE / f'{name}.json').write_text(written(golden))
        print(name, golden['parameters'], golden['losses'])
