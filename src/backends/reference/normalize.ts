import type { Kernels } from '../../core/kernels.ts';
import type { Mat } from '../../core/tensor.ts';
import { documents } from './document-starts.ts';
import { rowChunks } from './row-chunks.ts';

/** Rows [begin, end) that are normalised together, each group of their columns by itself. */
type Spans = Iterable<readonly [begin: number, end: number]>;

function* eachRow(rows: number): Generator<[number, number]> {
  for (let i = 0; i < rows; i++) yield [i, i + 1];
}

/** The mean of `of(i)` over the elements i of columns [first, first + cols) in rows [begin, end). */
function meanOf(
  [begin, end]: readonly [number, number],
  { D, first, cols }: { readonly D: number; readonly first: number; readonly cols: number },
  of: (i: number) => number,
): number {
  let sum = 0;
  for (let row = begin; row < end; row++)
    for (let i = row * D + first; i < row * D + first + cols; i++) sum += of(i);
  return sum / ((end - begin) * cols);
}

/** Ba et al. 2016 (layer norm), Wu and He 2018 (group norm). */
function normalizeSpans(
  [out, outMean, outRstd, x, gain, bias, eps]: Parameters<Kernels['normalize']>,
  spans: Spans,
): void {
  const [D, G] = [x.cols, outMean.cols];
  const cols = D / G;
  for (const span of spans) {
    for (let g = 0; g < G; g++) {
      const group = { D, first: g * cols, cols };
      const mean = meanOf(span, group, (i) => x.data[i]!);
      const r = 1 / Math.sqrt(meanOf(span, group, (i) => (x.data[i]! - mean) ** 2) + eps);
      for (let row = span[0]; row < span[1]; row++) {
        outMean.data[row * G + g] = mean;
        outRstd.data[row * G + g] = r;
        for (let d = group.first; d < group.first + cols; d++)
          out.data[row * D + d] =
            (x.data[row * D + d]! - mean) * r * (gain?.data[d] ?? 1) + (bias?.data[d] ?? 0);
      }
    }
  }
}

function spansGrad(
  [outDx, accGain, accBias, dy, x, gain, mean, rstd]: Parameters<Kernels['normalizeGrad']>,
  spans: Spans,
): void {
  const [D, G] = [x.cols, mean.cols];
  const cols = D / G;
  const groupOf = (i: number): number => Math.floor(i / D) * G + Math.floor((i % D) / cols);
  const normed = (i: number): number => (x.data[i]! - mean.data[groupOf(i)]!) * rstd.data[groupOf(i)]!;
  const u = (i: number): number => dy.data[i]! * (gain?.data[i % D] ?? 1);
  for (const span of spans) {
    for (let g = 0; g < G; g++) {
      const group = { D, first: g * cols, cols };
      const meanU = meanOf(span, group, u);
      // The rows of a span have one mean and one rstd: those of its first row.
      const of = span[0] * G + g;
      const pull = meanOf(span, group, (i) => u(i) * (x.data[i]! - mean.data[of]!) * rstd.data[of]!);
      for (let row = span[0]; row < span[1]; row++)
        for (let i = row * D + group.first; i < row * D + group.first + cols; i++)
          outDx.data[i] = rstd.data[row * G + g]! * (u(i) - meanU - normed(i) * pull);
    }
  }
  addSums(accGain, dy, (i) => dy.data[i]! * normed(i));
  addSums(accBias, dy, (i) => dy.data[i]!);
}

/** Adds the sums over rows of `of(i)`, i the elements of a matrix like dy. */
function addSums(acc: Mat | null, { rows, cols }: Mat, of: (i: number) => number): void {
  if (!acc) return;
  for (const [start, end] of rowChunks(rows)) {
    for (let d = 0; d < cols; d++) {
      let sum = 0;
      for (let i = start; i < end; i++) sum += of(i * cols + d);
      acc.data[d]! += sum;
    }
  }
}

export const normalize: Kernels['normalize'] = (...args) => normalizeSpans(args, eachRow(args[3].rows));

export const normalizeGrad: Kernels['normalizeGrad'] = (...args) => spansGrad(args, eachRow(args[4].rows));

export const normalizeOverTime: Kernels['normalizeOverTime'] = (
  out,
  outMean,
  outRstd,
  x,
  gain,
  bias,
  eps,
  starts,
  seqLen,
) => normalizeSpans([out, outMean, outRstd, x, gain, bias, eps], documents(starts, x.rows, seqLen));

export const normalizeOverTimeGrad: Kernels['normalizeOverTimeGrad'] = (
  outDx,
  accGain,
  accBias,
  dy,
  x,
  gain,
  mean,
  rstd,
  starts,
  seqLen,
) => spansGrad([outDx, accGain, accBias, dy, x, gain, mean, rstd], documents(starts, x.rows, seqLen));
