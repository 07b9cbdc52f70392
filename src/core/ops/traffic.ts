import type { Backend } from '../backend.ts';
import type { OpName } from '../kernels.ts';
import { BYTES } from '../tensor.ts';
import { codesOf, flatArgs } from './calls.ts';
import { type Dims, sizeOf } from './dims.ts';
import { isRead, isWritten, type Present, type TensorArg } from './spec.ts';
import { OPS } from './table.ts';

/** Minimum bytes that one call moves: every input is read once, every output written once, an updated tensor both. */
export interface Traffic {
  readonly read: number;
  readonly written: number;
  /** Bytes of all tensors: what must fit a cache for the call to run from it. */
  readonly footprint: number;
}

/** The traffic of a call, from the arguments' roles alone; with all of its optional arguments but unusual ones unless `has` says other. */
export function trafficOf(
  op: OpName,
  dims: Dims,
  backend: Pick<Backend, 'real' | 'packedTernaryBytes'>,
  has?: Present,
): Traffic {
  let [read, written, footprint] = [0, 0, 0];
  for (const arg of flatArgs(op)) {
    if (arg.kind !== 'tensor' || !(has ? has(arg.name) : !arg.unusual)) continue;
    const bytes = bytesOf(op, arg, dims, backend);
    footprint += bytes;
    if (isRead(arg.role)) read += bytes;
    if (isWritten(arg.role)) written += bytes;
  }
  return { read, written, footprint };
}

function bytesOf(
  op: OpName,
  arg: TensorArg,
  dims: Dims,
  { real, packedTernaryBytes }: Pick<Backend, 'real' | 'packedTernaryBytes'>,
): number {
  // A packed weight is a copy of the codes beside it: a kernel reads one of the two.
  if (arg.packs && arg.role === 'in') return 0;
  if (arg.packs) {
    const codes = flatArgs(op)[codesOf(op, arg)] as TensorArg;
    return packedTernaryBytes(sizeOf(codes.rows, dims), sizeOf(codes.cols, dims));
  }
  const rows = Math.min(sizeOf(arg.rows, dims), rowsLookedUp(op, arg, dims));
  return rows * sizeOf(arg.columns?.[1] ?? arg.cols, dims) * BYTES[arg.dtype === 'real' ? real : arg.dtype];
}

/** Of a table that ids look up, at most as many rows as there are ids. */
function rowsLookedUp(op: OpName, table: TensorArg, dims: Dims): number {
  const ids = OPS[op].args.find((arg) => arg.kind === 'tensor' && arg.below !== undefined) as
    | TensorArg
    | undefined;
  return ids && ids.below === table.rows ? sizeOf(ids.rows, dims) : Number.POSITIVE_INFINITY;
}
