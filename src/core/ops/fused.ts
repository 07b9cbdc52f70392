import { type Kernels, ROW_CHUNK } from '../kernels.ts';
import { type Mat, mat } from '../tensor.ts';

/** Kernels that others can be put together to: a backend may leave them out. */
export const FUSED_OPS = ['headLoss'] as const;
export type FusedOp = (typeof FUSED_OPS)[number];

/** What a backend must bring: every kernel but the fused ones, which it may. */
export type KernelSource = Omit<Kernels, FusedOp> & Partial<Pick<Kernels, FusedOp>>;

/** All kernels: a fused one that the backend leaves out is composed of those it has, so no backend is incomplete. */
export function completeKernels(source: KernelSource): Kernels {
  return { headLoss: composeHeadLoss(source), ...source };
}

/** Logits of `ROW_CHUNK` rows at a time exist, as sums over rows are formed. */
function composeHeadLoss(k: Omit<Kernels, FusedOp>): Kernels['headLoss'] {
  return (outNats, outDh, accTable, accBias, h, table, bias, targets, scale, precision, cap, zLoss) => {
    for (let start = 0; start < h.rows; start += ROW_CHUNK) {
      const end = Math.min(h.rows, start + ROW_CHUNK);
      const z = mat(h.dtype, end - start, table.rows, 'headLoss/z');
      const dz = outDh || accTable || accBias ? mat(h.dtype, end - start, table.rows, 'headLoss/dz') : null;
      const hRows = rowsOf(h, start, end);
      k.matmulTransB(z, hRows, table, precision);
      if (bias) k.addBias(z, z, bias);
      const offsets = {
        ...targets.offsets,
        rows: end - start + 1,
        data: targets.offsets.data.subarray(start, end + 1),
      };
      k.softmaxCrossEntropy(rowsOf(outNats, start, end), dz, z, { ...targets, offsets }, scale, cap, zLoss);
      if (outDh) k.matmul(rowsOf(outDh, start, end), dz!, table, precision);
      if (accTable) k.matmulTransA(accTable, dz!, hRows, precision);
      if (accBias) k.addBiasGrad(accBias, dz!);
    }
  };
}

function rowsOf(m: Mat, start: number, end: number): Mat {
  return { ...m, rows: end - start, data: m.data.subarray(start * m.cols, end * m.cols) } as Mat;
}
