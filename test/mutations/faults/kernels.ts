import type { Kernels, OpName } from '../../../src/core/kernels.ts';
import { completeKernels } from '../../../src/core/ops/fused.ts';
import { OPS } from '../../../src/core/ops/table.ts';
import { type Mat, mat, type Quantized, type Tensor } from '../../../src/core/tensor.ts';
import type { Mutation } from '../check.ts';

type Wrong<K extends OpName> = (right: Kernels) => Kernels[K];

/** One op does something else; what is composed of it does so too. */
export function kernel<K extends OpName>(id: string, op: K, fault: string, wrong: Wrong<K>): Mutation {
  const where = `kernel ${op}`;
  return {
    id,
    fault,
    where,
    op,
    parts: {
      backend: (inner) => {
        const { headLoss, ...source } = inner.kernels;
        const mutated = { ...source, ...(op === 'headLoss' && { headLoss }), [op]: wrong(inner.kernels) };
        return { ...inner, name: `mutated(${inner.name})`, kernels: completeKernels(mutated) };
      },
    },
  };
}

/** The right kernel, given other values for some of its arguments. */
export function passing<K extends OpName>(
  op: K,
  changes: Readonly<Record<string, (value: never) => unknown>>,
): Wrong<K> {
  const names = OPS[op].args.map(({ name }) => name);
  for (const name of Object.keys(changes))
    if (!names.includes(name)) throw new ReferenceError(`${op} has no argument ${name}`);
  return (right) => {
    const inner = right[op] as (...values: unknown[]) => unknown;
    const change = (value: unknown, i: number): unknown => {
      const by = changes[names[i]!];
      return by ? by(value as never) : value;
    };
    return ((...values: unknown[]) => inner(...values.map(change))) as Kernels[K];
  };
}

/** A copy of a matrix whose columns from `first` on are changed. */
export const changed = (m: Mat, first: number, change: (value: number, col: number) => number): Mat =>
  ({
    ...m,
    data: m.data.map((value, i) => (i % m.cols >= first ? change(value, i % m.cols) : value)),
  }) as Mat;

export const like = (t: Mat, value: number): Mat => {
  const copy = mat(t.dtype, t.rows, t.cols, t.label);
  copy.data.fill(value);
  return copy;
};
export const withoutScale = <Q extends Quantized>(q: Q): Q => ({ ...q, scale: like(q.scale, 1) });

/** Lets `run` write, then puts back what stood at some elements. */
export function keeping(t: Tensor, isKept: (row: number, col: number) => boolean, run: () => void): void {
  const before = t.data.slice();
  run();
  for (let i = 0; i < before.length; i++)
    if (isKept(Math.floor(i / t.cols), i % t.cols)) t.data[i] = before[i]!;
}

export const KERNEL_FAULTS: readonly Mutation[] = [
  {
    ...kernel(
      'grad-w-scale',
      'ternaryMatmulGradW',
      "the activations' scale is missing in the weight gradient",
      (k) => (acc, dy, x, precision) => k.ternaryMatmulGradW(acc, dy, withoutScale(x), precision),
    ),
    historical: true,
  },
  {
    ...kernel(
      'grad-x-scale',
      'ternaryMatmulGradX',
      "the weights' scale is missing in the input gradient",
      (k) => (dx, dy, w, precision) => k.ternaryMatmulGradX(dx, dy, withoutScale(w), precision),
    ),
    historical: true,
  },
  kernel(
    'row-scale-forgotten',
    'ternaryMatmul',
    "the scales of the weights' rows are missing in the product",
    (k) => (out, x, w) => k.ternaryMatmul(out, x, { ...w, rowScale: null }),
  ),
  kernel(
    'row-scale-of-dx',
    'ternaryMatmulGradX',
    "the scales of the weights' rows are missing in the input gradient",
    (k) => (dx, dy, w, precision) => k.ternaryMatmulGradX(dx, dy, { ...w, rowScale: null }, precision),
  ),
  kernel(
    'row-scale-floor',
    'quantizeWeightRows',
    'a row of zeros has the scale 0',
    (k) => (codes, scale, w, rule) => {
      k.quantizeWeightRows(codes, scale, w, rule);
      for (let j = 0; j < w.rows; j++) {
        const row = w.data.subarray(j * w.cols, (j + 1) * w.cols);
        if (row.every((v) => v === 0)) scale.data[j] = 0;
      }
    },
  ),
  kernel(
    'blend-inverted',
    'blendTernary',
    'the share is that of the float weights',
    (k) => (out, w, master, share) => k.blendTernary(out, w, master, 1 - share),
  ),
  kernel(
    'dequantize-scale',
    'dequantizeRows',
    "the rows' scales are left out",
    (k) => (out, x) => k.dequantizeRows(out, withoutScale(x)),
  ),
  kernel(
    'learned-unclipped',
    'learnedScaleGrad',
    'weights beyond the outer codes get a gradient too',
    (k) => (accW, accScale, dw, w, scale) => {
      k.learnedScaleGrad(accW, accScale, dw, w, scale);
      const each = w.data.length / scale.rows;
      for (let i = 0; i < w.data.length; i++)
        if (Math.abs(w.data[i]!) >= scale.data[Math.floor(i / each)]!) accW.data[i]! += dw.data[i]!;
    },
  ),
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
    'tile-last-column',
    'ternaryMatmul',
    'the column after the last whole tile of 16 is not written',
    (k) => (out, x, w) =>
      keeping(
        out,
        (_, col) => out.cols % 16 === 1 && col === out.cols - 1,
        () => k.ternaryMatmul(out, x, w),
      ),
  ),
  kernel(
    'block-last-row',
    'matmulTransA',
    'the last row is left out of the sum where rows are no multiple of 4',
    (k) => (acc, a, b, precision) => {
      const cut = (m: Mat): Mat =>
        m.rows % 4 === 1
          ? ({ ...m, rows: m.rows - 1, data: m.data.subarray(0, (m.rows - 1) * m.cols) } as Mat)
          : m;
      k.matmulTransA(acc, cut(a), cut(b), precision);
    },
  ),
  kernel('code-sign', 'quantizeRows', 'negative values get positive codes', (k) => (codes, s, x, rule) => {
    k.quantizeRows(codes, s, x, rule);
    for (let i = 0; i < codes.data.length; i++) codes.data[i] = Math.abs(codes.data[i]!);
  }),
  kernel(
    'tie-kept',
    'quantizeRows',
    'a value exactly on the threshold is kept (>= for >)',
    (k) => (codes, s, x, rule) => {
      k.quantizeRows(codes, s, x, rule);
      if (rule === 'int8') return;
      for (let i = 0; i < x.rows; i++) {
        const row = Array.from(x.data.subarray(i * x.cols, (i + 1) * x.cols));
        const threshold = 0.6745 * (row.reduce((sum, v) => sum + Math.abs(v), 0) / x.cols);
        row.forEach((v, j) => {
          if (Math.abs(v) === threshold) codes.data[i * x.cols + j] = Math.sign(v);
        });
      }
    },
  ),
  kernel(
    'threshold-rounded',
    'quantizeWeight',
    'the threshold is rounded to float32 before the comparison',
    (k) => (codes, s, w, rule) => {
      k.quantizeWeight(codes, s, w, rule);
      const threshold = Math.fround(0.5 * s.data[0]!);
      for (let i = 0; i < w.data.length; i++)
        codes.data[i] = Math.abs(w.data[i]!) > threshold ? Math.sign(w.data[i]!) : 0;
    },
  ),
  kernel(
    'int8-half-up',
    'quantizeRows',
    'int8 rounds halves up, not to the even neighbour',
    (k) => (codes, s, x, rule) => {
      k.quantizeRows(codes, s, x, rule);
      if (rule !== 'int8') return;
      for (let i = 0; i < x.data.length; i++) {
        const q = Math.fround(x.data[i]! / s.data[Math.floor(i / x.cols)]!);
        if (Math.abs(q % 1) === 0.5) codes.data[i] = Math.min(127, Math.round(q));
      }
    },
  ),
  kernel(
    'int8-scale-128',
    'quantizeRows',
    'the int8 scale is max / 128, not max / 127',
    (k) => (codes, s, x, rule) => {
      k.quantizeRows(codes, s, x, rule);
      if (rule === 'int8') for (let i = 0; i < s.data.length; i++) s.data[i]! *= 127 / 128;
    },
  ),
  kernel(
    'gain-gradient',
    'rmsNormGrad',
    'the gain gets no gradient',
    (k) => (dx, _acc, dy, x, gain, rstd) => k.rmsNormGrad(dx, null, dy, x, gain, rstd),
  ),
  kernel(
    'norm-mean-term',
    'rmsNormGrad',
    'the term with mean(u * x) is missing',
    (k) => (dx, acc, dy, x, gain, rstd) => {
      k.rmsNormGrad(dx, acc, dy, x, gain, rstd);
      for (let i = 0; i < dx.data.length; i++)
        dx.data[i] = rstd.data[Math.floor(i / dx.cols)]! * dy.data[i]! * (gain?.data[i % dx.cols] ?? 1);
    },
  ),
  kernel('rstd-eps', 'rmsNorm', 'the saved 1 / rms leaves out eps', (k) => (out, rstd, x, gain, eps) => {
    k.rmsNorm(out, rstd, x, gain, eps);
    k.rmsNorm(like(out, 0), rstd, x, gain, 0);
  }),
  kernel(
    'zero-row',
    'rmsNorm',
    'a row of zeros gives NaN',
    (k) => (out, rstd, x, gain) => k.rmsNorm(out, rstd, x, gain, 0),
  ),
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
    'layer-norm-mean-term',
    'normalizeGrad',
    'the term with mean(u) is missing',
    (k) => (dx, accGain, accBias, dy, x, gain, mean, rstd) => {
      k.normalizeGrad(dx, accGain, accBias, dy, x, gain, mean, rstd);
      const cols = x.cols / mean.cols;
      for (let g = 0; g < mean.data.length; g++) {
        let sum = 0;
        for (let i = g * cols; i < (g + 1) * cols; i++) sum += dy.data[i]! * (gain?.data[i % x.cols] ?? 1);
        for (let i = g * cols; i < (g + 1) * cols; i++) dx.data[i]! += (rstd.data[g]! * sum) / cols;
      }
    },
  ),
  kernel(
    'group-norm-one-group',
    'normalize',
    'groups are normalised by the mean of the first',
    (k) => (out, mean, rstd, x, gain, bias, eps) => {
      k.normalize(out, mean, rstd, x, gain, bias, eps);
      const cols = x.cols / mean.cols;
      for (let i = 0; i < x.data.length; i++) {
        const [g, first] = [Math.floor(i / cols), Math.floor(i / x.cols) * mean.cols];
        const shift = (mean.data[g]! - mean.data[first]!) * rstd.data[g]!;
        out.data[i]! += shift * (gain?.data[i % x.cols] ?? 1);
      }
    },
  ),
  kernel(
    'group-norm-all-documents',
    'normalizeOverTime',
    'means are taken over all documents of a sequence',
    (k) => (out, mean, rstd, x, gain, bias, eps, _starts, seqLen) =>
      k.normalizeOverTime(out, mean, rstd, x, gain, bias, eps, null, seqLen),
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
    'accumulator-overwritten',
    'ternaryMatmulGradW',
    'the accumulator is overwritten, not added to',
    (k) => (acc, dy, x, precision) => {
      acc.data.fill(0);
      k.ternaryMatmulGradW(acc, dy, x, precision);
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
  kernel(
    'sum-order',
    'matmulTransA',
    'sums run over all rows at once, not chunk by chunk, so block sizes show in the bits',
    () => (acc, a, b) => {
      for (let i = 0; i < acc.rows; i++) {
        for (let j = 0; j < acc.cols; j++) {
          let sum = 0;
          for (let r = 0; r < a.rows; r++) sum += a.data[r * a.cols + i]! * b.data[r * b.cols + j]!;
          acc.data[i * acc.cols + j]! += sum;
        }
      }
    },
  ),
];
