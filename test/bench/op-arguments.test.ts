import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { symbolsOf } from '../../src/bench/dims.ts';
import { OpArguments } from '../../src/bench/op-arguments.ts';
import { caseName, opCases } from '../../src/bench/op-case.ts';
import { checkCall } from '../../src/core/check-call.ts';
import type { OpName } from '../../src/core/kernels.ts';
import { type Dims, flatArgs, flatValues, OP_NAMES } from '../../src/core/ops.ts';
import type { Tensor } from '../../src/core/tensor.ts';

const SMALL: Dims = { M: 12, N: 5, K: 9, D: 7, V: 11, T: 4, Z: 30 };
const smallShape = (op: OpName): Dims =>
  Object.fromEntries(symbolsOf(op).map((symbol) => [symbol, SMALL[symbol]!]));
const cases = OP_NAMES.flatMap((op) => opCases([op], smallShape(op)));

describe('arguments of the benchmark', () => {
  it.each(cases.map((each) => [caseName(each), each] as const))(
    '%s can be called again and again',
    (_, { op, choice, dims }) => {
      const backend = createReferenceBackend('f32');
      const values = new OpArguments(backend).of(op, dims, choice);
      expect(checkCall(op, values, 'f32')).toMatchObject(dims);
      const kernel = backend.kernels[op] as (...values: unknown[]) => unknown;
      for (let i = 0; i < 200; i++) kernel(...values);
      flatValues(op, values).forEach((value, i) => {
        if (flatArgs(op)[i]!.kind !== 'tensor') return;
        for (const element of (value as Tensor).data) expect(Number.isFinite(element)).toBe(true);
      });
    },
  );

  it.each(cases.map((each) => [caseName(each), each] as const))(
    '%s leaves no argument out',
    (_, { op, choice, dims }) => {
      const values = new OpArguments(createReferenceBackend('f32')).of(op, dims, choice);
      for (const value of flatValues(op, values)) expect(value === null || value === undefined).toBe(false);
    },
  );

  it('share all target entries out among the rows', () => {
    const { dims } = opCases(['headLoss'], smallShape('headLoss'))[0]!;
    const values = new OpArguments(createReferenceBackend('f32')).of('headLoss', dims, null);
    const { offsets } = values[5] as { offsets: Tensor };
    expect([offsets.data[0], offsets.data[SMALL.M!]]).toEqual([0, SMALL.Z]);
  });
});
