import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../../src/backends/reference/index.ts';
import { OpArguments } from '../../../src/bench/op-arguments.ts';
import { opCases } from '../../../src/bench/op-case.ts';
import { codesOf, flatArgs, minOf, precisionIn } from '../../../src/core/ops/calls.ts';
import { checkCall } from '../../../src/core/ops/check.ts';
import { hasSymbol } from '../../../src/core/ops/dims.ts';
import { type Call, inputsOf, type TensorInput, variants } from '../../../src/core/ops/inputs.ts';
import {
  complete,
  dimReadings,
  dimsNear,
  dimsOf,
  freeSymbols,
  nearestSize,
  symbolsOf,
  testedSizes,
} from '../../../src/core/ops/op-dims.ts';
import { mayBeDeferred, scheduleOf } from '../../../src/core/ops/schedule.ts';
import { arePositive } from '../../../src/core/ops/spec.ts';
import { OP_NAMES, OPS } from '../../../src/core/ops/table.ts';
import { mat } from '../../../src/core/tensor.ts';

describe.each(OP_NAMES)('%s', (op) => {
  it("the op's symbols are found from the shapes of a call", () => {
    const reference = createReferenceBackend('f32');
    const shape = Object.fromEntries(
      freeSymbols(op).map((symbol, i) => [symbol, nearestSize(op, symbol, i + 2)]),
    );
    const dims = complete(op, shape);
    const [first] = opCases([op], dims);
    const values = new OpArguments(reference).of(first!);
    expect(dimsOf(op, values)).toEqual(dims);
    expect(checkCall(op, values, 'f32')).toEqual(dims);
  });

  it('an op with independent rows or sequences has a symbol M or S to split by', () => {
    const { independent, schedule } = OPS[op];
    if (independent === 'row') expect(symbolsOf(op)).toContain('M');
    if (independent === 'sequence') expect(symbolsOf(op)).toEqual(expect.arrayContaining(['M', 'S', 'T']));
    if (schedule === 'packed') expect(independent).toBe('row');
    // Blocks are rows: no tensor has columns for each row of the batch.
    for (const { dim, source } of independent ? dimReadings(op) : [])
      if (source.axis === 'cols') expect(hasSymbol(dim, 'M') || hasSymbol(dim, 'S')).toBe(false);
  });

  it('positive values are drawn for arguments that must be positive', () => {
    for (let seed = 0; seed < 6; seed++) {
      const call: Call = { op, dims: dimsNear(op, (_, i) => 3 + i), seed, variant: 0 };
      for (const input of inputsOf(call)) {
        if (typeof input !== 'object' || !input.values || !arePositive(input.arg.values)) continue;
        expect(Math.min(...input.values)).toBeGreaterThan(0);
      }
    }
  });

  it('the codes that an op packs exist, with their kind declared', () => {
    for (const arg of flatArgs(op)) {
      if (arg.kind !== 'tensor') continue;
      if (arg.packs) expect(flatArgs(op)[codesOf(op, arg)]).toMatchObject({ dtype: 'i8', values: 'ternary' });
      if (arg.dtype === 'i8' && arg.role === 'in') expect(['ternary', 'int8']).toContain(arg.values);
    }
  });

  it('partial outputs, and no other arguments, name their columns', () => {
    for (const arg of flatArgs(op))
      if (arg.kind === 'tensor') expect(arg.columns !== undefined).toBe(arg.role === 'part');
  });
});

describe('sizes in tests', () => {
  it('test sizes leave out those that leave nothing to compare', () => {
    expect(testedSizes('softmaxCrossEntropy', 'V', [1, 2, 3])).toEqual([2, 3]);
    expect(testedSizes('gatherRows', 'V', [1, 2, 3])).toEqual([1, 2, 3]);
    expect(nearestSize('headLoss', 'V', 1)).toBe(2);
  });

  it('test sizes begin at 0 for a symbol that may be 0', () => {
    expect(testedSizes('countPairs', 'N', [1, 2])).toEqual([0, 1, 2]);
  });

  it('test sizes satisfy the equations', () => {
    expect(dimsNear('tokenShift', () => 3)).toEqual({ D: 3, S: 3, T: 3, M: 9 });
  });
});

describe('a call', () => {
  it('the norm of a call is computed from the values that it normalises', () => {
    const [, , , x, , rstd] = inputsOf({
      op: 'rmsNormGrad',
      dims: { M: 2, D: 3 },
      seed: 0,
      variant: 0,
    }) as TensorInput[];
    const squares = x!.values!.subarray(0, 3).reduce((sum, v) => sum + v * v, 0);
    expect(rstd!.values![0]).toBeCloseTo(1 / Math.sqrt(squares / 3 + 1e-6), 5);
  });

  it('a call has the precision of the choice that carries it', () => {
    for (const op of OP_NAMES)
      for (let variant = 0; variant < variants(op); variant++) {
        const inputs = inputsOf({ op, dims: dimsNear(op, () => 2), seed: 0, variant });
        const found = precisionIn(op, inputs);
        expect(found === undefined ? [] : ['f32', 'bf16', 'int8']).toEqual(
          found === undefined ? [] : expect.arrayContaining([found]),
        );
      }
    expect(precisionIn('quantizeRows', ['ternary'])).toBeUndefined();
  });

  it('a call is deferred unless its result is awaited or its indices must be checked first', () => {
    expect(OP_NAMES.filter((op) => !mayBeDeferred(op))).toEqual([
      'countPairs',
      'headLoss',
      'softmaxCrossEntropy',
      'sumSquares',
    ]);
    expect(scheduleOf('activation')).toBe('tiled');
    expect(scheduleOf('ternaryMatmulGradW')).toBe('packed');
    expect(scheduleOf('matmul')).toBe('serial');
    expect(scheduleOf('tokenShift')).toBe('tiled');
    expect(scheduleOf('gatherRows')).toBe('tiled');
    expect(scheduleOf('scatterAddRows')).toBe('serial');
  });

  it('a wrong call is refused with the symbols that it violates', () => {
    const [m, carry, mix] = [mat('f32', 10, 2, 'm'), mat('f32', 3, 2, 'state'), mat('f32', 1, 2, 'mix')];
    const out = mat('f32', 10, 2, 'out');
    const check = (seqLen: number) => () =>
      checkCall('tokenShift', [out, carry, m, mix, null, seqLen], 'f32');
    expect(check(4)).toThrow("tokenShift: 'x' has 10 rows, expected S*T for a whole S with T = 4");
    expect(check(5)).toThrow("tokenShift: 'state' has 3 rows, expected 2");
    expect(check(0)).toThrow("tokenShift: 'seqLen' is 0, expected a whole number of at least 1");
  });

  it('scalars of a call may be 0 where the symbol may be 0', () => {
    expect(minOf('countPairs', { kind: 'scalar', name: 'count', symbol: 'N' })).toBe(0);
    expect(minOf('countPairs', { kind: 'scalar', name: 'vocab', symbol: 'V' })).toBe(1);
    expect(minOf('adamW', { kind: 'scalar', name: 'lr' })).toBeNull();
  });
});
