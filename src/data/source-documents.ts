import { existsSync } from 'node:fs';
import type { DataSource } from '../core/data-source.ts';
import { FlashError } from '../core/errors.ts';
import { writeFileAtomic } from '../files/files.ts';
import { DEFAULT_TEXT_FIELD } from './corpus.ts';
import { DataCache } from './data-cache.ts';

/**
 * The file of the cache that holds the documents of `source`, one JSON record a line. It is written when the cache has
 * nothing under the source's identity; from then on documents are read as those of any other file.
 * @throws FlashError for a source without an identity or documents, and for what it gives that is not text.
 */
export async function keepDocuments(name: string, source: DataSource, cacheDir?: string): Promise<string> {
  const { identity } = source;
  if (typeof identity !== 'string' || identity === '') throw wrong(name, 'its identity must be a text');
  if (typeof source.documents !== 'function') throw wrong(name, "'documents' is missing");
  const cache = await DataCache.open(cacheDir);
  const path = cache.documentsPath(name, identity);
  if (!existsSync(path)) await writeFileAtomic(path, records(name, source));
  return path;
}

async function* records(name: string, source: DataSource): AsyncGenerator<string> {
  let count = 0;
  for await (const text of iterate(name, source)) {
    if (typeof text !== 'string') throw wrong(name, `document ${count + 1} is not a text`);
    count++;
    yield `${JSON.stringify({ [DEFAULT_TEXT_FIELD]: text })}\n`;
  }
  if (count === 0) throw wrong(name, 'it gave no document');
}

/** What is thrown while documents are read is the source's, whoever reads them. */
async function* iterate(name: string, source: DataSource): AsyncGenerator<unknown> {
  try {
    yield* source.documents();
  } catch (error) {
    throw wrong(name, error instanceof Error ? error.message : String(error), error);
  }
}

const wrong = (name: string, what: string, cause?: unknown): FlashError =>
  new FlashError(`The data source '${name}' failed: ${what}`, { cause });
