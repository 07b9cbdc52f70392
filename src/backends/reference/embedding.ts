import type { Kernels } from '../../core/kernels.ts';

export const gatherRows: Kernels['gatherRows'] = (out, table, ids) => {
  const D = table.cols;
  for (let i = 0; i < ids.rows; i++) {
    const from = ids.data[i]! * D;
    for (let d = 0; d < D; d++) out.data[i * D + d] = table.data[from + d]!;
  }
};

export const scatterAddRows: Kernels['scatterAddRows'] = (accTable, dy, ids) => {
  const D = accTable.cols;
  for (let i = 0; i < ids.rows; i++) {
    const to = ids.data[i]! * D;
    for (let d = 0; d < D; d++) accTable.data[to + d]! += dy.data[i * D + d]!;
  }
};
