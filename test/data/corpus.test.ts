import { mkdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../src/data/chunk-builder.ts';
import { Corpus, type CorpusFormat } from '../../src/data/corpus.ts';
import { countCodePoints, incompleteTail, repairUtf8 } from '../../src/data/utf8.ts';
import {
  documentsOf,
  flashErrorOf,
  listOf,
  ODD_TEXT,
  plainDocuments,
  put,
  sampleTrain,
  temporaryFolder,
  trainOn,
} from './workshop.ts';

const folder = temporaryFolder();

async function chunksOf(path: string, format?: CorpusFormat, chunkBytes?: number): Promise<Chunk[]> {
  return listOf((await Corpus.open([path], { format })).chunks({}, chunkBytes));
}

describe('documents of a text file', () => {
  it('documents of a text file are the text between the markers, without the newlines around them', async () => {
    const text =
      'One.\nStill one.\n<|endoftext|>\n\n Two. \n\n<|endoftext|>\n<|endoftext|>Three.<|endoftext|>four';
    expect(await documentsOf(put(folder, 'text.txt', text))).toEqual([
      'One.\nStill one.',
      ' Two. ',
      'Three.',
      'four',
    ]);
    expect(await documentsOf(put(folder, 'end.txt', 'a\n<|endoftext|>\n'))).toEqual(['a']);
    expect(await documentsOf(put(folder, 'none.txt', 'no marker\nat all\n'))).toEqual(['no marker\nat all']);
  });

  it('documents are the same with CRLF and a byte-order mark', async () => {
    const text = 'One.\n\nStill\ré one.\n<|endoftext|>\nTwo.\n<|endoftext|>\n';
    const path = put(folder, 'crlf.txt', `\ufeff${text.replaceAll('\n', '\r\n')}`);
    expect(await documentsOf(path)).toEqual(['One.\n\nStill\ré one.', 'Two.']);
  });

  it('documents may contain NULs, inner byte-order marks, and beginnings of the marker', async () => {
    const path = put(folder, 'odd.txt', 'a\0b\ufeffc <|endof <|<|endoftext|>d<|endoftext');
    expect(await documentsOf(path)).toEqual(['a\0b\ufeffc <|endof <|', 'd<|endoftext']);
  });

  it('documents of the embedded sample are those that splitting the whole file gives', async () => {
    expect(await documentsOf(sampleTrain)).toEqual(plainDocuments(sampleTrain));
  });
});

describe('documents of other formats', () => {
  it('the format lines has one document a line, without the empty ones', async () => {
    const path = put(folder, 'lines.txt', 'one\r\n\r\n\ntwo <|endoftext|>\n three');
    expect(await documentsOf(path, 'lines')).toEqual(['one', 'two <|endoftext|>', ' three']);
  });

  it('the format jsonl has the text field unchanged', async () => {
    const lines = [
      { text: '\n one\r\n' },
      { id: 3, text: 'two é 😀 \u0000' },
      { text: '' },
      { text: '<|endoftext|>' },
    ];
    const path = put(folder, 'rows.jsonl', `${lines.map((line) => JSON.stringify(line)).join('\r\n')}\n\n`);
    expect(await documentsOf(path)).toEqual(['\n one\r\n', 'two é 😀 \u0000', '<|endoftext|>']);
  });

  it.each([
    ['{"text": "ok"}\n{"text": broken}\n', /:2$/, /not valid JSON/],
    ['{"text": "ok"}\n\n{"txt": "x"}\n', /:3$/, /no string field 'text'/],
    ['null\n', /:1$/, /no string field 'text'/],
    ['{"text": 5}', /:1$/, /no string field 'text'/],
  ])('the format jsonl names the bad line of %j', async (content, where, message) => {
    const path = put(folder, 'bad.jsonl', content);
    const error = await flashErrorOf(documentsOf(path));
    expect(error.message).toMatch(message);
    expect(error.where).toMatch(where);
    expect(error.where).toContain(path);
  });

  it('several files are read in the order given, each in its own format', async () => {
    const files = [
      put(folder, '1.txt', 'a<|endoftext|>b'),
      put(folder, '2.jsonl', '{"text":"c"}'),
      sampleTrain,
    ];
    expect((await documentsOf(files)).slice(0, 3)).toEqual(['a', 'b', 'c']);
  });
});

describe('a file that cannot be used is named, with a remedy', () => {
  it.each([
    ['missing', () => `${folder}/missing.txt`, /no such file/],
    ['empty', () => put(folder, 'empty.txt', ''), /empty/],
    ['only markers', () => put(folder, 'markers.txt', '\n<|endoftext|>\n<|endoftext|>\n'), /no text/],
    ['only a byte-order mark', () => put(folder, 'bom.txt', '\ufeff'), /no text/],
    ['a folder', () => `${folder}/folder`, /folder/],
  ])('an unusable file is reported with its name and a remedy: %s', async (_, path, message) => {
    mkdirSync(`${folder}/folder`, { recursive: true });
    const good = put(folder, 'good.txt', 'good');
    const name = path();
    const error = await flashErrorOf(documentsOf([good, name]));
    expect(error.message).toMatch(message);
    expect(error.where).toBe(name);
    expect(error.remedy).toBeTruthy();
  });

  it('data without any file is wrong usage', async () => {
    expect((await flashErrorOf(Corpus.open([]))).exitCode).toBe(2);
  });
});

describe('chunks', () => {
  const documents = plainDocuments(sampleTrain).slice(0, 30);
  const long = `${ODD_TEXT} ${documents.join('\n\n')}`;
  const path = put(folder, 'chunks.txt', [...documents, long, ...documents].join('\n<|endoftext|>\n'));
  const whole = chunksOf(path);
  const tokenizer = trainOn(documents, 400);

  function encode(chunks: readonly Chunk[]): number[] {
    const ids: number[] = [];
    for (const { bytes, ends } of chunks) {
      const out = new Int32Array(bytes.length);
      let start = 0;
      for (const end of [...ends, bytes.length]) {
        ids.push(...out.subarray(0, tokenizer.encodeUtf8(bytes, start, end, out, 0)));
        start = end;
      }
    }
    return ids;
  }

  it('chunks encode to the same ids however small they are, and however long a document', async () => {
    const expected = encode(await whole);
    for (const size of [1, 7, 64, 1000]) {
      const chunks = await chunksOf(path, undefined, size);
      expect(chunks.length).toBeGreaterThan(10);
      expect(Buffer.concat(chunks.map(({ bytes }) => bytes))).toEqual(
        Buffer.concat((await whole).map(({ bytes }) => bytes)),
      );
      expect(chunks.reduce((sum, { ends }) => sum + ends.length, 0)).toBe(61);
      expect(encode(chunks)).toEqual(expected);
    }
  });

  it('chunks stay small for a document of one long line', async () => {
    const line = put(folder, 'line.txt', 'word '.repeat(1e6));
    const sizes = (await chunksOf(line, 'lines')).map(({ bytes }) => bytes.length);
    expect(sizes.reduce((a, b) => a + b)).toBe(5e6);
    expect(Math.max(...sizes)).toBeLessThan(3 << 20);
  });

  it.each([
    ['without blanks', 'x,'.repeat(2e6)],
    ['that is one word', 'x'.repeat(4e6)],
    ['of blanks alone', ' '.repeat(4e6)],
    ['of characters beyond ASCII', '字'.repeat(1.4e6)],
  ])('chunks stay small for a document %s', async (_, text) => {
    const chunks = await chunksOf(put(folder, 'run.txt', text), 'text');
    expect(Math.max(...chunks.map(({ bytes }) => bytes.length))).toBeLessThan(3 << 20);
    expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).equals(Buffer.from(text))).toBe(true);
  });

  it('chunks are cut only where a word begins, in text without any ASCII blank', async () => {
    const text = '字母，表！ｘ\u3000\u3000é１２３…«ñ»'.repeat(500);
    const odd = put(folder, 'no-blank.txt', text);
    const expected = encode(await chunksOf(odd));
    for (const size of [1, 7, 64, 1000]) {
      const chunks = await chunksOf(odd, undefined, size);
      expect(chunks.length).toBeGreaterThan(10);
      expect(encode(chunks)).toEqual(expected);
    }
  });
});

describe('invalid UTF-8', () => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const bytes = fc.array(
    fc.oneof(
      fc.constantFrom(
        0x41,
        0x20,
        0x80,
        0xbf,
        0xc0,
        0xc2,
        0xe0,
        0xa0,
        0xed,
        0xef,
        0xbd,
        0xf0,
        0x90,
        0xf4,
        0x8f,
        0xf5,
        0xff,
      ),
      fc.nat(255),
    ),
    { maxLength: 40 },
  );

  it('invalid UTF-8 is replaced and counted the same wherever the text is cut into blocks', async () => {
    fc.assert(
      fc.property(bytes, fc.nat(40), (list, at) => {
        const all = Buffer.from(list);
        const cut = Math.min(at, all.length);
        const tail = incompleteTail(all.subarray(0, cut));
        const parts = [all.subarray(0, cut - tail), all.subarray(cut - tail)].map(repairUtf8);
        expect(Buffer.concat(parts.map((part) => part.bytes)).toString()).toBe(decoder.decode(all));
        expect(parts[0]!.replaced + parts[1]!.replaced).toBe(repairUtf8(all).replaced);
      }),
      { seed: 4, numRuns: 3000 },
    );
  });

  it('only replacements are counted, not U+FFFD in the text', async () => {
    const text = Buffer.concat([
      Buffer.from('a\ufffdb'),
      Buffer.from([0xff, 0x20, 0xe2, 0x82, 0x20]),
      Buffer.from('\ufffd'),
    ]);
    expect(repairUtf8(text).replaced).toBe(2);
    expect(repairUtf8(text).bytes.toString()).toBe('a\ufffdb\ufffd \ufffd \ufffd');
  });

  it('invalid UTF-8 is found across the blocks of a file, and at its end', async () => {
    // Blocks have 4 MiB: the euro sign, whole and broken, lies across the border between the first two.
    const filler = 'x '.repeat((1 << 21) - 1);
    for (const [middle, expected] of [
      [Buffer.from('é€'), 'é€'],
      [Buffer.from([0x79, 0xe2, 0x82, 0x79]), 'y\ufffdy'],
      [Buffer.from([0xe2, 0xe2, 0x82, 0xac]), '\ufffd€'],
    ] as const) {
      const path = put(
        folder,
        'utf8.txt',
        Buffer.concat([Buffer.from(filler), middle, Buffer.from([0x7a, 0xf0, 0x9f])]),
      );
      let replaced = 0;
      const onReplaced = (count: number) => {
        replaced += count;
      };
      const text = (await documentsOf(path, 'text', { onReplaced })).join();
      expect(text.slice(filler.length)).toBe(`${expected}z\ufffd`);
      expect(replaced).toBe(expected.includes('\ufffd') ? 2 : 1);
    }
  });

  it('code points are counted as JavaScript does', async () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(countCodePoints(Buffer.from(text))).toBe([...text].length);
      }),
      { seed: 9 },
    );
  });
});
