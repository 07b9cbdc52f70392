import { readdirSync, readFileSync } from 'node:fs';
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Corpus } from '../../src/data/corpus.ts';
import {
  documentsOf,
  flashErrorOf,
  listOf,
  ODD_TEXT,
  plainDocuments,
  put,
  sampleValid,
  temporaryFolder,
} from './workshop.ts';

const folder = temporaryFolder();
const sample = readFileSync(sampleValid);

/** Made by `zstd -19` from the line 1,000 times, and by `zstd -3 --no-check` from "more\n" 3 times. */
const ZSTD_LINE = 'The quick brown fox jumps over the lazy dog, and the dog sleeps on.\n';
const ZSTD = Buffer.from(
  'KLUv/QRoNQIA8kMOEZB9UPpD6Q+lz9fdRXXn25oBQET5diL07Ct5TiQflDzPO3mP1v2Ksnw7IW6/ZfqoZS3vDMP00RoBAgBZCUfIFUqYe/UxB6IotS/9AFhdAAAobW9yZQoBANiKFg==',
  'base64',
);

/** A zstd frame of blocks that hold bytes as they are, or one byte many times. */
function zstdFrame(blocks: readonly (string | { readonly byte: string; readonly times: number })[]): Buffer {
  const parts = blocks.map((block, i) => {
    const last = i === blocks.length - 1 ? 1 : 0;
    const raw = typeof block === 'string';
    const header = Buffer.alloc(3);
    header.writeUIntLE(((raw ? block.length : block.times) << 3) | (raw ? 0 : 2) | last, 0, 3);
    return Buffer.concat([header, Buffer.from(raw ? block : block.byte)]);
  });
  // No checksum, no content size, a window of 1 MiB.
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50]), ...parts]);
}

describe('compressed files', () => {
  it('gzip is read, with several members too, whatever the name', async () => {
    const members = Buffer.concat([gzipSync(sample.subarray(0, 5000)), gzipSync(sample.subarray(5000))]);
    for (const name of ['valid.txt.gz', 'valid.txt', 'valid']) {
      expect(await documentsOf(put(folder, name, members))).toEqual(plainDocuments(sampleValid));
    }
  });

  it('the format of a compressed file is that of its name without .gz or .zst', async () => {
    const json = '{"text":"a"}\n{"text":"b"}\n';
    expect(await documentsOf(put(folder, 'rows.jsonl.gz', gzipSync(json)))).toEqual(['a', 'b']);
    expect(await documentsOf(put(folder, 'rows.JSON.zst', zstdFrame([json])))).toEqual(['a', 'b']);
    expect((await flashErrorOf(documentsOf(put(folder, 'a.csv.gz', gzipSync('a,b'))))).message).toMatch(
      /table/,
    );
  });

  it('zstd is read: concatenated frames, blocks of every kind, skippable frames', async () => {
    const skip = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from('abc')]);
    const made = Buffer.concat([zstdFrame(['one ', { byte: 'x', times: 5 }]), skip, zstdFrame([' two'])]);
    expect(await documentsOf(put(folder, 'made.zst', made))).toEqual(['one xxxxx two']);
    const text = `${ZSTD_LINE.repeat(1000)}more\nmore\nmore`;
    expect(await documentsOf(put(folder, 'real.zst', ZSTD))).toEqual([text]);
  });

  it('a few bytes that expand to many megabytes are read as a stream', async () => {
    const runs = Array.from({ length: 48 }, () => ({ byte: 'a', times: 1 << 17 }));
    const files = [
      put(folder, 'a.zst', zstdFrame(runs)),
      put(folder, 'a.gz', gzipSync('a'.repeat(48 << 17))),
    ];
    for (const path of files) {
      let total = 0;
      let largest = 0;
      for await (const { bytes } of (await Corpus.open([path])).chunks()) {
        total += bytes.length;
        largest = Math.max(largest, bytes.length);
      }
      expect(total).toBe(48 << 17);
      expect(largest).toBeLessThan(3 << 20);
    }
  });

  const flipped = gzipSync(sample);
  flipped[flipped.length - 6]! ^= 1;
  it.each([
    ['gzip cut short', 'cut.gz', gzipSync(sample).subarray(0, -100), /unexpected end of file/],
    ['gzip with another checksum', 'sum.gz', flipped, /incorrect data check/],
    ['zstd cut short', 'cut.zst', zstdFrame(['text']).subarray(0, -2), /unexpected end of file/],
    [
      'zstd with something after it',
      'tail.zst',
      Buffer.concat([zstdFrame(['a']), Buffer.from('tail')]),
      /unknown bytes/,
    ],
    [
      'zstd that needs a dictionary',
      'dict.zst',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x50, 7, 1, 0, 0]),
      /dictionary/,
    ],
    [
      'zstd with a large window',
      'ultra.zst',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 1, 0, 0]),
      /window.*zstd -d/,
    ],
    [
      'zstd with a block of no kind',
      'kind.zst',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50, 7, 0, 0]),
      /damaged: /,
    ],
  ])('a compressed file that is damaged or too large is named: %s', async (_, name, bytes, message) => {
    const path = put(folder, name, bytes);
    const error = await flashErrorOf(documentsOf(path));
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({
      where: path,
      message: expect.stringMatching(/^The compressed file is damaged/),
    });
  });

  it('archives and files that are compressed twice are refused', async () => {
    const tar = Buffer.alloc(1024, 'x');
    tar.write('ustar', 257);
    const twice = await flashErrorOf(documentsOf(put(folder, 'twice.gz', gzipSync(gzipSync('a')))));
    expect(twice.message).toMatch(/compressed twice/);
    expect((await flashErrorOf(documentsOf(put(folder, 'a.tgz', gzipSync(tar))))).message).toMatch(
      /tar archive/,
    );
  });

  it('compressed files report progress in bytes of the file, and leave no file open', async () => {
    const path = put(folder, 'progress.gz', gzipSync(sample));
    const open = () => readdirSync('/proc/self/fd').length;
    const corpus = await Corpus.open([path]);
    const before = process.platform === 'linux' ? open() : 0;
    let read = 0;
    const onRead = (bytes: number) => {
      read += bytes;
    };
    await listOf(corpus.chunks({ onRead }));
    expect(read).toBe(corpus.size);
    for await (const _ of corpus.chunks()) break;
    await flashErrorOf(documentsOf(put(folder, 'pdf.pdf', '%PDF-1.7')));
    if (process.platform === 'linux') expect(open()).toBe(before);
  });
});

function utf16(text: string, bigEndian: boolean): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

describe('UTF-16', () => {
  it.each([false, true])('UTF-16 with a byte-order mark is read, big-endian: %s', async (bigEndian) => {
    const text = `${ODD_TEXT}<|endoftext|>\r\nsecond`;
    const path = put(folder, 'utf16.txt', utf16(`\ufeff${text}`, bigEndian));
    expect(await documentsOf(path)).toEqual([ODD_TEXT.replaceAll('\r\n', '\n'), 'second']);
    // Blocks of 4 MiB end inside of characters and surrogate pairs.
    const long = '😀é'.repeat(750_000);
    const [document] = await documentsOf(put(folder, 'long.txt', utf16(`\ufeffx${long}`, bigEndian)));
    expect(document === `x${long}`).toBe(true);
  });

  it('lone surrogates in UTF-16 are counted as replaced characters', async () => {
    let replaced = 0;
    const onReplaced = (count: number) => {
      replaced += count;
    };
    const path = put(folder, 'halves.txt', utf16('\ufeffa\ud800b\ufffd', false));
    expect(await documentsOf(path, 'text', { onReplaced })).toEqual(['a\ufffdb\ufffd']);
    expect(replaced).toBe(1);
  });

  it.each([
    ['UTF-16LE', utf16('Plain words.\n', false)],
    ['UTF-16BE', utf16('Plain words.\n', true)],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])],
  ])('UTF-16 without a mark is refused with the command that converts it: %s', async (encoding, bytes) => {
    const error = await flashErrorOf(documentsOf(put(folder, 'plain.txt', bytes)));
    expect(error.message).toContain(`text in ${encoding}`);
    expect(error.remedy).toContain(`iconv -f ${encoding} -t UTF-8`);
  });
});

describe('a file that is not text is refused, saying what it is', () => {
  const zip = Buffer.concat([
    Buffer.from('PK\x03\x04'),
    deflateRawSync('text', { level: constants.Z_BEST_SPEED }),
  ]);
  it.each([
    ['a Parquet file', 'rows.parquet', Buffer.from('PAR1\x15\x04'), /Parquet.*JSON lines/s],
    ['an office file', 'table.xlsx', zip, /ZIP archive.*xlsx/s],
    ['a PDF', 'paper.txt', Buffer.from('%PDF-1.7\n'), /PDF.*pdftotext/s],
    ['xz', 'text.xz', Buffer.from('\xfd7zXZ\0abc', 'latin1'), /xz.*Decompress/s],
    ['an image', 'a.png', Buffer.from('\x89PNG\r\n', 'latin1'), /an image/],
    ['a token file', 'a.tokens', Buffer.from('FLASHTOK\x03\0\0\0'), /token file/],
    [
      'numbers in binary',
      'a.bin',
      Buffer.from(Int32Array.from({ length: 999 }, (_, i) => i % 99).buffer),
      /binary data/,
    ],
    [
      'Latin-1',
      'latin.txt',
      Buffer.from('é à ç words, words\n'.repeat(50), 'latin1'),
      /not text in UTF-8.*iconv/s,
    ],
    [
      'noise',
      'noise.txt',
      Buffer.from(Uint8Array.from({ length: 9999 }, (_, i) => 1 + ((i * i * 31) % 255))),
      /not text in UTF-8/,
    ],
    ['a table', 'rows.csv', Buffer.from('a,b\n1,2\n'), /table.*JSON lines.*'lines'/s],
  ])('a file that is not text is refused, saying what it is: %s', async (_, name, bytes, message) => {
    const path = put(folder, name, bytes);
    const error = await flashErrorOf(documentsOf(path));
    expect(error.where).toBe(path);
    expect(`${error.message}\n${error.remedy}`).toMatch(message);
  });

  it('a table is read as text if its format is given', async () => {
    expect(await documentsOf(put(folder, 'rows.tsv', 'a\tb\n1\t2\n'), 'lines')).toEqual(['a\tb', '1\t2']);
  });
});

describe('the format of a file without one', () => {
  const noticesOf = async (path: string) => (await Corpus.open([path])).notices;

  it.each([
    ['a JSON array in .json', 'a.json', '[{"text": "a"},\n {"text": "b"}]', ['a', 'b'], 0],
    ['JSON lines in .json', 'b.json', '{"text": "a"}\n{"text": "b"}', ['a', 'b'], 0],
    ['one object of many lines in .json', 'c.json', '{\n  "text": "a"\n}', ['a'], 0],
    ['a JSON array in .txt', 'a.txt', ' [\n {"text": "a"}]', ['a'], 1],
    ['JSON lines in .txt', 'b.txt', '{"text": "a"}\n{"text": "b"}', ['a', 'b'], 1],
    ['text that begins like JSON', 'c.txt', '{"text" is a key}', ['{"text" is a key}'], 0],
    ['objects without the field', 'd.txt', '{"a": 1}', ['{"a": 1}'], 0],
  ])(
    'the format of a file without an extension is detected and reported: %s',
    async (_, name, content, documents, notices) => {
      const path = put(folder, name, content);
      expect(await documentsOf(path)).toEqual(documents);
      const said = await noticesOf(path);
      expect(said.length).toBe(notices);
      for (const notice of said) expect(notice).toContain(path);
    },
  );

  it('CR alone, as on old Macs, ends a line', async () => {
    const path = put(folder, 'mac.txt', 'one\rtwo\r\rthree\r');
    expect(await documentsOf(path, 'lines')).toEqual(['one', 'two', 'three']);
    expect(await documentsOf(path, 'text')).toEqual(['one\ntwo\n\nthree']);
  });
});
