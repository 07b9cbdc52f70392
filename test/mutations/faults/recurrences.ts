import type { Mat } from '../../../src/core/tensor.ts';
import type { Mutation } from '../check.ts';
import { changed, keeping, kernel, like, passing } from './kernel-fault.ts';

export const RECURRENCE_FAULTS: readonly Mutation[] = [
  kernel(
    'scan-boundary',
    'scanGrad',
    "a sequence's last row gets a gradient from the next sequence",
    (k) => (dx, dy, x, y) => k.scanGrad(dx, dy, x, y, null, x.rows),
  ),
  kernel(
    'scan-documents',
    'scan',
    'a document goes on from the one before it',
    (k) => (out, state, x, _, seqLen) => k.scan(out, state, x, null, seqLen),
  ),
  kernel(
    'scan-state-lost',
    'scan',
    'the last row is not kept for the rows that follow',
    (k) => (out, state, x, starts, seqLen) =>
      keeping(
        state,
        () => true,
        () => k.scan(out, state, x, starts, seqLen),
      ),
  ),
  kernel(
    'mean-of-call',
    'runningMean',
    'the rows before a call do not count',
    (k) => (out, state, x, starts, seqLen) => {
      state.data.fill(0);
      k.runningMean(out, state, x, starts, seqLen);
    },
  ),
  kernel(
    'gate-bound-added',
    'forgetGate',
    'the lower bound is added to the whole sigmoid',
    (k) => (out, x, logits, bias, floor, layer, layers) => {
      k.forgetGate(out, x, logits, bias, floor, layer, layers);
      if (logits) return;
      for (let i = 0; i < out.data.length; i++)
        if (i % out.cols < out.cols / 2) out.data[i] = floor + (out.data[i]! - floor) / (1 - floor);
    },
  ),
  kernel(
    'gate-layer-below',
    'forgetGate',
    'a layer has the lower bound of the one before it',
    (k) => (out, x, logits, bias, floor, layer, layers) =>
      k.forgetGate(out, x, logits, bias, floor, Math.max(0, layer - 1), layers),
  ),
  kernel(
    'log-decay-hot',
    'logDecay',
    'the temperature is forgotten',
    (k) => (out, x, logits, bias, floor, _, layer, layers) =>
      k.logDecay(out, x, logits, bias, floor, 1, layer, layers),
  ),
  kernel('step-decay-grows', 'stepDecay', 'a decay has no minus', (k) => (out, x, rate, bias) => {
    k.stepDecay(out, x, rate, bias);
    out.data.set(changed(out, out.cols - x.cols, (value) => -value).data as never);
  }),
  kernel(
    'gla-scale',
    'gla',
    'queries are not scaled',
    (k) => (out, state, x, bonus, fade, _, keyHeads, group, keys, decays, starts, seqLen) =>
      k.gla(out, state, x, bonus, fade, 1, keyHeads, group, keys, decays, starts, seqLen),
  ),
  kernel(
    'gla-decays-twice',
    'gla',
    'a state decays twice in each row',
    (k) => (out, state, x, bonus, fade, scale, keyHeads, group, keys, decays, starts, seqLen) => {
      const twice = changed(x, x.cols - keyHeads * group * decays, (log) => 2 * log);
      k.gla(out, state, twice, bonus, fade, scale, keyHeads, group, keys, decays, starts, seqLen);
    },
  ),
  kernel(
    'gla-documents',
    'glaGrad',
    "a document's last row gets a gradient from the next document",
    (k) => (dx, acc, dy, x, bonus, fade, scale, keyHeads, group, keys, decays, _, seqLen) =>
      k.glaGrad(dx, acc, dy, x, bonus, fade, scale, keyHeads, group, keys, decays, null, seqLen),
  ),
  kernel(
    'gla-bonus-gradient',
    'glaGrad',
    'the bonus gets no gradient',
    (k) => (dx, _, dy, x, bonus, fade, scale, keyHeads, group, keys, decays, starts, seqLen) =>
      k.glaGrad(dx, null, dy, x, bonus, fade, scale, keyHeads, group, keys, decays, starts, seqLen),
  ),
  kernel(
    'delta-eps',
    'delta',
    'the norm of a key is that of a longer one',
    (k) => (out, state, x, scale, _, keyHeads, group, keys, starts, seqLen) =>
      k.delta(out, state, x, scale, 1, keyHeads, group, keys, starts, seqLen),
  ),
  kernel(
    'delta-gate',
    'deltaGrad',
    'the write gate is taken for 1 in backward',
    (k) => (dx, dy, x, scale, eps, keyHeads, group, keys, starts, seqLen) => {
      const heads = keyHeads * group;
      const first = 2 * keyHeads * keys + dy.cols;
      const open = { ...x, data: x.data.slice() } as Mat;
      for (let i = 0; i < open.data.length; i++)
        if (i % x.cols >= first && i % x.cols < first + heads) open.data[i] = 1;
      k.deltaGrad(dx, dy, open, scale, eps, keyHeads, group, keys, starts, seqLen);
    },
  ),
  kernel(
    'gate-complement-cancelled',
    'forgetGate',
    'what a gate lets in is 1 less what was rounded, which loses the digits of small shares',
    (k) =>
      (out, x, ...rest) => {
        k.forgetGate(out, x, ...rest);
        const D = x.cols / 2;
        for (let i = 0; i < out.data.length; i++)
          if (i % out.cols >= D) out.data[i] = (1 - Math.fround(out.data[i - D]!)) * x.data[i]!;
      },
  ),
  kernel(
    'gate-bound-in-slope',
    'forgetGateGrad',
    'the lower bound is left out of the slope',
    passing('forgetGateGrad', { floor: () => 0 }),
  ),
  kernel(
    'log-decay-gradient-hot',
    'logDecayGrad',
    'the temperature is forgotten in backward',
    passing('logDecayGrad', { temperature: () => 1 }),
  ),
  kernel(
    'step-decay-bias',
    'stepDecayGrad',
    'the slope is that of a step without the bias',
    passing('stepDecayGrad', { bias: (bias: Mat) => like(bias, 0) }),
  ),
  kernel(
    'mean-boundary',
    'runningMeanGrad',
    "a sequence's rows get gradients from the next sequence",
    (k) => (dx, dy, starts) => k.runningMeanGrad(dx, dy, starts, dy.rows),
  ),
];
