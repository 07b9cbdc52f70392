import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { Corpus, type CorpusFormat, type CorpusOptions } from '../../src/data/corpus.ts';
import type { ReadListener } from '../../src/data/text-blocks.ts';

export { trainOn } from './train-on.ts';

/** A folder that is gone when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flashlm-data-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file into `folder` and returns its path. */
export function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

export const sampleTrain = new URL('../../src/data/sample/train.txt', import.meta.url).pathname;
export const sampleValid = new URL('../../src/data/sample/valid.txt', import.meta.url).pathname;

/** The documents of a `<|endoftext|>` file, by the plainest code there is. */
export function plainDocuments(path: string): string[] {
  const parts = readFileSync(path, 'utf8').split('<|endoftext|>');
  return parts.map((part) => part.replace(/^\n+|\n+$/g, '')).filter((text) => text !== '');
}

/** What an async generator gives, in one list; each item as it was when it came. */
export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** All documents of a corpus in order, each whole. */
export async function documentsOf(
  paths: string | readonly string[],
  format?: CorpusFormat,
  options: CorpusOptions & ReadListener = {},
): Promise<string[]> {
  const corpus = await Corpus.open([paths].flat(), { format, ...options });
  const documents: string[] = [];
  let open: Uint8Array[] = [];
  for await (const { bytes, ends } of corpus.chunks(options)) {
    let start = 0;
    for (const end of ends) {
      documents.push(Buffer.concat([...open, bytes.subarray(start, end)]).toString('utf8'));
      open = [];
      start = end;
    }
    if (start < bytes.length) open.push(bytes.subarray(start));
  }
  return documents;
}

/** The FlashError that the work ends with. */
export async function flashErrorOf(work: Promise<unknown>): Promise<FlashError> {
  const error = await work.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  if (error instanceof FlashError) return error;
  throw error;
}

/** Text that visits every branch of the pre-tokenizer and most of the byte alphabet. */
export const ODD_TEXT = [
  "I'm sure they're right, we've seen it; he'd say it's Bob's, you'll agree. I'M SURE THEY'RE 'tis ''s 'sx 'v 'r",
  'tabs\t\tand  two   three    blanks \n\n\n lines \r\n\r\n end  ',
  '3 14 159 2653 1,234.56 ½ Ⅷ ٣٤٥ x²y₃ 12abc34',
  'naïve café Über straße ĳ ΑΒΓ где 日本語のテキスト 한국어 हिन्दी עברית العربية',
  '😀 👩‍👩‍👧‍👦 🇩🇪 ✨!? — “quotes” … «guillemets»',
  'a\u00a0b\u2003c\u3000\u3000d\u0085e\u200bf\ufeffg\u180eh\u2028i',
  'nul\0nul \0 \u0001\u001f\u007f\u009f \ufffd \uffff \u{10ffff}',
  'e\u0301 a\u0308\u0323 \u0301 !\u0301 ...!!!??? ---###@@@ $9.99 #tag a_b _ __init__',
  'aaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbb abababababababab    ',
].join('\n');
