import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentMarker } from '../../src/app/document-marker.ts';
import { Random } from '../../src/core/random.ts';
import { prepareData } from '../../src/data/prepare.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import type { TextGenerator } from '../../src/train/generate.ts';
import { promptIds } from '../../src/train/prompt.ts';
import { unsampledIds } from '../../src/train/sampling.ts';
import { writeText } from '../../src/train/write-text.ts';
import { put, temporaryFolder, trainOn } from '../data/workshop.ts';

const folder = temporaryFolder();
const MARKER = '<|endoftext|>';
const bytesOnly = trainOn(['x'], 260);
const REQUEST = { prompt: '', maxTokens: 9, marker: undefined, temperature: 1 };

/** What is written of a model that draws these ids. */
function written(ids: Iterable<number>): string[] {
  const generator = { vocab: 260, generate: () => ids };
  return [...writeText(generator, bytesOnly, REQUEST, new Random(1))];
}

describe('a text that is written', () => {
  it('a written text has only whole characters, even if it ends inside one', () => {
    const ids = [...bytesOnly.encode('né😀')];
    expect(written(ids)).toEqual(['n', '', 'é', '', '', '', '😀']);
    for (let end = 0; end <= ids.length; end++) {
      const text = written(ids.slice(0, end)).join('');
      expect('né😀'.startsWith(text)).toBe(true);
      expect(text).not.toContain('\ufffd');
    }
  });

  it('a written text has U+FFFD for bytes that are part of no character', () => {
    const [lead] = bytesOnly.encode('é');
    expect(written([lead!, ...bytesOnly.encode('ab')]).join('')).toBe('\ufffdab');
  });

  it('a written text never has a special token or an id without a meaning, however likely they are', () => {
    const vocab = bytesOnly.vocabSize + 3;
    const drawn: number[] = [];
    const generate: TextGenerator['generate'] = function* (_prompt, _eos, _max, sampler) {
      // All that must not be drawn is the likeliest by far.
      const logits = Float64Array.from({ length: vocab }, (_, id) => (id < 4 || id >= 260 ? 50 : 0));
      logits[bytesOnly.eos] = -50;
      for (let i = 0; i < 200; i++) drawn.push(sampler.sample(logits));
    };
    for (const temperature of [0, 1])
      for (const _ of writeText({ vocab, generate }, bytesOnly, { ...REQUEST, temperature }, new Random(1)));
    expect(Math.min(...drawn)).toBe(4);
    expect(Math.max(...drawn)).toBeLessThan(260);
  });

  it('a written text may end its document', () => {
    expect([...unsampledIds(bytesOnly, 262)]).toEqual([0, 1, 2, 260, 261]);
  });
});

describe('a text with stop strings', () => {
  const end = (text: string, stop: readonly string[], maxTokens = 99) => {
    const generator = { vocab: 260, generate: () => bytesOnly.encode(text) };
    const writing = writeText(generator, bytesOnly, { ...REQUEST, stop, maxTokens }, new Random(1));
    const pieces: string[] = [];
    for (;;) {
      const { done, value } = writing.next();
      if (done) return { text: pieces.join(''), pieces, ...value };
      pieces.push(value);
    }
  };

  it('a text ends before the first stop string that is written, whichever it is', () => {
    expect(end('one two three', ['three', ' tw'])).toMatchObject({ text: 'one', tokens: 6, ending: 'stop' });
    expect(end('aab', ['ab'])).toMatchObject({ text: 'a', ending: 'stop' });
    expect(end('stop', ['stop'])).toMatchObject({ text: '', ending: 'stop' });
    // Both end with the same character: the one that begins first counts.
    expect(end('xaby', ['b', 'ab'])).toMatchObject({ text: 'x', ending: 'stop' });
  });

  it('nothing of a stop string is shown before it is known whether it is one', () => {
    expect(end('ab\n\nc', ['\n\n']).pieces).toEqual(['a', 'b', '', '']);
    expect(end('a\nb', ['\n\n']).pieces).toEqual(['a', '', '\nb']);
    expect(end('aaab', ['aab']).pieces).toEqual(['', '', 'a', '']);
  });

  it('what only begins a stop string at the end of a text belongs to it', () => {
    expect(end('ab\n', ['\n\n'])).toMatchObject({ text: 'ab\n', tokens: 3, ending: 'eos' });
    expect(end('ab\n', ['\n\n'], 3)).toMatchObject({ text: 'ab\n', ending: 'max_tokens' });
    expect(end('é', ['é!'])).toMatchObject({ text: 'é', tokens: 2 });
  });

  it('any text is cut as if its stop strings were looked for in the whole of it', () => {
    const random = new Random(4);
    const letters = (most: number) =>
      Array.from({ length: 1 + Math.floor(most * random.uniform()) }, () =>
        random.uniform() < 0.6 ? 'a' : 'b',
      ).join('');
    for (let run = 0; run < 400; run++) {
      const [text, stop] = [letters(12), [letters(4), letters(3)]];
      const places = stop.map((one) => text.indexOf(one)).filter((place) => place >= 0);
      const expected = places.length ? text.slice(0, Math.min(...places)) : text;
      // A stop string that is whole earlier ends the text, though one that begins before it might still come.
      const found = end(text, stop).text;
      expect(text.startsWith(found)).toBe(true);
      expect(found.length, JSON.stringify({ text, stop })).toBeGreaterThanOrEqual(expected.length);
      expect(stop.some((one) => found.includes(one))).toBe(false);
      if (new Set(stop.map((one) => one.length)).size === 1) expect(found).toBe(expected);
    }
  });
});

describe("the marker between documents, in a prompt, means what it means in the run's data", () => {
  const TEXTS = [
    `Once upon a time.\n${MARKER}\nThe cat`,
    `${MARKER}The cat`,
    `\n\na\n\n${MARKER}\n\n${MARKER}\n${MARKER}b\nc`,
    `a${MARKER}b${MARKER}`,
    'no marker in it',
  ];

  it("the document marker in a prompt ends a document where the run's data is text", async () => {
    for (const [i, text] of TEXTS.entries()) {
      const { tokens } = await prepareData({
        files: [put(folder, `${i}.txt`, text)],
        tokenizer: bytesOnly,
        cacheDir: join(folder, 'cache'),
      });
      const ids = new Int32Array(tokens.tokens);
      tokens.read(0, ids.length, ids);
      tokens.close();
      // The last document of a file ends with it; that of a prompt is still being written.
      const expected = text.endsWith(MARKER) ? ids : ids.slice(0, -1);
      expect(promptIds(bytesOnly, text, { marker: MARKER }), JSON.stringify(text)).toEqual(expected);
    }
  });

  it("the document marker in a prompt is text where the run's data has another format", () => {
    for (const text of TEXTS)
      expect(promptIds(bytesOnly, text, { marker: undefined })).toEqual(bytesOnly.encode(text));
  });

  it('a prompt keeps its special tokens, and the newlines around a document that it does not end', () => {
    expect(promptIds(bytesOnly, '\nab\n', { marker: MARKER })).toEqual(bytesOnly.encode('\nab\n'));
    expect([...promptIds(bytesOnly, `a${MARKER}<bos>b\n`, { marker: MARKER })]).toEqual([
      ...bytesOnly.encode('a'),
      bytesOnly.eos,
      2,
      ...bytesOnly.encode('b\n'),
    ]);
  });

  it('a prompt begins at its last document where documents are reset in training', () => {
    const reset = { marker: MARKER, reset: true };
    for (const text of TEXTS) {
      const last = text
        .split(MARKER)
        .at(-1)!
        .replace(/^\n+/, text.includes(MARKER) ? '' : '\n');
      expect(promptIds(bytesOnly, text, reset)).toEqual(bytesOnly.encode(last));
    }
    expect([...promptIds(bytesOnly, 'a<|eos|>b', reset)]).toEqual([...bytesOnly.encode('b')]);
  });

  it.each([
    ['sample', 'auto', MARKER],
    ['a.txt', 'auto', MARKER],
    ['a.jsonl', 'auto', undefined],
    ['a.NDJSON.gz', 'auto', undefined],
    ['[a.jsonl, b.txt]', 'auto', MARKER],
    ['a.jsonl', 'text', MARKER],
    ['a.txt', 'lines', undefined],
    ['a.txt', 'jsonl', undefined],
  ])('the document marker in a prompt, for %s in the format %s: %s', async (source, format, expected) => {
    const set = [`data.source=${source}`, `data.format=${format}`];
    expect(documentMarker(await loadRecipe('v61-debug', { set }))).toBe(expected);
  });
});
