import type { FloatPrecision, Precision } from '../../compute.ts';
import type { Bytes, Codes, Mat, Quantized, TernaryWeight } from '../../tensor.ts';
import {
  accumulate,
  floatPrecision,
  input,
  near,
  op,
  optional,
  output,
  precision,
  quantized,
  scalar,
  ternary,
} from '../arguments.ts';

/**
 * The backend's private layout of ternary codes; `Backend.packedTernaryBytes` gives its size. Every op that takes
 * packed weights takes them for any precision; `ternaryMatmulGradX` is quickest in the one they were packed for.
 */
export const packTernary = op<(outPacked: Bytes, codes: Codes, precision: Precision) => void>({
  args: [
    output('outPacked', 1, 0, { dtype: 'u8', packs: 'codes' }),
    input('codes', 'N', 'K', { dtype: 'i8', values: 'ternary' }),
    precision,
  ],
  agree: 'exact',
  flops: () => 0,
});

/** `out = (1 - share) * master + share * w` where w is the ternary weights' value; without a master, w itself. */
export const blendTernary = op<(out: Mat, w: TernaryWeight, master: Mat | null, share: number) => void>({
  args: [
    output('out', 'N', 'K'),
    ternary('w', 'N', 'K'),
    input('master', 'N', 'K', optional),
    scalar('share', { values: [0, 0.25, 0.7, 1] }),
  ],
  agree: near,
  flops: ({ N, K }) => 4 * N * K,
});

// Where ternary weights have a scale for each row, output column j is multiplied by `w.rowScale[j]` last, and column j of dy
// before it is rounded.

/** `out = (x.scale * w.scale) * (x.codes . w.codes^T)`; the dot products are exact int32. */
export const ternaryMatmul = op<(out: Mat, x: Quantized, w: TernaryWeight) => void>({
  args: [output('out', 'M', 'N'), quantized('x', 'M', 'K'), ternary('w', 'N', 'K')],
  independent: 'row',
  agree: near,
  flops: ({ M, N, K }) => 2 * M * N * K,
  integer: true,
});

/** `out = w.scale * (x . w.codes^T)` for activations that are not quantised. */
export const ternaryMatmulFloat = op<(out: Mat, x: Mat, w: TernaryWeight, precision: FloatPrecision) => void>(
  {
    args: [output('out', 'M', 'N'), input('x', 'M', 'K'), ternary('w', 'N', 'K'), floatPrecision],
    independent: 'row',
    schedule: 'serial',
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
);

/** `outDx = w.scale * (dy . w.codes)`; in int8, dy is quantised row by row. */
export const ternaryMatmulGradX = op<(outDx: Mat, dy: Mat, w: TernaryWeight, precision: Precision) => void>({
  args: [output('outDx', 'M', 'K'), input('dy', 'M', 'N'), ternary('w', 'N', 'K'), precision],
  independent: 'row',
  agree: near,
  flops: ({ M, N, K }) => 2 * M * N * K,
});

/**
 * `accW += (x.scale * dy)^T . x.codes`, straight through the weight quantiser. The row's scale goes to the operand that
 * is rounded, so that the codes stay exact; in int8, each column of it is quantised for `ROW_CHUNK` rows at a time.
 */
export const ternaryMatmulGradW = op<(accW: Mat, dy: Mat, x: Quantized, precision: Precision) => void>({
  args: [accumulate('accW', 'N', 'K'), input('dy', 'M', 'N'), quantized('x', 'M', 'K'), precision],
  independent: 'row',
  schedule: 'packed',
  agree: near,
  flops: ({ M, N, K }) => 2 * M * N * K,
});
