import { describe, expect, it, vi } from 'vitest';
import { caseName, opCases, shapeOf } from '../../src/bench/op-case.ts';
import { FlashError } from '../../src/core/errors.ts';
import { flatArgs } from '../../src/core/ops/calls.ts';
import { sizeOf } from '../../src/core/ops/dims.ts';
import { OP_NAMES, OPS } from '../../src/core/ops/table.ts';

describe("v6.1's shapes", () => {
  it.each(OP_NAMES)('%s has a size for every dimension', (op) => {
    const dims = shapeOf(op);
    for (const arg of flatArgs(op)) {
      if (arg.kind === 'scalar' && arg.symbol) expect(dims[arg.symbol]).toBeGreaterThan(0);
      if (arg.kind !== 'tensor') continue;
      for (const dim of [arg.rows, ...(arg.packs ? [] : [arg.cols])])
        expect(sizeOf(dim, dims)).toBeGreaterThan(0);
    }
    expect(OPS[op].flops(dims)).toBeGreaterThanOrEqual(0);
  });

  it.each(OP_NAMES)('%s is measured at the sizes that its entry has for benchmarks', (op) => {
    const dims = shapeOf(op);
    // Ops of a family share their sizes, and not each has every symbol.
    for (const [symbol, { bench }] of Object.entries(OPS[op].sizes ?? {}))
      if (bench !== undefined && symbol in dims) expect(dims[symbol], symbol).toBe(bench);
  });

  it('benchmark shapes of v6.1 are those of the model', () => {
    expect(shapeOf('ternaryMatmul')).toEqual({ M: 1024, N: 384, K: 192 });
    expect(shapeOf('activation')).toEqual({ M: 1024, D: 384 });
    expect(shapeOf('headLoss')).toEqual({ M: 1024, D: 192, V: 1024, Z: 1024 });
    expect(shapeOf('sgdMomentum')).toEqual({ M: 1, D: 1_082_496 });
    expect(shapeOf('tokenShift')).toEqual({ M: 1024, D: 192, T: 256, S: 4 });
  });

  it('changing a size changes the sizes that follow from it', () => {
    expect(shapeOf('ternaryMatmul', { M: 7 })).toEqual({ M: 7, N: 384, K: 192 });
    expect(shapeOf('tokenShift', { M: 12, T: 4 })).toMatchObject({ M: 12, T: 4, S: 3 });
    expect(shapeOf('tokenShift', { S: 3, T: 4 })).toMatchObject({ M: 12 });
  });

  it('sizes of dimensions that an op does not have are refused', () => {
    expect(() => shapeOf('activation', { K: 3 })).toThrow(/^activation has no dimension 'K'$/);
    expect(() => shapeOf('tokenShift', { M: 10, T: 4 })).toThrow(FlashError);
    expect(() => shapeOf('tokenShift', { M: 10, T: 4 })).toThrow(
      /^tokenShift: no whole numbers make M = S\*T with M=10, D=192, T=4$/,
    );
  });

  it('a symbol without a size in benchmarks is named, with the field that gives it one', () => {
    vi.spyOn(OPS.delay, 'sizes', 'get').mockReturnValue(undefined);
    expect(() => shapeOf('delay')).toThrow(/^delay: P has no size in benchmarks$/);
    expect(shapeOf('delay', { P: 2 })).toMatchObject({ P: 2 });
    vi.restoreAllMocks();
  });
});

describe('cases', () => {
  it('benchmark cases are every op with every value of its choice', () => {
    const names = opCases().map(caseName);
    expect(new Set(opCases().map(({ op }) => op))).toEqual(new Set(OP_NAMES));
    expect(names).toContain('quantizeRows(int8)');
    expect(names).toContain('quantizeWeight(absmedian)');
    expect(new Set(names).size).toBe(names.length);
    expect(opCases(['quantizeRows']).map(({ choice }) => choice)).toEqual(['ternary', 'ternary-mse', 'int8']);
  });
});
