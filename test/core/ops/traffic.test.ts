import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../../src/backends/reference/index.ts';
import { OpArguments } from '../../../src/bench/op-arguments.ts';
import { caseName, opCases } from '../../../src/bench/op-case.ts';
import { flatArgs, flatValues } from '../../../src/core/ops/calls.ts';
import { type Dims, sizeOf } from '../../../src/core/ops/dims.ts';
import { trafficOf } from '../../../src/core/ops/traffic.ts';
import type { Tensor } from '../../../src/core/tensor.ts';

const backend = { real: 'f32', packedTernaryBytes: (rows: number, cols: number) => 2 * rows * cols } as const;

describe('bytes of a call', () => {
  it('the bytes of a call count reads, writes, and both for updates', () => {
    const [M, D] = [10, 6];
    const size = 4 * M * D;
    expect(trafficOf('add', { M, D }, backend)).toEqual({
      read: 2 * size,
      written: size,
      footprint: 3 * size,
    });
    expect(trafficOf('scale', { M, D }, backend)).toEqual({ read: size, written: size, footprint: size });
    expect(trafficOf('sumSquares', { M, D }, backend)).toEqual({ read: size, written: 0, footprint: size });
    // p and v go both ways, g one.
    expect(trafficOf('sgdMomentum', { M, D }, backend)).toEqual({
      read: 3 * size,
      written: 2 * size,
      footprint: 3 * size,
    });
  });

  it('codes count as bytes, and weights once however they are packed', () => {
    const [M, N, K] = [8, 5, 3];
    const read = M * K + 4 * M + N * K + 4;
    const written = 4 * M * N;
    expect(trafficOf('ternaryMatmul', { M, N, K }, backend)).toEqual({
      read,
      written,
      footprint: read + written,
    });
    expect(trafficOf('packTernary', { N, K }, backend)).toMatchObject({ read: N * K, written: 2 * N * K });
  });

  it('a table counts only as many rows as ids can look up', () => {
    const [M, V, D] = [4, 1000, 6];
    const row = 4 * D;
    const ids = 4 * M;
    expect(trafficOf('gatherRows', { M, V, D }, backend)).toMatchObject({
      read: M * row + ids,
      written: M * row,
    });
    expect(trafficOf('scatterAddRows', { M, V, D }, backend).written).toBe(M * row);
    // The head reads all of its table, whatever the targets are.
    expect(trafficOf('headLoss', { M, V, D, Z: M }, backend).written).toBe(4 * M + M * row + V * row);
  });

  it('floats count with the length that the backend stores them in', () => {
    expect(trafficOf('activation', { M: 2, D: 3 }, { ...backend, real: 'f64' }).footprint).toBe(
      3 * 2 * 3 * 8,
    );
  });

  const small = (op: string): Dims => (op === 'gatherRows' || op === 'scatterAddRows' ? { M: 2048 } : {});
  it.each(opCases().map((each) => [caseName(each), each.op, each.choice] as const))(
    'the bytes of %s are those of its tensors',
    (_, op, choice) => {
      const reference = createReferenceBackend('f32');
      const each = opCases([op], small(op)).find((one) => one.choice === choice)!;
      const { dims } = each;
      const flat = flatValues(op, new OpArguments(reference).of(each));
      const bytes = flatArgs(op).reduce((sum, arg, i) => {
        if (arg.kind !== 'tensor' || arg.unusual || (arg.packs && arg.role === 'in')) return sum;
        const { data, cols } = flat[i] as Tensor;
        // Of a part, its columns.
        return sum + data.byteLength * (arg.columns ? sizeOf(arg.columns[1], dims) / cols : 1);
      }, 0);
      expect(trafficOf(op, dims, reference).footprint).toBe(bytes);
    },
  );
});
