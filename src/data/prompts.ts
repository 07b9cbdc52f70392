import { FlashError } from '../core/errors.ts';
import { DEFAULT_TEXT_FIELD } from './corpus.ts';
import { textBlocks } from './text-blocks.ts';

/** Prompts are all in memory at once. */
const MAX_CHARACTERS = 1 << 26;

/**
 * The prompts of a file: one a line, or JSON. JSON is one array, or one value a line; each prompt is a string, or an object
 * whose `field` is one. A file is JSON when its name says so (.json, .jsonl, .ndjson), when it holds an array of such
 * prompts, or when its first line is such an object. Blank lines are left out: they part prompts for the eye.
 * @throws FlashError for a file that cannot be read, is not text, or holds anything else, with the line.
 */
export async function readPrompts(path: string, field = DEFAULT_TEXT_FIELD): Promise<string[]> {
  let text = '';
  for await (const block of textBlocks(path)) {
    text += block.toString('utf8');
    if (text.length <= MAX_CHARACTERS) continue;
    throw new FlashError(`The file has more than ${MAX_CHARACTERS.toLocaleString('en')} characters`, {
      where: path,
      remedy: 'Write the texts of a part of the prompts at a time.',
    });
  }
  const none = new FlashError('The file has no prompt in it', { where: path, remedy: REMEDY });
  if (text.trim() === '') throw none;
  const name = path.replace(/\.(gz|zst)$/i, '');
  const array = text.trimStart().startsWith('[') ? parsed(text) : undefined;
  if (Array.isArray(array) && array.length === 0) throw none;
  if (
    Array.isArray(array) &&
    (/\.json$/i.test(name) || array.every((value) => promptOf(value, field) !== undefined))
  )
    return array.map((value, i) => checked(value, field, `${path}, entry ${i + 1}`));
  if (/\.json$/i.test(name))
    throw new FlashError('The file is not a JSON array', { where: path, remedy: REMEDY });
  const lines = [...text.split(/\r?\n/).entries()].filter(([, line]) => line.trim() !== '');
  const first = lines[0]![1];
  const isJson = /\.(jsonl|ndjson)$/i.test(name) || (first.startsWith('{') && isRecord(first, field));
  return lines.map(([i, line]) => (isJson ? checked(parsed(line), field, `${path}:${i + 1}`) : line));
}

const REMEDY = 'Give one prompt a line, or a JSON array of strings.';

/** The value of a JSON text, undefined where it is none. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function promptOf(value: unknown, field: string): string | undefined {
  const prompt =
    typeof value === 'object' && value !== null && Object.hasOwn(value, field)
      ? (value as Record<string, unknown>)[field]
      : value;
  return typeof prompt === 'string' ? prompt : undefined;
}

const isRecord = (line: string, field: string): boolean => {
  const value = parsed(line);
  return typeof value === 'object' && promptOf(value, field) !== undefined;
};

function checked(value: unknown, field: string, where: string): string {
  const prompt = promptOf(value, field);
  if (prompt !== undefined) return prompt;
  const remedy = `Each prompt must be a JSON string, or an object: {"${field}": "..."}. --text-field names another field.`;
  throw new FlashError('The prompt is neither a string nor an object with one', { where, remedy });
}
