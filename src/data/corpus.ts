import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import { FlashError } from '../core/errors.ts';
import { fileError, formatBytes } from '../core/files.ts';
import { type Chunk, ChunkBuilder } from './chunk-builder.ts';
import { incompleteTail, repairUtf8 } from './utf8.ts';

/**
 * How a file holds its documents.
 * - `text`: `<|endoftext|>` between documents, usually on a line of its own; the newlines around it are not part of
 *   them. A file without the marker is one document.
 * - `lines`: one document a line.
 * - `jsonl`: one JSON object a line, the document in its `text` field.
 * - `auto`: `jsonl` for names ending in .jsonl or .ndjson, `text` for all others.
 *
 * In `text` and `lines` CRLF counts as a newline. In all of them a byte-order mark at the start is dropped, empty
 * documents are skipped, and invalid UTF-8 is replaced by U+FFFD and counted.
 */
export const CORPUS_FORMATS = ['auto', 'text', 'lines', 'jsonl'] as const;
export type CorpusFormat = (typeof CORPUS_FORMATS)[number];

/** One file of a corpus, checked to be readable and not empty. */
export interface CorpusFile {
  readonly path: string;
  readonly format: Exclude<CorpusFormat, 'auto'>;
  /** Size in bytes. */
  readonly size: number;
}

/** The marker between documents in the format `text`. */
export const DOCUMENT_MARKER = '<|endoftext|>';

const BLOCK_BYTES = 1 << 22;
const CHUNK_BYTES = 1 << 20;

/**
 * The documents of one or more files, read as a stream: memory does not grow with the files, nor (but for `jsonl`)
 * with a document. Can be read any number of times.
 */
export class Corpus {
  readonly files: readonly CorpusFile[];
  /** Size of all files in bytes. */
  readonly size: number;

  /** Throws FlashError naming the first file that is missing, unreadable, empty or no regular file. */
  constructor(paths: readonly string[], format: CorpusFormat = 'auto') {
    if (paths.length === 0) throw new FlashError('No data files were given', { exitCode: 2 });
    this.files = paths.map((path) => inspect(path, format));
    this.size = this.files.reduce((sum, file) => sum + file.size, 0);
  }

  /**
   * All documents in order, in chunks of about `chunkBytes`. `onReplaced` hears of every invalid UTF-8 sequence.
   * Throws FlashError for a file without a document, and for a bad line of a JSONL file with its number.
   */
  *chunks(onReplaced: (count: number) => void = () => {}, chunkBytes = CHUNK_BYTES): Generator<Chunk> {
    const builder = new ChunkBuilder(chunkBytes);
    for (const file of this.files) {
      const before = builder.documents;
      const blocks = readBlocks(file.path, onReplaced);
      yield* file.format === 'jsonl'
        ? fillFromJsonLines(blocks, builder, file.path, onReplaced)
        : fillFromText(withNewlines(blocks), builder, file.format === 'text' ? DOCUMENT_MARKER : '\n');
      if (builder.documents === before) {
        throw new FlashError('The file has no text in it', {
          where: file.path,
          remedy: `It was read in the format '${file.format}': give another file or format.`,
        });
      }
    }
    yield* builder.drain(true);
  }

  /** All documents in order, each whole. */
  *documents(): Generator<string> {
    let open: Uint8Array[] = [];
    for (const { bytes, ends } of this.chunks()) {
      let start = 0;
      for (const end of ends) {
        yield Buffer.concat([...open, bytes.subarray(start, end)]).toString('utf8');
        open = [];
        start = end;
      }
      if (start < bytes.length) open.push(bytes.subarray(start));
    }
  }
}

function inspect(path: string, format: CorpusFormat): CorpusFile {
  const fd = openForReading(path);
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) {
      throw new FlashError('Cannot read the data: it is a folder', {
        where: path,
        remedy: 'Name the files in it.',
      });
    }
    if (!stat.isFile()) {
      throw new FlashError('Cannot read the data: it is no regular file', {
        where: path,
        remedy: 'The data is read more than once: write it to a file first.',
      });
    }
    if (stat.size === 0) {
      throw new FlashError('The data file is empty', { where: path, remedy: 'Give a file with text in it.' });
    }
    const json = ['.jsonl', '.ndjson'].includes(extname(path).toLowerCase());
    return { path, size: stat.size, format: format === 'auto' ? (json ? 'jsonl' : 'text') : format };
  } catch (error) {
    throw fileError(error, 'Cannot read the data', path);
  } finally {
    closeSync(fd);
  }
}

function openForReading(path: string): number {
  try {
    // Without O_NONBLOCK a pipe would be waited for before it can be refused.
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw fileError(error, 'Cannot read the data', path);
  }
}

/** The file's blocks as valid UTF-8, cut only between characters. A block is good until the next one is asked for. */
function* readBlocks(path: string, onReplaced: (count: number) => void): Generator<Buffer> {
  const fd = openForReading(path);
  try {
    const buffer = Buffer.allocUnsafe(BLOCK_BYTES + 3);
    let held = 0;
    for (let first = true; ; first = false) {
      const count = readSync(fd, buffer, held, BLOCK_BYTES, null);
      const read = buffer.subarray(0, held + count);
      const start = first && read[0] === 0xef && read[1] === 0xbb && read[2] === 0xbf ? 3 : 0;
      const keep = count === 0 ? 0 : incompleteTail(read);
      const { bytes, replaced } = repairUtf8(read.subarray(start, read.length - keep));
      if (replaced > 0) onReplaced(replaced);
      yield bytes;
      if (count === 0) return;
      buffer.copyWithin(0, read.length - keep, read.length);
      held = keep;
    }
  } catch (error) {
    throw fileError(error, 'Cannot read the data', path);
  } finally {
    closeSync(fd);
  }
}

const CRLF = Buffer.from('\r\n');

/** Turns CRLF into LF, also where a block ends between the two. */
function* withNewlines(blocks: Iterable<Buffer>): Generator<Buffer> {
  let heldReturn = false;
  for (const block of blocks) {
    if (block.length === 0) continue;
    if (heldReturn && block[0] !== CRLF[1]) yield CRLF.subarray(0, 1);
    heldReturn = block[block.length - 1] === CRLF[0];
    yield dropReturns(heldReturn ? block.subarray(0, -1) : block);
  }
  if (heldReturn) yield CRLF.subarray(0, 1);
}

function dropReturns(block: Buffer): Buffer {
  let kept = block.indexOf(CRLF);
  if (kept < 0) return block;
  for (let from = kept; ; ) {
    const next = block.indexOf(CRLF, from + 1);
    const stop = next < 0 ? block.length : next;
    block.copyWithin(kept, from + 1, stop);
    kept += stop - from - 1;
    if (next < 0) return block.subarray(0, kept);
    from = next;
  }
}

function* fillFromText(blocks: Iterable<Buffer>, builder: ChunkBuilder, delimiter: string): Generator<Chunk> {
  const marker = Buffer.from(delimiter);
  let held = Buffer.alloc(0);
  for (const block of blocks) {
    const data = held.length > 0 ? Buffer.concat([held, block]) : block;
    let from = 0;
    for (let at = data.indexOf(marker); at >= 0; at = data.indexOf(marker, from)) {
      builder.append(data.subarray(from, at), true);
      builder.endDocument(true);
      yield* builder.drain(false);
      from = at + marker.length;
    }
    const keep = markerBegun(data.subarray(from), marker);
    held = Buffer.from(data.subarray(data.length - keep));
    builder.append(data.subarray(from, data.length - keep), true);
    yield* builder.drain(false);
  }
  builder.append(held, true);
  builder.endDocument(true);
}

/** How many bytes at the end of `data` are a beginning of the marker. */
function markerBegun(data: Buffer, marker: Buffer): number {
  for (let keep = Math.min(marker.length - 1, data.length); keep > 0; keep--) {
    if (data.subarray(-keep).equals(marker.subarray(0, keep))) return keep;
  }
  return 0;
}

function* fillFromJsonLines(
  blocks: Iterable<Buffer>,
  builder: ChunkBuilder,
  path: string,
  onReplaced: (count: number) => void,
): Generator<Chunk> {
  let parts: Buffer[] = [];
  let number = 0;
  function addLine(): void {
    number++;
    const text = textOfLine(Buffer.concat(parts), `${path}:${number}`);
    parts = [];
    // JSON can name half a surrogate pair, which no UTF-8 can hold.
    const halves = text.match(/\p{Cs}/gu);
    if (halves) onReplaced(halves.length);
    builder.append(Buffer.from(text, 'utf8'), false);
    builder.endDocument(false);
  }
  for (const block of blocks) {
    let from = 0;
    for (let at = block.indexOf(0x0a); at >= 0; at = block.indexOf(0x0a, from)) {
      parts.push(block.subarray(from, at));
      addLine();
      yield* builder.drain(false);
      from = at + 1;
    }
    if (from < block.length) parts.push(Buffer.from(block.subarray(from)));
  }
  addLine();
}

/** The `text` of one line; an empty line has none. */
function textOfLine(line: Buffer, where: string): string {
  let value: unknown;
  try {
    const json = line.toString('utf8');
    if (json.trim() === '') return '';
    value = JSON.parse(json);
  } catch (cause) {
    const long = (cause as { code?: unknown }).code === 'ERR_STRING_TOO_LONG';
    const what = long ? `The line is too long (${formatBytes(line.length)})` : 'The line is not valid JSON';
    throw new FlashError(what, {
      where,
      remedy: 'Each line must be one JSON object: {"text": "..."}.',
      cause,
    });
  }
  const text = (value as { text?: unknown } | null)?.text;
  if (typeof text !== 'string') {
    throw new FlashError("The line has no string field 'text'", {
      where,
      remedy: 'Each line must be one JSON object: {"text": "..."}.',
    });
  }
  return text;
}
