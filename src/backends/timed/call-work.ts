import type { Backend } from '../../core/backend.ts';
import type { OpName } from '../../core/kernels.ts';
import { flatArgs, flatValues, presentArgs } from '../../core/ops/calls.ts';
import { dimsOf } from '../../core/ops/op-dims.ts';
import { OPS } from '../../core/ops/table.ts';
import { trafficOf } from '../../core/ops/traffic.ts';
import type { Tensor } from '../../core/tensor.ts';

/** The arithmetic of a call, and the bytes that it must move at least. */
export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

interface Known extends Work {
  readonly sizes: readonly number[];
}

/** A run has a few shapes an op: the newest are kept. */
const MAX_KNOWN = 16;

/** The work of calls, worked out once for each shape: a call that takes microseconds is called thousands of times. */
export class CallWork {
  private readonly known = new Map<OpName, Known[]>();

  constructor(private readonly backend: Pick<Backend, 'real' | 'packedTernaryBytes'>) {}

  of(op: OpName, values: readonly unknown[]): Work {
    const sizes = sizesOf(op, values);
    let list = this.known.get(op);
    if (!list) {
      list = [];
      this.known.set(op, list);
    }
    for (const known of list) if (isSame(known.sizes, sizes)) return known;
    const dims = dimsOf(op, values);
    const has = presentArgs(op, values);
    const { read, written } = trafficOf(op, dims, this.backend, has);
    const work = { sizes, flops: OPS[op].flops(dims, has), bytes: read + written };
    if (list.length === MAX_KNOWN) list.shift();
    list.push(work);
    return work;
  }
}

/** Rows and columns of every tensor (-1 where there is none), and the scalars that are dimensions. */
function sizesOf(op: OpName, values: readonly unknown[]): number[] {
  const args = flatArgs(op);
  const flat = flatValues(op, values);
  const sizes: number[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg.kind === 'tensor') {
      const t = flat[i] as Tensor | null;
      sizes.push(t ? t.rows : -1, t ? t.cols : -1);
    } else if (arg.kind === 'scalar' && arg.symbol) sizes.push(flat[i] as number);
  }
  return sizes;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
