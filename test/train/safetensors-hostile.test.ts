import { mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { readSafetensors, writeSafetensors } from '../../src/train/safetensors.ts';
import { tensor } from './tensor-entry.ts';

let dir: string;
let path: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-safetensors-'));
  path = join(dir, 'file.safetensors');
});
afterAll(() => rm(dir, { recursive: true }));

/** A file made by hand: any header, any data. */
async function forge(header: unknown, data = Buffer.alloc(0), claimed?: bigint): Promise<string> {
  const json = Buffer.isBuffer(header)
    ? header
    : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(json.length));
  await writeFile(path, Buffer.concat([length, json, data]));
  return path;
}

async function refusal(file: string): Promise<FlashError> {
  const error = await readSafetensors(file).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(FlashError);
  expect((error as FlashError).where).toBe(file);
  return error as FlashError;
}

describe('hostile files', () => {
  const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });
  const eight = Buffer.alloc(8);

  it.each<[string, () => Promise<string>, RegExp]>([
    ['empty', () => writeFile(path, '').then(() => path), /0 bytes, fewer than the 8/],
    [
      'without a whole length',
      () => writeFile(path, '1234567').then(() => path),
      /7 bytes, fewer than the 8/,
    ],
    [
      'with a header longer than the file',
      () => forge({}, eight, 11n),
      /claims 11 bytes, the file has only 10/,
    ],
    ['with a header beyond the limit', () => forge({}, eight, 100_000_001n), /claims 100000001 bytes/],
    [
      'with a header of 2^64 - 1 bytes',
      () => forge({}, eight, 2n ** 64n - 1n),
      /claims 18446744073709552000 bytes/,
    ],
    ['without a header', () => forge('', eight), /does not begin with \{/],
    ['with a list for a header', () => forge('[]'), /does not begin with \{/],
    ['with a mark before the header', () => forge('\ufeff{}'), /does not begin with \{/],
    ['with a cut header', () => forge('{"x":{"dtype"'), /not JSON/],
    ['with something behind the header', () => forge('{} {}'), /not JSON/],
    [
      'with invalid UTF-8',
      () => forge(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
      /not JSON in UTF-8/,
    ],
    ['nested without end', () => forge(`{"x":${'['.repeat(200_000)}`), /not JSON/],
    [
      'nested very deep',
      () => forge(`{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
      /"x" is not an object/,
    ],
    ['with a number for a tensor', () => forge({ x: 1 }), /entry "x" is not an object/],
    ['with null for a tensor', () => forge({ x: null }), /entry "x" is not an object/],
    ['with null metadata', () => forge({ __metadata__: null }), /entry "__metadata__" is not an object/],
    ['with numbers in the metadata', () => forge({ __metadata__: { a: 1 } }), /metadata "a" is not a string/],
    ['with a name twice', () => forge('{"x":{}, "x" : {}}'), /key "x" twice/],
    ['with a name twice, once escaped', () => forge('{"x\\"":{}, "\\u0078\\"":{}}'), /key "x\\"" twice/],
    ['with a field twice', () => forge('{"x":{"dtype":"F32","dtype":"F64"}}'), /key "dtype" twice/],
    [
      'of an unknown type',
      () => forge({ x: { ...f32(0, 8), dtype: 'BF16' } }, eight),
      /dtype "BF16"; known are F64,/,
    ],
    [
      'of the type toString',
      () => forge({ x: { ...f32(0, 8), dtype: 'toString' } }, eight),
      /dtype "toString"/,
    ],
    [
      'of a type that is a list of lists of lists',
      () => forge(`{"x":{"dtype":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`),
      /dtype a list;/,
    ],
    ['without a type', () => forge({ x: { shape: [], data_offsets: [0, 0] } }), /dtype undefined/],
    ['with a negative dimension', () => forge({ x: f32(0, 8, [-2]) }, eight), /a shape that is not/],
    ['with half a dimension', () => forge({ x: f32(0, 8, [0.5]) }, eight), /a shape that is not/],
    [
      'with a dimension beyond 2^53',
      () => forge(`{"x":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,1]}}`),
      /a shape that is not/,
    ],
    [
      'with an object for a shape',
      () => forge({ x: { ...f32(0, 8), shape: { length: 1 } } }, eight),
      /a shape that is not/,
    ],
    [
      'with a product beyond 2^53',
      () => forge({ x: f32(0, 8, [2 ** 30, 2 ** 30]) }, eight),
      /impossible shape/,
    ],
    [
      'with a product that overflows to 2 values',
      () => forge({ x: f32(0, 8, [2 ** 32, 2 ** 32, 2]) }, eight),
      /impossible shape/,
    ],
    ['with negative offsets', () => forge({ x: f32(-8, 0, [2]) }, eight), /data_offsets that are not/],
    [
      'with one offset',
      () => forge({ x: { ...f32(0, 8), data_offsets: [8] } }, eight),
      /data_offsets that are not/,
    ],
    ['with offsets the wrong way round', () => forge({ x: f32(8, 0, [2]) }, eight), /ends before it begins/],
    [
      'with a shape that needs more',
      () => forge({ x: f32(0, 8, [3]) }, eight),
      /\[3\] F32 needs 12 bytes, .* give 8/,
    ],
    ['with data after the end', () => forge({ x: f32(0, 12) }, eight), /ends 4 bytes after the end/],
    [
      'with 8 petabytes after the end',
      () => forge({ x: f32(0, 2 ** 53 - 4) }, eight),
      /after the end of the file/,
    ],
    ['with overlapping tensors', () => forge({ x: f32(0, 8), y: f32(4, 8) }, eight), /"y" overlaps/],
    ['with the same data twice', () => forge({ x: f32(0, 8), y: f32(0, 8) }, eight), /"y" overlaps/],
    ['with a gap at the start', () => forge({ x: f32(4, 8) }, eight), /gap of 4 bytes before tensor "x"/],
    [
      'with a gap between',
      () => forge({ x: f32(0, 4), y: f32(8, 12) }, Buffer.alloc(12)),
      /gap of 4 bytes before tensor "y"/,
    ],
    ['with data of no tensor', () => forge({ x: f32(0, 4) }, eight), /last 4 bytes belong to no tensor/],
  ])('a hostile file is refused: %s', async (_, make, message) => {
    const error = await refusal(await make());
    expect(error.message).toMatch(message);
    expect(error.remedy).toBeDefined();
  });

  it('an error never repeats a long name from the file in full', async () => {
    const error = await refusal(await forge({ ['\u001b[31m'.padEnd(100_000, 'x')]: 1 }));
    expect(error.message.length).toBeLessThan(200);
    expect(error.message).not.toContain('\u001b');
  });

  it('__proto__ is a tensor name like any other', async () => {
    await forge(
      '{"__metadata__":{"__proto__":"m"},"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}',
      Buffer.alloc(4),
    );
    const { metadata, tensors } = await readSafetensors(path);
    expect([...tensors.keys()]).toEqual(['__proto__']);
    expect(Object.entries(metadata)).toEqual([['__proto__', 'm']]);
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  it('a path that is not a file is refused', async () => {
    expect((await refusal(dir)).message).toMatch(/not a regular file/);
    expect((await refusal('/dev/zero')).message).toMatch(/not a regular file/);
    expect((await refusal(join(dir, 'missing'))).message).toMatch(/no such file/);
    await symlink(join(dir, 'loop'), join(dir, 'loop'));
    expect((await refusal(join(dir, 'loop'))).message).toMatch(/symbolic link/);
  });

  it('a huge sparse file allocates nothing', async () => {
    await forge({ x: { dtype: 'U8', shape: [2 ** 43], data_offsets: [0, 2 ** 43] } });
    const headerEnd = (await readFile(path)).length;
    await truncate(path, headerEnd + 2 ** 43).catch(() => {}); // some file systems refuse such lengths
    expect((await refusal(path)).message).toMatch(/No memory for the 8796093022208 bytes|after the end/);
  });

  it('a file with any bytes changed is read whole or ends in a FlashError', async () => {
    await writeSafetensors(
      path,
      [
        tensor('a', 'F32', [2, 3], (i) => i),
        tensor('b', 'U8', [5], (i) => i),
        tensor('c', 'F64', [], () => 1),
      ],
      { key: 'value' },
    );
    const good = await readFile(path);
    const headerEnd = 8 + Number(good.readBigUInt64LE());
    const change = fc.record({
      at: fc.integer({ min: 0, max: headerEnd - 1 }),
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 4 }),
        fc
          .constantFrom('0', '9', '-', '"', '{', '}', '[', ']', ',', ':', '\\', 'e9', 'null')
          .map((s) => Buffer.from(s)),
      ),
      remove: fc.integer({ min: 0, max: 4 }),
    });
    let refused = 0;
    const runs = 1000;
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (changes, keepLength) => {
          let bytes: Buffer = good;
          for (const { at, bytes: inserted, remove } of changes) {
            bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + remove)]);
          }
          // Half of the files get a length that fits again, so that the JSON itself is what is wrong.
          if (keepLength)
            bytes.writeBigUInt64LE(BigInt(Math.max(0, headerEnd - 8 + bytes.length - good.length)));
          await writeFile(path, bytes);
          try {
            const { tensors } = await readSafetensors(path);
            let total = 0;
            for (const { data } of tensors.values()) total += data.byteLength;
            expect(total).toBeLessThanOrEqual(bytes.length);
          } catch (error) {
            if (!(error instanceof FlashError)) throw error;
            expect(error.where).toBe(path);
            refused++;
          }
        },
      ),
      { numRuns: runs, seed: 2 },
    );
    expect(refused).toBeGreaterThan(runs / 2);
    expect(refused).toBeLessThan(runs);
  });
});
