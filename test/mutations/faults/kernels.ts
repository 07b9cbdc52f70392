import { type Mat, mat } from '../../../src/core/tensor.ts';
import type { Mutation } from '../check.ts';
import { kernel, like } from './kernel-fault.ts';

export const KERNEL_FAULTS: readonly Mutation[] = [
  kernel(
    'cap-slope',
    'softmaxCrossEntropy',
    "the cap's slope is missing in the gradient",
    (k) =>
      (nats, dz, z, ...rest) => {
        const [targets, scale, cap, zLoss] = rest;
        if (!(cap > 0)) return k.softmaxCrossEntropy(nats, dz, z, ...rest);
        const capped = { ...z, data: z.data.map((v) => cap * Math.tanh(v / cap)) } as Mat;
        k.softmaxCrossEntropy(nats, dz, capped, targets, scale, 0, zLoss);
      },
  ),
  kernel(
    'z-loss-constant',
    'softmaxCrossEntropy',
    'the z-loss has no gradient',
    (k) =>
      (nats, dz, ...rest) => {
        const [z, targets, scale, cap] = rest;
        k.softmaxCrossEntropy(nats, null, ...rest);
        if (dz) k.softmaxCrossEntropy(like(nats, 0), dz, z, targets, scale, cap, 0);
      },
  ),
  {
    ...kernel(
      'norm-overflow',
      'sumSquares',
      'the squares of the gradient norm are summed in float32, where they overflow',
      () => (x) => Array.from(x.data).reduce((sum, v) => Math.fround(sum + Math.fround(v * v)), 0),
    ),
    historical: true,
  },
  kernel(
    'silu-term',
    'activation',
    'the term x * (1 - s) is missing in the slope of SiLU',
    (k) => (out, slope, x, fn) => {
      k.activation(out, slope, x, fn);
      if (fn === 'silu' && slope) k.activation(slope, null, x, 'sigmoid');
    },
  ),
  kernel(
    'gate-factor',
    'gate',
    'the saved factor of the first half lacks the second half',
    (k) => (out, factors, x, fn) => {
      k.gate(out, factors, x, fn);
      const half = (at: number): Mat => {
        const columns = mat(x.dtype, x.rows, out.cols, 'half');
        k.sliceColumns(columns, x, at);
        return columns;
      };
      const slope = half(0);
      k.activation(half(0), slope, half(0), fn);
      if (factors) k.pasteColumns(factors, slope, 0);
    },
  ),
  kernel(
    'paste-clears',
    'pasteColumns',
    'the columns beside the pasted ones are cleared',
    (k) => (y, x, at) => {
      y.data.fill(0);
      k.pasteColumns(y, x, at);
    },
  ),
  kernel(
    'shift-boundary',
    'tokenShiftGrad',
    "a sequence's last row gets a gradient from the next sequence",
    (k) => (dx, acc, dy, x, mix) => k.tokenShiftGrad(dx, acc, dy, x, mix, null, x.rows),
  ),
  kernel('bias-grad-set', 'addBiasGrad', 'the gradient of a bias is set, not added', (k) => (acc, dy) => {
    acc.data.fill(0);
    k.addBiasGrad(acc, dy);
  }),
  kernel('bias-subtracted', 'addBias', 'the bias is subtracted', (k) => (out, x, bias) => {
    const negative = { ...bias, data: bias.data.map((v) => -v) } as Mat;
    k.addBias(out, x, negative);
  }),
  kernel(
    'conv-boundary',
    'causalConvGrad',
    "a sequence's last rows get gradients from the next sequence",
    (k) => (dx, accW, accBias, dy, x, w) => k.causalConvGrad(dx, accW, accBias, dy, x, w, null, x.rows),
  ),
  kernel(
    'conv-state-reversed',
    'causalConv',
    'the rows before a sequence are taken newest first',
    (k) => (out, state, x, w, bias, starts, seqLen) => {
      const [past, D] = [w.rows - 1, x.cols];
      const given = state.data.slice();
      for (let i = 0; i < state.rows; i++) {
        const from = (Math.floor(i / past) * past + past - 1 - (i % past)) * D;
        state.data.set(given.subarray(from, from + D) as never, i * D);
      }
      k.causalConv(out, state, x, w, bias, starts, seqLen);
    },
  ),
  kernel(
    'shift-document',
    'tokenShift',
    "a document's first row sees the last one of the document before it",
    (k) => (out, state, x, mix, _starts, seqLen) => k.tokenShift(out, state, x, mix, null, seqLen),
  ),
  kernel(
    'conv-document-state',
    'causalConv',
    'the state that is left holds rows of earlier documents',
    (k) => (out, state, x, w, bias, starts, seqLen) => {
      const other = { ...state, data: state.data.slice() } as Mat;
      k.causalConv(out, state, x, w, bias, starts, seqLen);
      k.causalConv(like(out, 0), other, x, w, bias, null, seqLen);
      (state.data as Float64Array).set(other.data);
    },
  ),
  kernel(
    'softmax-factor',
    'softmaxGrad',
    'the gradient of the softmax lacks its factor',
    (k) => (dx, dp, p) => k.softmaxGrad(dx, dp, p, 1),
  ),
  kernel('gates-of-groups', 'scaleGroups', 'all groups of a row have its first gate', (k) => (out, x, w) => {
    const first = { ...w, data: w.data.map((_, i) => w.data[i - (i % w.cols)]!) } as Mat;
    k.scaleGroups(out, x, first);
  }),
  kernel(
    'sigmoid-scale-unscaled',
    'sigmoidScaleGrad',
    'the gradient of what is scaled lacks the scale',
    (k) => (dx, acc, dy, x, logit) => {
      k.sigmoidScaleGrad(dx, acc, dy, x, logit);
      (dx.data as Float64Array).set(dy.data);
    },
  ),
  kernel(
    'softmax-max',
    'softmaxCrossEntropy',
    'the largest logit is not subtracted before the exponentials',
    () => (nats, dz, z, targets, scale) => {
      const { offsets, ids, weights } = targets;
      for (let i = 0; i < z.rows; i++) {
        const exps = Array.from(z.data.subarray(i * z.cols, (i + 1) * z.cols), Math.exp);
        const sum = exps.reduce((a, b) => a + b, 0);
        const entries = Array.from(
          { length: offsets.data[i + 1]! - offsets.data[i]! },
          (_, e) => e + offsets.data[i]!,
        );
        const count = entries.reduce((n, e) => n + weights.data[e]!, 0);
        exps.forEach((e, v) => {
          if (dz) dz.data[i * z.cols + v] = (scale * count * e) / sum;
        });
        nats.data[i] = 0;
        for (const e of entries) {
          const at = i * z.cols + ids.data[e]!;
          nats.data[i]! += weights.data[e]! * (Math.log(sum) - z.data[at]!);
          if (dz) dz.data[at]! -= scale * weights.data[e]!;
        }
      }
    },
  ),
  kernel(
    'count-unweighted',
    'softmaxCrossEntropy',
    "a target's count is taken as 1",
    (k) =>
      (nats, dz, z, targets, ...rest) =>
        k.softmaxCrossEntropy(nats, dz, z, { ...targets, weights: like(targets.weights, 1) }, ...rest),
  ),
  kernel(
    'repeated-id',
    'scatterAddRows',
    'of a token that occurs more than once only the last gradient counts',
    (k) => (acc, dy, ids) => {
      const last = new Map(Array.from(ids.data, (id, i) => [id, i]));
      const once = like(dy, 0);
      for (const i of last.values())
        (once.data as Float64Array).set(dy.data.subarray(i * dy.cols, (i + 1) * dy.cols), i * dy.cols);
      k.scatterAddRows(acc, once, ids);
    },
  ),
  kernel(
    'pair-order',
    'countPairs',
    "a token's followers stand in descending order",
    (k) =>
      (offsets, targets, counts, ...pairs) => {
        k.countPairs(offsets, targets, counts, ...pairs);
        for (let v = 0; v + 1 < offsets.rows; v++) {
          const [first, end] = [offsets.data[v]!, offsets.data[v + 1]!];
          targets.data.subarray(first, end).reverse();
          counts.data.subarray(first, end).reverse();
        }
      },
  ),
  kernel(
    'table-overwritten',
    'headLoss',
    "the table's gradient is overwritten, not added to (= for +=)",
    (k) =>
      (nats, dh, acc, ...rest) => {
        acc?.data.fill(0);
        k.headLoss(nats, dh, acc, ...rest);
      },
  ),
  kernel(
    'head-bias-overwritten',
    'headLoss',
    "the bias's gradient is overwritten, not added to (= for +=)",
    (k) =>
      (nats, dh, accTable, accBias, ...rest) => {
        accBias?.data.fill(0);
        k.headLoss(nats, dh, accTable, accBias, ...rest);
      },
  ),
  kernel(
    'decay-sign',
    'sgdMomentum',
    'weight decay pushes away from zero',
    (k) => (p, v, g, lr, momentum, decay) => k.sgdMomentum(p, v, g, lr, momentum, -decay),
  ),
  kernel(
    'adam-bias',
    'adamW',
    'bias correction is missing',
    (k) => (p, m, v, g, lr, b1, b2, eps, decay) => k.adamW(p, m, v, g, lr, b1, b2, eps, decay, 1e6),
  ),
  kernel(
    'lion-mean-first',
    'lion',
    'the mean takes the gradient before the direction is read from it',
    (k) => (p, m, g, lr, b1, b2, decay) => {
      k.lion(mat(p.dtype, p.rows, p.cols, 'unused'), m, g, 0, b1, b2, 0);
      const kept = m.data.slice();
      k.lion(p, m, g, lr, b1, b2, decay);
      (m.data as Float64Array).set(kept);
    },
  ),
  kernel(
    'input-changed',
    'activation',
    'the kernel uses its input as scratch memory',
    (k) => (out, slope, x, fn) => {
      k.activation(out, slope, x, fn);
      (x.data as Float64Array).set(out.data);
    },
  ),
  kernel(
    'write-past-end',
    'gatherRows',
    'one element past the end of the output is written',
    (k) => (out, table, ids) => {
      k.gatherRows(out, table, ids);
      const { buffer, byteOffset, byteLength } = out.data;
      if (byteOffset + byteLength < buffer.byteLength) new Uint8Array(buffer)[byteOffset + byteLength] = 1;
    },
  ),
];
