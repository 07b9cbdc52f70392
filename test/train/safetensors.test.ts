import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSafetensorsMetadata } from '@huggingface/hub';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import {
  readSafetensors,
  SafetensorsFile,
  type TensorEntry,
  writeSafetensors,
} from '../../src/train/safetensors.ts';
import { ELEMENT_TYPES, type SafetensorsDType } from '../../src/train/safetensors-header.ts';
import { tensor } from './tensor-entry.ts';

let dir: string;
let path: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-safetensors-'));
  path = join(dir, 'file.safetensors');
});
afterAll(() => rm(dir, { recursive: true }));

const dtypes = Object.keys(ELEMENT_TYPES) as SafetensorsDType[];

/** Bits, so that NaN and -0 count. */
const bits = (data: TensorEntry['data']) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');

const names = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '0', 'blocks.3.up/weight', '"\\\n', '重み', '😀'),
);
const entries = fc
  .uniqueArray(
    fc.record({
      name: names.filter((name) => name !== '__metadata__'),
      dtype: fc.constantFrom(...dtypes),
      shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
      seed: fc.integer(),
    }),
    { selector: (entry) => entry.name, maxLength: 8 },
  )
  .map((list) =>
    list.map(({ name, dtype, shape, seed }) =>
      tensor(name, dtype, shape, (i) => Math.sin(seed + i) * 2 ** (i % 40)),
    ),
  );

describe('writing and reading', () => {
  it('safetensors are read back with names, shapes, metadata and every bit', async () => {
    await fc.assert(
      fc.asyncProperty(
        entries,
        fc.dictionary(names, fc.string({ unit: 'binary' })),
        async (tensors, metadata) => {
          const digest = await writeSafetensors(path, tensors, metadata);
          const bytes = await readFile(path);
          expect(digest).toEqual({
            bytes: bytes.length,
            sha256: createHash('sha256').update(bytes).digest('hex'),
          });
          const read = await readSafetensors(path);
          expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
          expect([...read.tensors.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort());
          for (const { name, dtype, shape, data } of tensors) {
            const back = read.tensors.get(name)!;
            expect([back.dtype, back.shape, bits(back.data)]).toEqual([dtype, shape, bits(data)]);
          }
        },
      ),
      { numRuns: 150, seed: 1 },
    );
  });

  it('safetensors keep NaN payloads, infinities and -0', async () => {
    const data = new Float32Array(
      new Uint32Array([0x7fc00001, 0xffc12345, 0x7f800000, 0x80000000, 1]).buffer,
    );
    await writeSafetensors(path, [{ name: 'x', dtype: 'F32', shape: [5], data }]);
    expect(bits((await readSafetensors(path)).tensors.get('x')!.data)).toBe(bits(data));
  });

  it('safetensors align every tensor to its elements, in whatever order they are given', async () => {
    await writeSafetensors(path, [
      tensor('bytes', 'U8', [3], (i) => i),
      tensor('floats', 'F32', [1], () => 1),
      tensor('doubles', 'F64', [2], () => 2),
      tensor('codes', 'I8', [1], () => -1),
    ]);
    const bytes = await readFile(path);
    const headerBytes = Number(bytes.readBigUInt64LE());
    expect(headerBytes % 8).toBe(0);
    expect(bytes[8]).toBe(0x7b);
    const file = await SafetensorsFile.open(path);
    for (const { dtype, byteOffset } of file.tensors.values()) {
      expect((8 + headerBytes + byteOffset) % ELEMENT_TYPES[dtype].BYTES_PER_ELEMENT).toBe(0);
    }
    await file.close();
  });

  it('safetensors of a view have the part of the array that the view covers', async () => {
    const data = Float32Array.from({ length: 10 }, (_, i) => i).subarray(3, 6);
    await writeSafetensors(path, [{ name: 'x', dtype: 'F32', shape: [3], data }]);
    expect([...(await readSafetensors(path)).tensors.get('x')!.data]).toEqual([3, 4, 5]);
  });

  it('safetensors are written from and read into shared memory', async () => {
    const data = new Float32Array(new SharedArrayBuffer(12));
    data.set([1, 2, 3]);
    await writeSafetensors(path, [{ name: 'x', dtype: 'F32', shape: [3], data }]);
    const out = new Float32Array(new SharedArrayBuffer(24), 8, 3);
    const file = await SafetensorsFile.open(path);
    await file.readInto('x', out);
    await file.close();
    expect([...out]).toEqual([1, 2, 3]);
  });

  it('safetensors have tensors of several chunks', async () => {
    const data = new Int32Array(3_000_000).map((_, i) => (i * 2654435761) | 0);
    await writeSafetensors(path, [{ name: 'x', dtype: 'I32', shape: [3000, 1000], data }]);
    const back = (await readSafetensors(path)).tensors.get('x')!.data;
    expect(Buffer.compare(Buffer.from(back.buffer), Buffer.from(data.buffer))).toBe(0);
  });

  it('safetensors are read alike by the hub library', async () => {
    await writeSafetensors(
      path,
      [
        tensor('a.weight', 'F32', [3, 5], (i) => i),
        tensor('codes', 'I8', [4, 2], (i) => i),
        tensor('s', 'F64', [], () => 1),
      ],
      { format: 'flashlm', note: 'ä' },
    );
    const bytes = await readFile(path);
    const parsed = await parseSafetensorsMetadata({
      repo: 'a/b',
      fetch: async (_, init) => partOf(bytes, init),
    });
    if (parsed.sharded) throw new Error('one file, not shards');
    expect(parsed.header).toEqual({
      __metadata__: { format: 'flashlm', note: 'ä' },
      s: { dtype: 'F64', shape: [], data_offsets: [0, 8] },
      'a.weight': { dtype: 'F32', shape: [3, 5], data_offsets: [8, 68] },
      codes: { dtype: 'I8', shape: [4, 2], data_offsets: [68, 76] },
    });
  });

  it('tensors that contradict themselves are refused', async () => {
    const good = tensor('x', 'F32', [2], () => 0);
    const write = (...tensors: TensorEntry[]) => writeSafetensors(join(dir, 'never'), tensors);
    await expect(write(good, good)).rejects.toThrow('tensor name "x" is taken');
    await expect(write({ ...good, name: '__metadata__' })).rejects.toThrow('"__metadata__" is taken');
    await expect(write({ ...good, shape: [3] })).rejects.toThrow('2 values do not fill the shape [3]');
    await expect(write({ ...good, dtype: 'F64' })).rejects.toThrow('data is not F64');
    await expect(writeSafetensors(join(dir, 'never'), [], { a: 1 as never })).rejects.toThrow(
      '"a" is not a string',
    );
    expect(existsSync(join(dir, 'never'))).toBe(false);
  });

  it('writing safetensors says where it can not write', async () => {
    const missing = join(dir, 'missing', 'x');
    const error = await writeSafetensors(missing, []).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(FlashError);
    expect((error as FlashError).lines()[1]).toBe(`  at ${missing}`);
  });
});

describe('reading into memory of the caller', () => {
  it("reading into the caller's memory checks name, type and length", async () => {
    await writeSafetensors(path, [tensor('x', 'F32', [2, 3], (i) => i)]);
    const file = await SafetensorsFile.open(path);
    const out = new Float32Array(6);
    await file.readInto('x', out);
    expect([...out]).toEqual([0, 1, 2, 3, 4, 5]);
    await expect(file.readInto('y', out)).rejects.toThrow('There is no tensor "y"');
    await expect(file.readInto('__proto__', out)).rejects.toThrow('There is no tensor "__proto__"');
    await expect(file.readInto('x', new Float32Array(5))).rejects.toThrow(
      '"x" is F32 [2, 3], expected 5 values of Float32Array',
    );
    await expect(file.readInto('x', new Int32Array(6))).rejects.toThrow('expected 6 values of Int32Array');
    await file.close();
  });

  it("reading into the caller's memory notices a file that became shorter", async () => {
    await writeSafetensors(path, [tensor('x', 'F32', [100], (i) => i)]);
    const file = await SafetensorsFile.open(path);
    await truncate(path, 200);
    await expect(file.read('x')).rejects.toThrow('it became shorter');
    await file.close();
  });
});

/** Answers the hub library's requests from memory. */
function partOf(bytes: Buffer, init: RequestInit | undefined): Response {
  const range = /bytes=(\d+)-(\d+)/.exec(new Headers(init?.headers).get('range') ?? '');
  if (!range) return new Response(new Uint8Array(bytes), { headers: { etag: '"1"' } });
  const part = bytes.subarray(Number(range[1]), Number(range[2]) + 1);
  const headers = { etag: '"1"', 'content-range': `bytes ${range[1]}-${range[2]}/${bytes.length}` };
  return new Response(new Uint8Array(part), { status: 206, headers });
}
