import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { prepareData } from '../../src/data/prepare.ts';
import { TokenFile } from '../../src/data/token-file.ts';
import { TokenFileWriter } from '../../src/data/token-file-writer.ts';
import { composeModel } from '../../src/recipes/compose.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Evaluator } from '../../src/train/evaluate.ts';
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

it('counts code points and bytes of exactly the documents that a limit lets in', async () => {
  // Outside the first plane a character has two UTF-16 units; with few merges its bytes lie in several tokens.
  const documents = ['a 😀 b', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢', 'é€', '👩‍👩‍👧‍👦 family', 'plain'];
  const files = [put(folder, 'planes.txt', documents.join('<|endoftext|>'))];
  const cacheDir = join(folder, 'cache');
  const { tokens, tokenizer } = await prepareData({
    files,
    tokenizer: { type: 'byte_bpe', vocab: 262 },
    cacheDir,
  });
  opened.push(tokens);
  const ends = [...tokens.documents()].map(({ end }) => end);
  for (let kept = 1; kept <= documents.length; kept++) {
    const text = documents.slice(0, kept).join('');
    const size = { characters: [...text].length, bytes: Buffer.byteLength(text) };
    const end = ends[kept - 1]!;
    const next = ends[kept] ?? end + 1;
    // At the limit itself, and up to one token before the next document would fit.
    for (const limit of [end, next - 1]) {
      const covered = tokenText('valid', tokens, tokenizer, limit);
      expect([...covered.documents()].map(({ length }) => length)).toEqual(
        ends.slice(0, kept).map((end, i) => end - (ends[i - 1] ?? 0)),
      );
      expect({ characters: covered.characters, bytes: covered.bytes }).toEqual(size);
    }
  }
});

it('takes the first document whole, however small the limit', async () => {
  const file = await oneDocument(100);
  const text = tokenText('valid', file, tokenizer, 1);
  expect([...text.documents()].map(({ length }) => length)).toEqual([100]);
  expect(text).toMatchObject({ characters: 99, bytes: 99 });
});

it.each([
  ['token-wise', 'silu', 150_000],
  ['that carries state', 'token_shift', 20_000],
])('reads a long document in pieces of bounded size: a model %s', async (_, layer, tokens) => {
  const set = [`model=[{embedding: {vocab: 260, dim: 2}}, ${layer}, tied_head]`, 'tokenizer.vocab=260'];
  const model = composeModel(await loadRecipe('shift', { set }), createReferenceBackend('f32'));
  const options = { seqLen: 256, collapse: 'auto', blockRows: 'auto', causal: true } as const;
  const file = await oneDocument(tokens);
  const read = vi.spyOn(TokenFile.prototype, 'read');
  try {
    const event = new Evaluator(model, options).evaluate(tokenText('valid', file, tokenizer, 1), 0);
    expect(event).toMatchObject({ tokens, characters: tokens - 1, bytes: tokens - 1 });
    // Once for the size of the text, once for the score: neither in one go, nor into memory for all of it.
    const total = read.mock.calls.reduce((sum, [, count]) => sum + count, 0);
    expect(total).toBe(2 * tokens);
    for (const [, , out] of read.mock.calls)
      expect(out.length).toBeLessThanOrEqual(Math.min(1 << 16, tokens - 1));
  } finally {
    read.mockRestore();
  }
});
