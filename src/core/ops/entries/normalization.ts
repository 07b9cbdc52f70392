import type { Ids, Mat } from '../../tensor.ts';
import {
  accumulate,
  documentStarts,
  input,
  near,
  op,
  optional,
  output,
  scalar,
  size,
  V61,
} from '../arguments.ts';
import type { Dims } from '../dims.ts';

const rstdOf = (x: Float64Array, row: number, cols: number): number => {
  let squares = 0;
  for (let d = 0; d < cols; d++) squares += x[row * cols + d]! ** 2;
  return 1 / Math.sqrt(squares / cols + 1e-6);
};

const eps = scalar('eps', { values: [1e-6] });

/** `r = 1/sqrt(mean(x^2) + eps)`, `out = r * x * gain`. `outRstd` keeps r, because recomputing it costs a pass over x. */
export const rmsNorm = op<(out: Mat, outRstd: Mat, x: Mat, gain: Mat | null, eps: number) => void>({
  args: [
    output('out', 'M', 'D'),
    output('outRstd', 'M', 1),
    input('x', 'M', 'D'),
    input('gain', 1, 'D', optional),
    eps,
  ],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 4 * M * D,
});

/** With `u = dy * gain`: `outDx = r * (u - x * r^2 * mean(u * x))`, `accGain += sum over rows of dy * x * r`. */
export const rmsNormGrad = op<
  (outDx: Mat, accGain: Mat | null, dy: Mat, x: Mat, gain: Mat | null, rstd: Mat) => void
>({
  args: [
    output('outDx', 'M', 'D'),
    accumulate('accGain', 1, 'D', optional),
    input('dy', 'M', 'D'),
    input('x', 'M', 'D'),
    input('gain', 1, 'D', optional),
    input('rstd', 'M', 1, { values: 'positive' }),
  ],
  inputs: ({ x }, { M, D }) => ({ rstd: Float64Array.from({ length: M! }, (_, i) => rstdOf(x!, i, D!)) }),
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 9 * M * D,
});

/** Of one value nothing is left, of two only a sign: their gradients are what rounding leaves. */
const GROUPS = {
  sizes: {
    G: { tested: [1, 3, 8], bench: 1 },
    // Around the registers of every instruction set, and sums that are longer than one.
    E: { tested: [3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 129, 520], bench: V61.width },
  },
} as const;

/** The mean of `count` columns of some rows from `first` on, and 1 / the root of their variance and eps. */
function momentsOf(x: Float64Array, [begin, end]: readonly [number, number], first: number, d: Dims) {
  const cols = d.G! * d.E!;
  const values: number[] = [];
  for (let i = begin; i < end; i++) for (let j = first; j < first + d.E!; j++) values.push(x[i * cols + j]!);
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return { mean, rstd: 1 / Math.sqrt(variance + 1e-6) };
}

/** The mean and rstd arguments of a backward call that belong to its x; `spanOf` gives the rows that row i is normalised with. */
function fittingMoments(x: Float64Array, d: Dims, spanOf: (i: number) => readonly [number, number]) {
  const [mean, rstd] = [new Float64Array(d.M! * d.G!), new Float64Array(d.M! * d.G!)];
  const G = d.G!;
  // Span after span: rows of one have the same moments.
  for (let begin = 0; begin < d.M!; ) {
    const span = spanOf(begin);
    for (let g = 0; g < G; g++) {
      const moments = momentsOf(x, span, g * d.E!, d);
      for (let i = begin; i < span[1]; i++) {
        mean[i * G + g] = moments.mean;
        rstd[i * G + g] = moments.rstd;
      }
    }
    begin = span[1];
  }
  return { mean, rstd };
}

/** The rows of the document in a sequence that row i belongs to. */
function documentOf(i: number, starts: Float64Array | null, T: number): readonly [number, number] {
  const first = i - (i % T);
  if (!starts) return [first, first + T];
  let end = i + 1;
  while (end < first + T && starts[end] === starts[i]) end++;
  return [first + starts[i]!, end];
}

/**
 * Layer and group norm: each row is `G` groups of columns, each with its mean m and `r = 1/sqrt(variance + eps)`;
 * `out = (x - m) * r * gain + bias`. `outMean` and `outRstd` keep m and r for backward.
 */
export const normalize = op<
  (out: Mat, outMean: Mat, outRstd: Mat, x: Mat, gain: Mat | null, bias: Mat | null, eps: number) => void
>({
  args: [
    output('out', 'M', 'G*E'),
    output('outMean', 'M', 'G'),
    output('outRstd', 'M', 'G'),
    input('x', 'M', 'G*E'),
    input('gain', 1, 'G*E', optional),
    input('bias', 1, 'G*E', optional),
    eps,
  ],
  independent: 'row',
  agree: near,
  ...GROUPS,
  flops: ({ M, G, E }) => 8 * M! * G! * E!,
});

/**
 * With `u = dy * gain` and `n = (x - m) * r`: `outDx = r * (u - mean(u) - n * mean(u * n))`, `accGain += sum over rows of
 * dy * n`, `accBias += sum over rows of dy`.
 */
export const normalizeGrad = op<
  (
    outDx: Mat,
    accGain: Mat | null,
    accBias: Mat | null,
    dy: Mat,
    x: Mat,
    gain: Mat | null,
    mean: Mat,
    rstd: Mat,
  ) => void
>({
  args: [
    output('outDx', 'M', 'G*E'),
    accumulate('accGain', 1, 'G*E', optional),
    accumulate('accBias', 1, 'G*E', optional),
    input('dy', 'M', 'G*E'),
    input('x', 'M', 'G*E'),
    input('gain', 1, 'G*E', optional),
    input('mean', 'M', 'G'),
    input('rstd', 'M', 'G', { values: 'positive' }),
  ],
  inputs: ({ x }, d) => fittingMoments(x!, d, (i) => [i, i + 1]),
  independent: 'row',
  agree: near,
  ...GROUPS,
  flops: ({ M, G, E }) => 14 * M! * G! * E!,
});

/**
 * `normalize` whose groups are some columns of all rows of a document in its sequence, so that rows see later ones. Every row
 * of `outMean` and `outRstd` has the numbers of its document. Nothing is carried from call to call.
 */
export const normalizeOverTime = op<
  (
    out: Mat,
    outMean: Mat,
    outRstd: Mat,
    x: Mat,
    gain: Mat | null,
    bias: Mat | null,
    eps: number,
    starts: Ids | null,
    seqLen: number,
  ) => void
>({
  args: [
    output('out', 'M', 'G*E'),
    output('outMean', 'M', 'G'),
    output('outRstd', 'M', 'G'),
    input('x', 'M', 'G*E'),
    input('gain', 1, 'G*E', optional),
    input('bias', 1, 'G*E', optional),
    eps,
    documentStarts,
    size('seqLen', 'T'),
  ],
  independent: 'sequence',
  equations: ['M = S*T'],
  agree: { ...near, whole: ['out'] },
  ...GROUPS,
  flops: ({ M, G, E }) => 8 * M! * G! * E!,
});

/** As `normalizeGrad`, with means over all rows of a document. */
export const normalizeOverTimeGrad = op<
  (
    outDx: Mat,
    accGain: Mat | null,
    accBias: Mat | null,
    dy: Mat,
    x: Mat,
    gain: Mat | null,
    mean: Mat,
    rstd: Mat,
    starts: Ids | null,
    seqLen: number,
  ) => void
>({
  args: [
    output('outDx', 'M', 'G*E'),
    accumulate('accGain', 1, 'G*E', optional),
    accumulate('accBias', 1, 'G*E', optional),
    input('dy', 'M', 'G*E'),
    input('x', 'M', 'G*E'),
    input('gain', 1, 'G*E', optional),
    input('mean', 'M', 'G'),
    input('rstd', 'M', 'G', { values: 'positive' }),
    documentStarts,
    size('seqLen', 'T'),
  ],
  inputs: ({ x, starts }, d) => fittingMoments(x!, d, (i) => documentOf(i, starts ?? null, d.T!)),
  independent: 'sequence',
  equations: ['M = S*T'],
  agree: { ...near, whole: ['outDx'] },
  ...GROUPS,
  flops: ({ M, G, E }) => 14 * M! * G! * E!,
});
