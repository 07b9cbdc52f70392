import { chmodSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { Permutation } from '../../src/data/permutation.ts';
import { TokenFile } from '../../src/data/token-file.ts';
import { HEADER_BYTES } from '../../src/data/token-file-header.ts';
import { TokenFileWriter } from '../../src/data/token-file-writer.ts';
import { put, temporaryFolder, trainOn } from './workshop.ts';

const folder = temporaryFolder();
const tokenizer = trainOn(['x'], 260);
/** 100,000 ids, more than are read at a time, in documents of all lengths from 1 on. */
const stream = Array.from({ length: 100_000 }, (_, i) =>
  Number.isInteger(Math.sqrt(i)) ? tokenizer.eos : ((i * 31) % 256) + 4,
);
stream[stream.length - 1] = tokenizer.eos;
const path = join(folder, 'stream.tokens');

/** Writes ids as a token file, in two chunks. */
async function write(to: string, ids: readonly number[]): Promise<TokenFile> {
  const writer = await TokenFileWriter.create(to, tokenizer);
  const documents = ids.filter((id) => id === tokenizer.eos).length;
  const half = ids.length >> 1;
  await writer.append({ ids: Uint16Array.from(ids.slice(0, half)), documents, characters: 5, bytes: 6 });
  await writer.append({ ids: Uint16Array.from(ids.slice(half)), documents: 0, characters: 1, bytes: 1 });
  await writer.finish(3);
  return TokenFile.open(to);
}

function withUInt32(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeUInt32LE(value, at);
  return bytes;
}

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at]! ^= 1;
  return bytes;
}

let file: TokenFile;
beforeAll(async () => {
  file = await write(path, stream);
  return () => file.close();
});

describe('TokenFile', () => {
  it('TokenFile reads what was written, and leaves no temporary file', async () => {
    const { vocabSize: vocab, eos, fingerprint } = tokenizer;
    const documents = stream.filter((id) => id === eos).length;
    const counts = { tokens: 100_000, documents, characters: 6, bytes: 7, replaced: 3 };
    expect(file.info).toEqual({ ...counts, vocab, eos, fingerprint, bytesPerId: 2 });
    expect(await readdir(folder)).toEqual(['stream.tokens']);
  });

  it('TokenFile reads any contiguous piece, around the end too', () => {
    fc.assert(
      fc.property(fc.nat(300_000), fc.nat(120_000), fc.nat(5), (start, count, offset) => {
        const out = new Int32Array(offset + count + 1).fill(-7);
        file.read(start, count, out, offset);
        const expected = Array.from({ length: count }, (_, i) => stream[(start + i) % stream.length]!);
        const whole = Int32Array.from([...Array(offset).fill(-7), ...expected, -7]);
        expect(Buffer.from(out.buffer).equals(Buffer.from(whole.buffer))).toBe(true);
      }),
      { seed: 8, numRuns: 30 },
    );
    const three = new Int32Array(3);
    file.read(99_999, 3, three);
    expect([...three]).toEqual([stream[99_999], stream[0], stream[1]]);
  });

  it('TokenFile refuses impossible ranges', () => {
    expect(() => file.read(-1, 1, new Int32Array(1))).toThrow(RangeError);
    expect(() => file.read(0, 2, new Int32Array(1))).toThrow(RangeError);
    expect(() => file.read(0.5, 1, new Int32Array(1))).toThrow(RangeError);
  });

  it('TokenFile lists the documents, even while it is read', () => {
    const ranges: number[][] = [];
    const noise = new Int32Array(70_000);
    for (const { start, end } of file.documents()) {
      ranges.push([start, end]);
      if (ranges.length % 50 === 0) file.read(ranges.length, 70_000, noise);
    }
    const ends = stream.flatMap((id, i) => (id === tokenizer.eos ? [i + 1] : []));
    expect(ranges).toEqual(ends.map((end, i) => [ends[i - 1] ?? 0, end]));
  });

  it('TokenFile stores 32 bits an id when the vocabulary needs them', async () => {
    // Stands in for a tokenizer of 70,000 ids, which would take long to train.
    const large = { vocabSize: 70_000, eos: 3, fingerprint: tokenizer.fingerprint } as typeof tokenizer;
    const to = join(folder, 'large.tokens');
    const writer = await TokenFileWriter.create(to, large);
    await writer.append({
      ids: Uint32Array.from([69_999, 65_536, 3]),
      documents: 1,
      characters: 1,
      bytes: 1,
    });
    await writer.finish(0);
    const opened = TokenFile.open(to);
    const out = new Int32Array(4);
    opened.read(0, 4, out);
    opened.close();
    expect([...out]).toEqual([69_999, 65_536, 3, 69_999]);
    expect(opened.info.bytesPerId).toBe(4);
  });
});

describe('a damaged token file', () => {
  const damaged = (change: (bytes: Buffer) => Buffer) =>
    put(folder, 'bad.tokens', change(readFileSync(path)));

  it('ids overwritten after they were read are noticed, even with the modification time set back', () => {
    const to = put(folder, 'over.tokens', readFileSync(path));
    utimesSync(to, 1000, 1000);
    const opened = TokenFile.open(to);
    const ids = new Int32Array(10);
    try {
      opened.read(0, 10, ids);
      // Names and permissions may change.
      chmodSync(to, 0o600);
      opened.checkUnchanged();
      writeFileSync(to, flip(readFileSync(to), HEADER_BYTES + 2));
      utimesSync(to, 1000, 1000);
      opened.read(0, 10, ids);
      expect(() => opened.checkUnchanged()).toThrow(/block 0 of its ids was changed/);
    } finally {
      opened.close();
    }
  });

  it.each([
    ['empty', () => Buffer.alloc(0), /less than a header/],
    ['cut in the header', (bytes: Buffer) => bytes.subarray(0, 100), /less than a header/],
    ['cut in the ids', (bytes: Buffer) => bytes.subarray(0, -2), /its header promises/],
    ['too long', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(2)]), /its header promises/],
    ['of zeros', (bytes: Buffer) => Buffer.alloc(bytes.length), /does not begin like/],
    ['something else', () => Buffer.from('<|endoftext|>'.repeat(99)), /does not begin like/],
    ['of another version', (bytes: Buffer) => withUInt32(bytes, 8, 99), /version 99/],
    ['with a huge promise', (bytes: Buffer) => withUInt32(bytes, 24, 0xffffffff), /its header promises/],
    ['with an impossible promise', (bytes: Buffer) => withUInt32(bytes, 28, 0xffffffff), /makes no sense/],
    ['with a changed checksum', (bytes: Buffer) => flip(bytes, bytes.length - 1), /fails the checksum/],
  ])('a damaged token file is refused: %s', (_, change, message) => {
    const bad = damaged(change);
    expect(() => TokenFile.open(bad)).toThrow(message);
    expect(() => TokenFile.open(bad)).toThrow(FlashError);
  });

  it('a token file with any bit of the header flipped is refused', () => {
    const bytes = readFileSync(path);
    for (let bit = 0; bit < 8 * HEADER_BYTES; bit += 5) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => TokenFile.open(put(folder, 'bit.tokens', copy)), `bit ${bit}`).toThrow(FlashError);
    }
  });

  it('a token file with any bit of an id flipped is refused when that block is read', () => {
    // 200,000 bytes of ids are two blocks.
    for (const [position, block] of [
      [0, 0],
      [65_535, 0],
      [65_536, 1],
      [99_999, 1],
    ] as const) {
      const bad = TokenFile.open(damaged((bytes) => flip(bytes, HEADER_BYTES + 2 * position)));
      const out = new Int32Array(2);
      const [other, same] = block === 0 ? [65_536, 0] : [0, 65_536];
      bad.read(other, 2, out);
      expect([...out]).toEqual(stream.slice(other, other + 2));
      expect(() => bad.read(same, 2, out)).toThrow(`block ${block} of its ids fails the checksum`);
      expect(() => bad.read(65_535, 2, out)).toThrow(FlashError);
      expect(() => [...bad.documents()]).toThrow(FlashError);
      bad.close();
    }
  });

  it('a token file overwritten in use with an id outside the vocabulary is refused', () => {
    const bad = TokenFile.open(put(folder, 'over.tokens', readFileSync(path)));
    const out = new Int32Array(10);
    bad.read(69_990, 10, out);
    writeFileSync(bad.path, withUInt32(readFileSync(path), HEADER_BYTES + 2 * 70_000, 260));
    bad.read(69_990, 10, out);
    expect(() => bad.read(69_991, 10, out)).toThrow(/position 70000 holds the id 260 of 260/);
    bad.close();
  });

  it('a token file truncated in use is refused', async () => {
    const short = await write(join(folder, 'short.tokens'), stream);
    const out = new Int32Array(51);
    short.read(0, 50, out);
    truncateSync(short.path, HEADER_BYTES + 100);
    short.read(0, 50, out);
    expect(() => short.read(0, 51, out)).toThrow(/became shorter/);
    expect(() => [...short.documents()]).toThrow(FlashError);
    short.close();
  });

  it('a token file that is missing or a folder is refused', () => {
    expect(() => TokenFile.open(join(folder, 'nothing'))).toThrow(/no such file/);
    expect(() => TokenFile.open(folder)).toThrow(FlashError);
  });
});

describe('a token file is written whole or not at all', () => {
  it('two writers of one token file do not disturb each other', async () => {
    const to = join(folder, 'twice.tokens');
    const files = await Promise.all([write(to, stream), write(to, stream)]);
    for (const opened of files) opened.close();
    expect(readFileSync(to)).toEqual(readFileSync(path));
  });

  it('an abandoned token file leaves nothing', async () => {
    const to = join(folder, 'abandoned.tokens');
    const writer = await TokenFileWriter.create(to, tokenizer);
    await writer.append({ ids: Uint16Array.of(3), documents: 1, characters: 0, bytes: 0 });
    await writer.abandon();
    expect((await readdir(folder)).filter((name) => name.startsWith('abandoned'))).toEqual([]);
  });

  it('writing a token file to a missing folder is a FlashError', async () => {
    await expect(TokenFileWriter.create(join(folder, 'no', 'x.tokens'), tokenizer)).rejects.toThrow(
      FlashError,
    );
    writeFileSync(join(folder, 'file'), '');
    await expect(TokenFileWriter.create(join(folder, 'file', 'x'), tokenizer)).rejects.toThrow(FlashError);
  });
});

describe('Permutation', () => {
  it('Permutation reaches every number once, for any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (size, seed) => {
        const order = new Permutation(size, seed, 'test');
        expect(new Set(Array.from({ length: size }, (_, i) => order.at(i))).size).toBe(size);
        for (let i = 0; i < size; i += 97) expect(order.at(i)).toBeLessThan(size);
      }),
      { seed: 10, numRuns: 100 },
    );
  });

  it('Permutation depends on seed and stream, spreads evenly, and works beyond 2^40', () => {
    const list = (seed: number, stream: string) => {
      const order = new Permutation(1000, seed, stream);
      return Array.from({ length: 1000 }, (_, i) => order.at(i));
    };
    expect(list(1, 'a')).toEqual(list(1, 'a'));
    expect(list(1, 'a')).not.toEqual(list(2, 'a'));
    expect(list(1, 'a')).not.toEqual(list(1, 'b'));
    // Where the first index goes over 400 seeds: a uniform place has mean 499.5 and standard error 14.4.
    const places = Array.from({ length: 400 }, (_, seed) => new Permutation(1000, seed, 'a').at(0));
    expect(Math.abs(places.reduce((a, b) => a + b) / 400 - 499.5)).toBeLessThan(4 * 14.4);
    const huge = new Permutation(2 ** 41 + 12345, 1, 'a');
    const far = Array.from({ length: 1000 }, (_, i) => huge.at(2 ** 41 - i));
    expect(new Set(far).size).toBe(1000);
    for (const place of far) expect(place >= 0 && place < huge.size && Number.isInteger(place)).toBe(true);
  });
});
