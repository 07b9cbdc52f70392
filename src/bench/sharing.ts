import { headRowsAtOnce, type IsaSupport, packedRows, WORK_SHARES } from '../backends/native/index.ts';
import type { OpName } from '../core/kernels.ts';
import { flatArgs, precisionArg } from '../core/ops/calls.ts';
import { type Dims, sizeOf } from '../core/ops/dims.ts';
import { scheduleOf } from '../core/ops/schedule.ts';
import { isWritten } from '../core/ops/spec.ts';
import { OPS } from '../core/ops/table.ts';

/** What packing an element costs in multiply-adds, about: one is loaded, scaled and stored again. */
const PACK_COST = 4;

/** The output tile of a matrix product. */
export type Tile = IsaSupport['tile'];

/** A part of a call: its cost in any unit, and how many times as fast some number of cores has it done. */
export interface Part {
  readonly cost: number;
  readonly speedup: (cores: number) => number;
}

/** A call's parts, and how often it wakes the threads. */
export interface Shared {
  readonly parts: readonly Part[];
  readonly forks: number;
}

/** Equal pieces, of which the core that has most decides. */
const piecesOn = (pieces: number, cores: number): number =>
  Number.isFinite(pieces) ? pieces / Math.ceil(pieces / Math.min(pieces, cores)) : cores;

const inPieces = (cost: number, pieces: number): Part => {
  const whole = Math.max(1, Math.ceil(pieces));
  return { cost, speedup: (cores) => piecesOn(whole, cores) };
};
const serial = (cost: number): Part => ({ cost, speedup: () => 1 });

/** Packing `elements`, of which there are `atOnce` in a section. */
const packing = (elements: number, atOnce = elements): Part => ({
  cost: PACK_COST * elements,
  speedup: (cores) => Math.max(1, Math.min(cores, Math.floor(atOnce / WORK_SHARES.PACK_SHARE))),
});

/** An output of rows x cols cut into tiles (`eachOutputPart`); `section`: the multiply-adds of one section. */
function product(cost: number, rows: number, cols: number, section: number, tile: Tile): Part {
  const [down, across] = [Math.ceil(rows / tile.rows), Math.ceil(cols / tile.cols)];
  return {
    cost,
    speedup: (cores) => {
      const threads = Math.max(1, Math.min(cores, Math.floor(section / WORK_SHARES.PRODUCT_SHARE)));
      let largest = Number.POSITIVE_INFINITY;
      for (let parts = 1; parts <= Math.min(threads, down); parts++) {
        const others = Math.min(Math.floor(threads / parts), across);
        largest = Math.min(largest, Math.ceil(down / parts) * Math.ceil(across / others));
      }
      return (down * across) / largest;
    },
  };
}

/** Rows are shared out, a packed operand is common to all. */
function byRows(rows: number, cols: number, steps: number, tile: Tile): Shared {
  const work = rows * cols * steps;
  return { parts: [packing(cols * steps), product(work, rows, cols, work, tile)], forks: 2 };
}

/** Sums over rows: both operands are packed, then tiles of the output shared out, for some rows at a time. */
function bySums(rows: number, cols: number, steps: number, tile: Tile, cores: number): Shared {
  const atOnce = Math.min(steps, packedRows(cores));
  const section = rows * cols * atOnce;
  return {
    parts: [
      packing(steps * rows, atOnce * rows),
      packing(steps * cols, atOnce * cols),
      product(rows * cols * steps, rows, cols, section, tile),
    ],
    forks: 3 * Math.ceil(steps / packedRows(cores)),
  };
}

const byElements = (elements: number): Shared => ({
  parts: [inPieces(elements, Math.floor(elements / WORK_SHARES.THREAD_ELEMENTS))],
  forks: elements > WORK_SHARES.THREAD_ELEMENTS ? 1 : 0,
});

/** Elements, and sums of columns that are formed part by part and then added up by one core. */
const withSums = (elements: number): Shared => {
  const { parts, forks } = byElements(elements);
  return { parts: [...parts, serial(elements / WORK_SHARES.PART_ROWS / 4)], forks };
};

/** Matrix products round an operand to a precision and pack it; they write one matrix, or add to one that has no rows of the batch. */
function matrixProduct(op: OpName, dims: Dims, tile: Tile, cores: number): Shared | undefined {
  const [written, ...others] = flatArgs(op).filter((arg) => arg.kind === 'tensor' && isWritten(arg.role));
  if (precisionArg(op) < 0 || written?.kind !== 'tensor' || others.length || written.packs) return undefined;
  const [rows, cols] = [sizeOf(written.rows, dims), sizeOf(written.cols, dims)];
  const steps = OPS[op].flops(dims) / (2 * rows * cols);
  return written.role === 'acc' ? bySums(rows, cols, steps, tile, cores) : byRows(rows, cols, steps, tile);
}

/** Kernels that are shared out in a way of their own. */
const RULES: Partial<Record<OpName, (dims: Dims, tile: Tile, cores: number) => Shared>> = {
  ternaryMatmul: ({ M, N, K }, tile) => ({
    parts: [product(M! * N! * K!, M!, N!, M! * N! * K!, tile)],
    forks: 1,
  }),
  headLoss: ({ M, D, V }, tile, cores) => {
    const atOnce = headRowsAtOnce(cores, V!);
    const rows = Math.min(M!, atOnce);
    const each = M! * V! * D!;
    const section = rows * V! * D!;
    return {
      parts: [
        packing(2 * V! * D!),
        // Logits and the gradient of h, whole rows each; then the table's gradient.
        product(2 * each, rows, 1, section, { rows: WORK_SHARES.HEAD_ROWS, cols: 1 }),
        packing(M! * D!, rows * D!),
        product(each, V!, D!, section, tile),
      ],
      forks: 2 + 3 * Math.ceil(M! / atOnce),
    };
  },
  scatterAddRows: ({ M, D }) => ({ parts: [inPieces(M! * D!, D! / WORK_SHARES.SCATTER_COLS)], forks: 1 }),
};

/** How a call is shared out; where it is no product, the elements of its largest matrix count. */
export function sharedOut(op: OpName, dims: Dims, tile: Tile, cores: number): Shared {
  const known = RULES[op]?.(dims, tile, cores) ?? matrixProduct(op, dims, tile, cores);
  if (known) return known;
  const [rows, cols] = largestMatrix(op, dims);
  return sumsRows(op) ? withSums(rows * cols) : byElements(rows * cols);
}

/** Whether a row-wise kernel sums over rows too (`eachPartWithSums`). */
const sumsRows = (op: OpName): boolean =>
  scheduleOf(op) === 'tiled' && flatArgs(op).some((arg) => arg.kind === 'tensor' && arg.role === 'acc');

function largestMatrix(op: OpName, dims: Dims): [number, number] {
  const sizes = OPS[op].args.flatMap((arg): [number, number][] => {
    if (arg.kind !== 'tensor' || arg.packs) return [];
    return [[sizeOf(arg.rows, dims), sizeOf(arg.cols, dims)]];
  });
  return sizes.reduce((most, each) => (each[0] * each[1] > most[0] * most[1] ? each : most), [0, 0]);
}
