import { afterAll, describe, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { type OpName, ROW_CHUNK } from '../../src/core/kernels.ts';
import { flatArgs } from '../../src/core/ops/calls.ts';
import type { Dims } from '../../src/core/ops/dims.ts';
import { type Drawn, type Input, inputsOf } from '../../src/core/ops/inputs.ts';
import { scheduleOf } from '../../src/core/ops/schedule.ts';
import { OP_NAMES, OPS } from '../../src/core/ops/table.ts';
import { mat } from '../../src/core/tensor.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { nativeVariants } from './backends.ts';
import { blockOf, joined } from './blocks.ts';
import { expectSameBits } from './compare.ts';
import { EFFORT } from './effort.ts';
import { dimsOfWidth, variantsAt } from './sizes.ts';

const SEQ_LEN = 4;
/**
 * Seeds that draw normal values, because exact sums would hide their order. PLAIN draws int8 codes of x,
 * TERNARY ternary ones.
 */
const PLAIN = 6;
const TERNARY = 8;

const natives = nativeVariants();
const all = [{ name: 'reference', create: () => createReferenceBackend('f32') }, ...natives];

/** `rows` rows of the batch (a multiple of SEQ_LEN), everything else `width`. */
function dimsOf(op: OpName, rows: number, width: number): Dims {
  const isCut = OPS[op].independent !== undefined;
  const given: Dims = { T: SEQ_LEN, ...(isCut && { S: rows / SEQ_LEN, M: rows }) };
  return dimsOfWidth(op, width, given);
}

const isAccumulating = (op: OpName): boolean =>
  flatArgs(op).some((arg) => arg.kind === 'tensor' && arg.role === 'acc');

/** The inputs of variants of an op's i-th call; `drawn` keeps them for the next instruction set. */
function* calls(op: OpName, i: number, dims: Dims, drawn: Drawn): Generator<Input[]> {
  for (const seed of OPS[op].integer ? [PLAIN, TERNARY] : [PLAIN])
    for (const variant of variantsAt(op, i)) yield inputsOf({ op, dims, seed, variant }, drawn);
}

/** A backend that runs each call of an op in a deferred region, tile by tile with an unrelated call. */
function inTiles(backend: Backend, op: OpName, rows: number): Backend {
  const { kernels, defer } = backend;
  const [x, out] = [mat('f32', rows, 5, 'x'), mat('f32', rows, 5, 'out')];
  const call = (...values: unknown[]) =>
    defer!(() => {
      (kernels[op] as (...values: unknown[]) => unknown)(...values);
      kernels.activation(out, null, x, 'silu');
    });
  return { ...backend, kernels: { ...kernels, [op]: call } };
}

describe.each(OP_NAMES)('%s', (op) => {
  const drawn: Drawn = new Map();
  afterAll(() => drawn.clear());

  it.each(natives)(`${op} gives the same bits with any number of threads on $name`, ({ create }) => {
    const [single, ...others] = [1, ...EFFORT.threads].map(create);
    // Wide enough that every thread has work, however coarse the pieces are.
    for (const [i, [rows, width]] of [
      [1032, EFFORT.width],
      [44, 385],
      // Fewer rows than threads have tiles: products are then split by columns.
      [4, 1100],
    ].entries()) {
      for (const inputs of calls(op, i, dimsOf(op, rows, width), drawn)) {
        const alone = runOp(single!, op, inputs);
        for (const backend of others) expectSameBits(runOp(backend, op, inputs), alone);
      }
    }
    for (const backend of [single!, ...others]) backend.dispose();
  });

  it.each(scheduleOf(op) === 'tiled' ? natives : [])(
    `${op} gives the same bits in tiles of a deferred region as in a direct call on $name`,
    ({ create }) => {
      const rows = 2 * ROW_CHUNK + 44;
      for (const threads of [1, 3]) {
        const backend = create(threads);
        for (const inputs of calls(op, threads, dimsOf(op, rows, 33), drawn))
          expectSameBits(runOp(inTiles(backend, op, rows), op, inputs), runOp(backend, op, inputs));
        backend.dispose();
      }
    },
  );

  const isByRows = OPS[op].independent && OPS[op].returns === undefined;
  it.each(isByRows ? all : [])(
    `${op} gives the same bits in blocks of rows as in one call on $name`,
    ({ name, create }) => {
      const backend = create(1);
      const rows = 2 * ROW_CHUNK + 44;
      const width = name === 'reference' ? 9 : 33;
      // Sums over rows are formed per ROW_CHUNK; other outputs depend only on their own row.
      const cuts = isAccumulating(op) ? [ROW_CHUNK, 2 * ROW_CHUNK] : [ROW_CHUNK, 36];
      for (const [i, cut] of cuts.entries()) {
        for (const inputs of calls(op, i, dimsOf(op, rows, width), drawn)) {
          const whole = runOp(backend, op, inputs);
          const first = runOp(backend, op, blockOf(op, inputs, 0, cut));
          const second = runOp(backend, op, blockOf(op, inputs, cut, rows, first));
          expectSameBits(joined(op, first, second), whole);
        }
      }
    },
  );
});
