import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeModel } from '../../src/compose/run.ts';
import { prepareData } from '../../src/data/prepare.ts';
import { TokenFile } from '../../src/data/token-file.ts';
import { TokenFileWriter } from '../../src/data/token-file-writer.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Evaluator } from '../../src/train/evaluate.ts';
import type { EvaluationText } from '../../src/train/scorer.ts';
import { tokenText } from '../../src/train/token-text.ts';
import { put, temporaryFolder, trainOn } from '../data/workshop.ts';

const folder = temporaryFolder();
const opened: TokenFile[] = [];
afterAll(() => {
  for (const file of opened) file.close();
});

const tokenizer = trainOn(['x'], 260);

/** A token file whose one document has this many tokens, its end included. */
async function oneDocument(tokens: number): Promise<TokenFile> {
  const path = join(folder, `${tokens}.tokens`);
  const writer = await TokenFileWriter.create(path, tokenizer);
  const ids = Uint16Array.from({ length: tokens }, (_, i) => 4 + ((i * 7) % 26));
  ids[tokens - 1] = tokenizer.eos;
  await writer.append({ ids, documents: 1, characters: tokens - 1, bytes: tokens - 1 });
  await writer.finish(0);
  const file = TokenFile.open(path);
  opened.push(file);
  return file;
}

/** Every id of a text, in order. */
const idsOf = (text: EvaluationText): number[] => [...text.tokens()].flatMap((ids) => [...ids]);

it.each(['text', 'lines', 'jsonl'] as const)(
  'the text of a token limit covers exactly that many tokens, of data in the format %s',
  async (format) => {
    // Outside the first plane a character has two UTF-16 units; with few merges its bytes lie in several tokens.
    const documents = ['a 😀 b', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢', 'é€', '👩‍👩‍👧‍👦 family', 'plain'];
    const json = documents.map((text) => JSON.stringify({ text }));
    const content = {
      text: documents.join('<|endoftext|>'),
      lines: documents.join('\n'),
      jsonl: json.join('\n'),
    };
    const { tokens: file, tokenizer } = await prepareData({
      files: [put(folder, `planes.${format}`, content[format])],
      format,
      tokenizer: { type: 'byte_bpe', vocab: 262 },
      cacheDir: join(folder, 'cache'),
    });
    opened.push(file);
    const all = documents.flatMap((text) => [...tokenizer.encode(text), tokenizer.eos]);
    for (let limit = 1; limit <= all.length + 2; limit++) {
      const text = tokenText('valid', file, tokenizer, limit);
      const ids = all.slice(0, limit);
      expect(idsOf(text)).toEqual(ids);
      // The character that the limit cuts is decoded to one U+FFFD.
      expect(text.characters).toBe([...tokenizer.decode(ids)].length);
      expect(text.bytes).toBe(ids.reduce((sum, id) => sum + tokenizer.textSize(Int32Array.of(id)).bytes, 0));
    }
    const whole = {
      characters: [...documents.join('')].length,
      bytes: Buffer.byteLength(documents.join('')),
    };
    expect(tokenText('valid', file, tokenizer)).toMatchObject(whole);
  },
);

it('the text of a token limit cuts the first document too, however long it is', async () => {
  const file = await oneDocument(100);
  const text = tokenText('valid', file, tokenizer, 7);
  expect(idsOf(text)).toHaveLength(7);
  expect(text).toMatchObject({ characters: 7, bytes: 7 });
});

it.each([
  ['token-wise', 'silu', 150_000],
  ['that carries state', 'token_shift', 20_000],
])('a long document is read in pieces of bounded size: a model %s', async (_, layer, tokens) => {
  const set = [`model=[{embedding: {vocab: 260, dim: 2}}, ${layer}, tied_head]`, 'tokenizer.vocab=260'];
  const model = composeModel(await loadRecipe('shift', { set }), createReferenceBackend('f32'));
  const options = { seqLen: 256, collapse: 'auto', blockRows: 'auto', causal: true } as const;
  const file = await oneDocument(tokens);
  const read = vi.spyOn(TokenFile.prototype, 'read');
  try {
    const limit = tokens - 1;
    const event = new Evaluator(model, options).evaluate(tokenText('valid', file, tokenizer, limit), 0);
    expect(event).toMatchObject({ tokens: limit, characters: limit, bytes: limit });
    // Once for the size of the text, once for the score: neither in one go, nor into memory for all of it.
    const total = read.mock.calls.reduce((sum, [, count]) => sum + count, 0);
    expect(total).toBe(2 * limit);
    for (const [, , out] of read.mock.calls)
      expect(out.length).toBeLessThanOrEqual(Math.min(1 << 16, tokens - 1));
  } finally {
    read.mockRestore();
  }
});
