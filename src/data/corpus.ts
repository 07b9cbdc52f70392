import { closeSync, fstatSync } from 'node:fs';
import { extname } from 'node:path';
import { FlashError } from '../core/errors.ts';
import { fileError } from '../files/files.ts';
import { openRegularFile } from '../files/regular-file.ts';
import { type Chunk, ChunkBuilder } from './chunk-builder.ts';
import { type DocumentPart, documentFilter } from './document-share.ts';
import { fillFromJson } from './json-documents.ts';
import { CANNOT_READ, type ReadListener, textBlocks, textHead } from './text-blocks.ts';
import { fillFromText } from './text-documents.ts';

/**
 * How a file holds its documents.
 * - `text`: `<|endoftext|>` between documents, usually alone on a line; the newlines around it are not part of
 *   them. A file without the marker is one document.
 * - `lines`: one document a line.
 * - `jsonl`: one JSON object a line, the document in one of its fields.
 * - `json`: JSON objects in one array, or one after the other, laid out in any way.
 * - `auto`: by the file's name, and by what it begins with (`detectFormat`).
 *
 * In `text` and `lines` CRLF counts as a newline. In all of them a byte-order mark at the start is dropped, empty
 * documents are skipped, and invalid UTF-8 is replaced by U+FFFD and counted.
 */
export const CORPUS_FORMATS = ['auto', 'text', 'lines', 'jsonl', 'json'] as const;
export type CorpusFormat = (typeof CORPUS_FORMATS)[number];
type FileFormat = Exclude<CorpusFormat, 'auto'>;

/** The field of a JSON record that holds its text, unless another is named. */
export const DEFAULT_TEXT_FIELD = 'text';

export interface CorpusOptions {
  /** Default `auto`. */
  readonly format?: CorpusFormat;
  /** Default `text`. */
  readonly textField?: string;
  /** Default: all documents. */
  readonly part?: DocumentPart;
}

/** One file of a corpus, checked to be readable and not empty. */
export interface CorpusFile {
  readonly path: string;
  readonly format: FileFormat;
  /** Size in bytes, as it is on the disk. */
  readonly size: number;
}

/** The marker between documents in the format `text`. */
export const DOCUMENT_MARKER = '<|endoftext|>';

const CHUNK_BYTES = 1 << 20;

/**
 * The documents of one or more files, read as a stream: memory grows neither with the files nor with a document. Can
 * be read any number of times.
 */
export class Corpus {
  readonly files: readonly CorpusFile[];
  /** Size of all files in bytes. */
  readonly size: number;
  /** What a person should know of how the files are read, in whole sentences. */
  readonly notices: readonly string[];
  readonly textField: string;
  readonly part: DocumentPart | undefined;

  private constructor(files: readonly CorpusFile[], notices: readonly string[], options: CorpusOptions) {
    this.files = files;
    this.size = files.reduce((sum, file) => sum + file.size, 0);
    this.notices = notices;
    this.textField = options.textField ?? DEFAULT_TEXT_FIELD;
    this.part = options.part;
  }

  /** Throws FlashError naming the first file that is missing, unreadable, empty, not a file, or not text. */
  static async open(paths: readonly string[], options: CorpusOptions = {}): Promise<Corpus> {
    const { format = 'auto', textField = DEFAULT_TEXT_FIELD } = options;
    if (paths.length === 0) throw new FlashError('No data files were given', { exitCode: 2 });
    const files: CorpusFile[] = [];
    const notices: string[] = [];
    for (const path of paths) {
      const size = sizeOf(path);
      const detected = format === 'auto' ? await detectFormat(path, textField) : { format };
      if (detected.notice) notices.push(detected.notice);
      files.push({ path, size, format: detected.format });
    }
    const isJson = ({ format }: CorpusFile): boolean => format === 'json' || format === 'jsonl';
    if (textField !== DEFAULT_TEXT_FIELD && !files.some(isJson))
      notices.push(`The text field '${textField}' has no effect: no file holds JSON records.`);
    return new Corpus(files, notices, options);
  }

  /**
   * All documents (of `part`) in order, in chunks of about `chunkBytes`. Throws FlashError for a file without a document,
   * for one that is not text, for a bad record of a JSON file with its line, and for documents too few to be divided.
   */
  async *chunks(listener: ReadListener = {}, chunkBytes = CHUNK_BYTES): AsyncGenerator<Chunk> {
    const builder = new ChunkBuilder(chunkBytes, this.part && documentFilter(this.part));
    for (const { path, format } of this.files) {
      const before = builder.documents;
      const blocks = textBlocks(path, listener);
      if (format === 'json' || format === 'jsonl') {
        const { onReplaced = () => {} } = listener;
        const options = { path, field: this.textField, byLine: format === 'jsonl', onReplaced };
        yield* fillFromJson(blocks, builder, options);
      } else {
        yield* fillFromText(blocks, builder, format === 'text' ? DOCUMENT_MARKER : '\n');
      }
      if (builder.documents === before) {
        throw new FlashError('The file has no text in it', {
          where: path,
          remedy: `It was read in the format '${format}': give another file or format.`,
        });
      }
    }
    if (this.part) checkDivided(this.part, builder);
    for (const chunk of builder.drain(true)) yield chunk;
  }
}

/** Either side must have a document, whichever is read: the mistake is found in the first pass over the data. */
function checkDivided({ validShare }: DocumentPart, { documents, kept }: ChunkBuilder): void {
  if (kept > 0 && kept < documents) return;
  if (documents === 1) {
    throw new FlashError('The text is one document: no part of its documents can be kept for validation', {
      remedy: `Divide it (format lines, or ${DOCUMENT_MARKER} between documents), or name a validation text (--valid).`,
    });
  }
  throw new FlashError(`A share of ${validShare} of ${documents} documents leaves none for validation`, {
    remedy: `Set data.valid_share to at least ${Math.ceil(100 / documents) / 100}, or name a validation text (--valid).`,
  });
}

function sizeOf(path: string): number {
  const remedy = 'The data is read more than once: name files, or write it to one first.';
  const fd = openRegularFile(path, CANNOT_READ, remedy);
  try {
    const { size } = fstatSync(fd);
    if (size > 0) return size;
    throw new FlashError('The data file is empty', { where: path, remedy: 'Give a file with text in it.' });
  } catch (error) {
    throw fileError(error, CANNOT_READ, path);
  } finally {
    closeSync(fd);
  }
}

/** The format of a file that was given none, and what to say where it is not the one that its name promises. */
async function detectFormat(
  path: string,
  textField: string,
): Promise<{ readonly format: FileFormat; readonly notice?: string }> {
  const ending = extname(path.replace(/\.(gz|zst)$/i, '')).toLowerCase();
  if (ending === '.jsonl' || ending === '.ndjson') return { format: 'jsonl' };
  if (ending === '.json') return { format: 'json' };
  if (ending === '.csv' || ending === '.tsv') {
    throw new FlashError(`${CANNOT_READ}: it is a table`, {
      where: path,
      remedy:
        "Convert it to JSON lines (.jsonl), or set the format to 'lines' to train on its lines as they are.",
    });
  }
  const head = (await textHead(path)).toString('utf8');
  if (/^\s*\[\s*\{\s*"/.test(head)) {
    return { format: 'json', notice: `${path} holds a JSON array: its records are read (format json).` };
  }
  if (isRecord(head.trimStart().split('\n', 1)[0]!, textField)) {
    return { format: 'jsonl', notice: `${path} holds JSON lines: their texts are read (format jsonl).` };
  }
  return { format: 'text' };
}

function isRecord(line: string, textField: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    return typeof (JSON.parse(line) as Record<string, unknown>)[textField] === 'string';
  } catch {
    return false;
  }
}
