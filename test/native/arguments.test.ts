import { afterAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/backends/native/addon.ts';
import { createNativeBackend } from '../../src/backends/native/index.ts';
import { loadAddon } from '../../src/backends/native/load.ts';
import type { Kernels } from '../../src/core/kernels.ts';
import { minOf } from '../../src/core/ops/calls.ts';
import { checkCall } from '../../src/core/ops/check.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { mat } from '../../src/core/tensor.ts';
import { type Data, ValidCall } from './valid-call.ts';

const engine: Engine = new (loadAddon().addon!.Engine)({ isa: 'scalar' });
const backend = createNativeBackend({ isa: 'scalar' });
afterAll(() => {
  engine.dispose();
  backend.dispose();
});

/** Enough that packed weights need more bytes, whatever their padding. */
const GROWTH = 64;

type Kind = typeof TypeError | typeof RangeError;

describe.each(OP_NAMES)('%s', (op) => {
  const call = new ValidCall(op, backend);
  const native = (values: unknown[]): unknown => engine[op](...values);

  /** The call is refused with an error that names the argument, and nothing has been written. */
  function refused(values: unknown[], kind: Kind, name: string, message: RegExp | string): void {
    const before = call.snapshot();
    let error: unknown;
    try {
      native(values);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toContain(name ? `${op}: '${name}' ` : `${op}: `);
    expect((error as Error).message).toMatch(message);
    expect(call.snapshot()).toEqual(before);
  }

  it(`${op} runs with valid arguments`, () => {
    expect(() => native(new ValidCall(op, backend).flat())).not.toThrow();
  });

  it(`${op} refuses too few and too many values`, () => {
    refused(call.flat().slice(0, -1), TypeError, '', /got \d+ values, expected \d+/);
    refused([...call.flat(), 1], TypeError, '', /got \d+ values, expected \d+/);
  });

  it(`${op} refuses a tensor that is not a typed array of the right type`, () => {
    for (const { index, arg } of call.tensors()) {
      const [data, rows, cols] = call.values[index] as [Data, number, number];
      for (const wrong of [
        new Float64Array(data.length),
        Array.from(data),
        data.buffer,
        'text',
        7,
        undefined,
        {},
      ])
        refused(call.with(index, wrong, rows, cols), TypeError, arg.name, /must be \w+Array, got /);
      if (arg.optional)
        expect(() => native(new ValidCall(op, backend).with(index, null, 0, 0))).not.toThrow();
      else refused(call.with(index, null, rows, cols), TypeError, arg.name, /got null/);
    }
  });

  it(`${op} refuses row and column counts that are not whole numbers`, () => {
    for (const { index, arg } of call.tensors()) {
      const [data, rows, cols] = call.values[index] as [Data, number, number];
      // 2^53 is the first whole number that is not a safe integer.
      for (const wrong of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, 2 ** 53]) {
        refused(call.with(index, data, wrong, cols), RangeError, arg.name, /rows, expected a whole number/);
        refused(
          call.with(index, data, rows, wrong),
          RangeError,
          arg.name,
          /columns, expected a whole number/,
        );
      }
      for (const wrong of ['1', null, undefined, 1n])
        refused(call.with(index, data, wrong, cols), TypeError, arg.name, /has no number of rows/);
    }
  });

  it(`${op} refuses data of the wrong length`, () => {
    for (const { index, arg } of call.tensors()) {
      const [data, rows, cols] = call.values[index] as [Data, number, number];
      const longer = new (data.constructor as Float32ArrayConstructor)(data.length + 1);
      for (const wrong of [longer, data.subarray(1)])
        refused(
          call.with(index, wrong, rows, cols),
          RangeError,
          arg.name,
          `has ${wrong.length} values, expected`,
        );
      // The product wraps to 0, the length, in 64 bits.
      refused(
        call.with(index, data.subarray(0, 0), 2 ** 33, 2 ** 33),
        RangeError,
        arg.name,
        'has 0 values, expected',
      );
    }
  });

  it(`${op} refuses shapes that do not agree`, () => {
    for (const { index, arg } of call.tensors()) {
      const [data, rows, cols] = call.values[index] as [Data, number, number];
      const like = data.constructor as Float32ArrayConstructor;
      // Where others take their size from this argument, the first of them that no longer fits is named.
      const message = new RegExp(`^${op}: '.+' has .+, expected`);
      const [more, wider] = [rows + GROWTH, cols + GROWTH];
      if (call.isShared(index, arg.rows))
        expect(() => native(call.with(index, new like(more * cols), more, cols))).toThrow(message);
      if (call.isShared(index, arg.cols))
        expect(() => native(call.with(index, new like(rows * wider), rows, wider))).toThrow(message);
      refused(call.with(index, new like(0), rows, 0), RangeError, arg.name, /has 0 (columns|bytes)/);
    }
  });

  it(`${op} refuses outputs that overlap other arguments`, () => {
    const written = call.tensors().filter(({ arg }) => arg.role !== 'in');
    for (const { index, arg } of written) {
      for (const other of call.tensors()) {
        if (other.index === index) continue;
        const [data, rows, cols] = call.values[index] as [Data, number, number];
        const [otherData, otherRows, otherCols] = call.values[other.index] as [Data, number, number];
        const shared = new ArrayBuffer(data.byteLength + otherData.byteLength);
        const [a, b] = [data, otherData].map((d) => d.constructor as Float32ArrayConstructor);
        // The last element of one is the first of the other, as far as their sizes allow.
        const from = Math.floor((data.byteLength - 1) / b!.BYTES_PER_ELEMENT) * b!.BYTES_PER_ELEMENT;
        const values = call.with(index, new a!(shared, 0, data.length), rows, cols);
        const at = call.values.slice(0, other.index).flat().length;
        values.splice(at, 3, new b!(shared, from, otherData.length), otherRows, otherCols);
        expect(() => native(values)).toThrow(new RegExp(`^${op}: '.+' shares memory with '.+'`));
        if (!arg.mayAlias?.includes(other.arg.name)) continue;
        const same = new ValidCall(op, backend);
        const flat = same.flat();
        flat[at] = same.data(index);
        expect(() => native(flat)).not.toThrow();
      }
    }
  });

  it(`${op} refuses detached memory`, () => {
    for (const { index, arg } of call.tensors()) {
      const [data, rows, cols] = call.values[index] as [Data, number, number];
      const gone = data.slice();
      structuredClone(gone.buffer, { transfer: [gone.buffer] });
      refused(call.with(index, gone, rows, cols), TypeError, arg.name, /is detached/);
    }
  });

  const indexed = call.tensors().filter(({ arg }) => arg.below || arg.offsetsInto);
  it.each(indexed)(
    `${op} refuses indices in $arg.name that are out of range or in shared memory`,
    ({ index, arg }) => {
      const [data, rows, cols] = call.values[index] as [Data, number, number];
      // Of targets, entries between the first and the last offset are used.
      const between = call.tensors().find((other) => other.arg.offsetsInto === arg.rows);
      const offsets = between ? [...(call.data(between.index) as Int32Array)] : [0, data.length];
      const [first, last] = [offsets[0]!, offsets.at(-1)! - 1];
      const bound = arg.below ? call.sizeOf(arg.below) : call.sizeOf(arg.offsetsInto!) + 1;
      for (const at of [first, first + 1, last]) {
        for (const wrong of [-1, bound, 2 ** 31 - 1]) {
          const changed = data.slice();
          changed[at] = wrong;
          refused(
            call.with(index, changed, rows, cols),
            RangeError,
            arg.name,
            /holds -?\d+ at \d+, expected|ends at \d+, expected/,
          );
        }
      }
      const changed = data.slice();
      if (first > 0) changed[first - 1] = bound;
      if (last + 1 < data.length) changed[last + 1] = -1;
      expect(() => native(call.with(index, changed, rows, cols))).not.toThrow();
      const shared = new Int32Array(new SharedArrayBuffer(data.byteLength));
      shared.set(data);
      refused(call.with(index, shared, rows, cols), TypeError, arg.name, /must not be shared memory/);
    },
  );

  it(`${op} refuses invalid scalars and choices`, () => {
    for (const [index, arg] of call.args.entries()) {
      if (arg.kind === 'tensor') continue;
      if (arg.kind === 'choice') {
        refused(call.with(index, 'nonsense'), RangeError, arg.name, arg.values.join(', '));
        refused(call.with(index, 'x'.repeat(100)), RangeError, arg.name, arg.values.join(', '));
      } else {
        refused(call.with(index, Number.NaN), RangeError, arg.name, 'is NaN');
        const min = minOf(call.op, arg);
        for (const wrong of min === null ? [] : [min - 1, -1, 1.5, Number.POSITIVE_INFINITY, 2 ** 53])
          refused(
            call.with(index, wrong),
            RangeError,
            arg.name,
            `expected a whole number of at least ${min}`,
          );
      }
      for (const wrong of [null, undefined, {}, 1n, Symbol('s')])
        refused(call.with(index, wrong), TypeError, arg.name, /must be a (number|string)/);
    }
  });
});

it('ternaryMatmul takes as many columns as keep a sum in 32 bits, and not one more', () => {
  const call = (cols: number) => {
    const [out, scale, codes] = [new Float32Array(1), new Float32Array(1), new Int8Array(cols)];
    const packed = new Uint8Array(1);
    engine.ternaryMatmul(
      out,
      1,
      1,
      codes,
      1,
      cols,
      scale,
      1,
      1,
      codes,
      1,
      cols,
      scale,
      1,
      1,
      null,
      0,
      0,
      packed,
      1,
      1,
    );
  };
  // The size of the packed weights is checked next.
  expect(() => call(4_194_304)).toThrow(/'w.packed' has 1 bytes/);
  expect(() => call(4_194_305)).toThrow(
    /'x.codes' has 4194305 columns, at most 4194304 keep a sum in 32 bits/,
  );
});

it('causalConv takes 2 to 8 rows of weights, in the addon and in the checks of the op table', () => {
  const [rows, D] = [3, 2];
  const values = (width: number) => [
    ...[mat('f32', rows, D, 'out'), mat('f32', width - 1, D, 'state'), mat('f32', rows, D, 'x')],
    ...[mat('f32', width, D, 'w'), null, null, rows],
  ];
  const call = (width: number) =>
    backend.kernels.causalConv(...(values(width) as Parameters<Kernels['causalConv']>));
  for (const width of [2, 8]) {
    expect(() => call(width)).not.toThrow();
    expect(() => checkCall('causalConv', values(width), 'f32')).not.toThrow();
  }
  for (const width of [1, 9]) {
    const message = `causalConv: 'w' has ${width} rows, expected 2 to 8`;
    expect(() => checkCall('causalConv', values(width), 'f32')).toThrow(message);
    if (width > 1) expect(() => call(width)).toThrow(message);
  }
});

it('an engine takes at most 1,024 threads', () => {
  const { Engine: Any } = loadAddon().addon!;
  expect(new Any({ threads: 1024 }).threads).toBe(1024);
  expect(() => new Any({ threads: 1025 })).toThrow(/threads is 1025, expected 1 to 1024/);
});

it('packedTernaryBytes accepts at most 2^48 codes', () => {
  expect(engine.packedTernaryBytes(2 ** 24, 2 ** 24)).toBeGreaterThan(2 ** 48);
  expect(() => engine.packedTernaryBytes(2 ** 24, 2 ** 24 + 1)).toThrow(/expected at most 2\^48 codes/);
  expect(() => engine.packedTernaryBytes(2 ** 31, 1)).toThrow(/below 2\^31/);
});
