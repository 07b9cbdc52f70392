import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { OpArguments } from '../../src/bench/op-arguments.ts';
import { caseName, opCases } from '../../src/bench/op-case.ts';
import type { OpName } from '../../src/core/kernels.ts';
import { flatArgs, flatValues } from '../../src/core/ops/calls.ts';
import { checkCall } from '../../src/core/ops/check.ts';
import type { Dims } from '../../src/core/ops/dims.ts';
import { freeSymbols, nearestSize } from '../../src/core/ops/op-dims.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import type { Quantized, Tensor } from '../../src/core/tensor.ts';

const SMALL: Dims = { M: 12, N: 5, K: 9, D: 7, V: 11, S: 3, T: 4, Z: 30 };
const smallShape = (op: OpName): Dims =>
  Object.fromEntries(freeSymbols(op).map((symbol) => [symbol, nearestSize(op, symbol, SMALL[symbol] ?? 2)]));
const cases = OP_NAMES.flatMap((op) => opCases([op], smallShape(op)));

describe('arguments of the benchmark', () => {
  it.each(cases.map((each) => [caseName(each), each] as const))(
    'benchmark arguments of %s allow repeated calls',
    (_, each) => {
      const { op, dims } = each;
      const backend = createReferenceBackend('f32');
      const values = new OpArguments(backend).of(each);
      expect(checkCall(op, values, 'f32')).toMatchObject(dims);
      const kernel = backend.kernels[op] as (...values: unknown[]) => unknown;
      for (let i = 0; i < 200; i++) kernel(...values);
      flatValues(op, values).forEach((value, i) => {
        const arg = flatArgs(op)[i]!;
        if (arg.kind !== 'tensor' || arg.unusual) return;
        expect((value as Tensor).data.every(Number.isFinite)).toBe(true);
      });
    },
  );

  it.each(cases.map((each) => [caseName(each), each] as const))(
    'benchmark arguments of %s leave out what the op table calls unusual, and nothing else',
    (_, each) => {
      const { op } = each;
      const values = new OpArguments(createReferenceBackend('f32')).of(each);
      flatValues(op, values).forEach((value, i) => {
        const arg = flatArgs(op)[i]!;
        expect(value === null || value === undefined).toBe(arg.kind === 'tensor' && arg.unusual === true);
      });
    },
  );

  it('benchmark products use int8 codes over the full range, or ternary ones, and always ternary weights', () => {
    const [int8, ternary] = opCases(['ternaryMatmul'], { M: 40, N: 5, K: 90 }).map((each) => {
      const [, x, w] = new OpArguments(createReferenceBackend('f32')).of(each) as [
        Tensor,
        Quantized,
        Quantized,
      ];
      return { codes: each.codes, x: Math.max(...x.codes.data), w: Math.max(...w.codes.data) };
    });
    expect(int8).toEqual({ codes: 'int8', x: 127, w: 1 });
    expect(ternary).toEqual({ codes: 'ternary', x: 1, w: 1 });
  });

  it('benchmark targets are all distributed among the rows', () => {
    const [head] = opCases(['headLoss'], smallShape('headLoss'));
    const values = new OpArguments(createReferenceBackend('f32')).of(head!);
    const { offsets } = values.find((value) => value && typeof value === 'object' && 'offsets' in value) as {
      offsets: Tensor;
    };
    expect([offsets.data[0], offsets.data[SMALL.M!]]).toEqual([0, SMALL.Z]);
  });
});
