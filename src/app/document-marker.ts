import { DOCUMENT_MARKER } from '../data/corpus.ts';
import { isFiles, type Recipe } from '../recipes/load.ts';

/** Names of files that are not plain text. What such a file holds may be known only once it is read. */
const JSON_FILE = /\.(json|jsonl|ndjson)(\.(gz|zst))?$/i;

/** The marker between documents in the texts that a recipe trains on; undefined where there is none. */
export function documentMarker({ data }: Pick<Recipe, 'data'>): string | undefined {
  const { format, source } = data;
  if (!isFiles(source)) return undefined;
  const hasText = format === 'auto' && [source].flat().some((path) => !JSON_FILE.test(path));
  return format === 'text' || hasText ? DOCUMENT_MARKER : undefined;
}
