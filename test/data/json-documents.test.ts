import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkBuilder } from '../../src/data/chunk-builder.ts';
import { fillFromJson } from '../../src/data/json-documents.ts';
import { documentsOf, flashErrorOf, listOf, put, temporaryFolder } from './workshop.ts';

const folder = temporaryFolder();

/** The documents of JSON that arrives in blocks of this many bytes. */
async function textsOf(json: string, byLine: boolean, blockBytes: number, field = 'text'): Promise<string[]> {
  const bytes = Buffer.from(json);
  const builder = new ChunkBuilder(1 << 20);
  const options = { path: 'data', field, byLine, onReplaced: () => {} };
  const chunks = await listOf(fillFromJson(blocksOf(bytes, blockBytes), builder, options));
  const texts: string[] = [''];
  for (const { bytes, ends } of [...chunks, ...builder.drain(true)]) {
    let from = 0;
    for (const end of ends) {
      texts[texts.length - 1] += Buffer.from(bytes.subarray(from, end)).toString();
      texts.push('');
      from = end;
    }
    texts[texts.length - 1] += Buffer.from(bytes.subarray(from)).toString();
  }
  return texts.slice(0, -1);
}

/** Blocks end between characters. */
async function* blocksOf(bytes: Buffer, blockBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0, end = 0; at < bytes.length; at = end) {
    end = Math.min(bytes.length, at + blockBytes);
    while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end++;
    yield bytes.subarray(at, end);
  }
}

describe('JSON records', () => {
  const record = fc.record({
    text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    'a "key": {': fc.constantFrom('', '"text": "', '\\', ']}', null, 5, { text: 'inner' }, [{ text: ['x'] }]),
  });

  it('JSON records give the same texts as JSON.parse, by line, in an array and concatenated, in blocks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        async (records, blockBytes) => {
          const expected = records.map(({ text }) => text);
          const lines = records.map((value) => JSON.stringify(value)).join('\n');
          expect(await textsOf(lines, true, blockBytes)).toEqual(expected);
          expect(await textsOf(lines, false, blockBytes)).toEqual(expected);
          expect(await textsOf(JSON.stringify(records), false, blockBytes)).toEqual(expected);
          expect(await textsOf(JSON.stringify(records, null, 2), false, blockBytes)).toEqual(expected);
        },
      ),
      { seed: 5, numRuns: 60 },
    );
  });

  it.each([true, false])(
    'JSON records of any length give their whole text with escapes decoded, by line: %s',
    async (byLine) => {
      // Every kind of escape lies at every place of a block's end: blocks have an odd length, and so has the pattern.
      const pattern = 'é😀\n"\\\u2028\ud83d tab\t / \\u0041 word ';
      const long = pattern.repeat(45_000);
      expect(Buffer.byteLength(long)).toBeGreaterThan(3 << 19);
      const escaped = JSON.stringify({ meta: { text: long }, text: long, more: [1, { text: '' }] })
        .replaceAll('😀', '\\ud83d\\ude00')
        .replaceAll('é', '\\u00e9');
      const json = `{"text":"before"}\n${escaped}\n{"text":"after"}`;
      const texts = await textsOf(json, byLine, 65_537);
      expect(texts.map((text) => text.length)).toEqual([6, long.length, 5]);
      expect(texts[1] === long.replaceAll('\ud83d ', '\ufffd ')).toBe(true);
    },
  );

  it('a long JSON string is emitted in pieces before its end is read', async () => {
    const builder = new ChunkBuilder(1 << 20);
    const options = { path: 'data', field: 'text', byLine: true, onReplaced: () => {} };
    let sent = 0;
    let largest = 0;
    const word = Buffer.from('a word '.repeat(150_000));
    async function* blocks(): AsyncGenerator<Buffer> {
      yield Buffer.from('{"text": "');
      for (; sent < 20; sent++) yield word;
      yield Buffer.from('"}');
    }
    const seen: number[] = [];
    for await (const { bytes } of fillFromJson(blocks(), builder, options)) {
      seen.push(sent);
      largest = Math.max(largest, bytes.length);
    }
    expect(seen[0]).toBeLessThan(6);
    expect(largest).toBeLessThan(3 << 20);
  });

  it.each([
    ['text that is not JSON', '{"text": "ok"}\n{"text": broken}', true, 2, /line is not valid JSON/],
    [
      'a line break inside a string',
      '{"text": "ok"}\n{"text":\n"a\nb"}',
      false,
      2,
      /record is not valid JSON/,
    ],
    ['an array in a line', '[{"text": "a"}]', true, 1, /not a JSON object.*\n.*'json' reads an array/s],
    ['something else than objects', '["a", "b"]', false, 1, /not a list of objects/],
    ['numbers', '{"text": "a"}\n5', false, 2, /not a list of objects/],
    ['an end in the middle of a record', '[{"text": "a"},\n{"text": ', false, 2, /ends in the middle/],
    ['an end in the middle of the array', '[{"text": "a"},\n', false, 2, /ends in the middle/],
    [
      'a record without the field',
      '{"title": "a", "body": "b", "n": 1}',
      true,
      1,
      /no string field 'text'.*\n.*It has 'title', 'body':/s,
    ],
    [
      'a record whose field only its prototype has',
      '{"__proto__": {"text": "a"}}',
      true,
      1,
      /no string field/,
    ],
    ['a long string that does not end', `{"text": "${'x '.repeat(2 ** 20)}\n{}`, true, 1, /not valid JSON/],
    ['a long string with a bad escape', `{"text": "${'x '.repeat(2 ** 20)}\\x"}`, true, 1, /not valid JSON/],
    [
      'a record too large to be one',
      `[{"text": "a", "n": [${'1234567,'.repeat(3e6)}5]}]`,
      false,
      1,
      /more than 16.8 MB/,
    ],
  ])('the file and line of %s are named', async (_, json, byLine, line, message) => {
    const error = await flashErrorOf(textsOf(json, byLine, 1 << 22));
    expect(error.lines().join('\n')).toMatch(message);
    expect(error.where).toBe(`data:${line}`);
  });

  it('the text of a JSON record comes from the named field', async () => {
    const path = put(folder, 'fields.jsonl', '{"text":"no","body":"yes"}\n{"body":"also"}\n');
    expect(await documentsOf(path, 'auto', { textField: 'body' })).toEqual(['yes', 'also']);
  });

  it('each JSON record may have a byte-order mark, as concatenated files do', async () => {
    const path = put(folder, 'marks.jsonl', '\ufeff{"text":"a"}\r\n\ufeff{"text":"\ufeffb"}\n\ufeff\n');
    expect(await documentsOf(path)).toEqual(['a', '\ufeffb']);
    const array = put(folder, 'marks.json', '\ufeff[{"text":"a"}]\n\ufeff[{"text":"b"},]');
    expect(await documentsOf(array)).toEqual(['a', 'b']);
  });

  it('lone surrogates in JSON are counted as replaced characters', async () => {
    let replaced = 0;
    const path = put(folder, 'half.jsonl', '{"text":"a\\ud800b\\udc00\\ud83d\\ude00"}\n');
    const onReplaced = (count: number) => {
      replaced += count;
    };
    expect(await documentsOf(path, 'auto', { onReplaced })).toEqual(['a\ufffdb\ufffd😀']);
    expect(replaced).toBe(2);
  });
});
