import { closeSync, fstatSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { FlashError } from '../core/errors.ts';
import { fileError } from '../files/files.ts';
import { openRegularFile } from '../files/regular-file.ts';
import { DamagedStream, gunzip, unzstd } from './decompress.ts';
import { type FileKind, fileKind, HEAD_BYTES } from './file-kind.ts';
import { incompleteTail, repairUtf8, utf8Of } from './utf8.ts';

/** Callbacks while a file is read. */
export interface ReadListener {
  /** So many invalid UTF-8 sequences (or halves of surrogate pairs) were replaced. */
  readonly onReplaced?: (count: number) => void;
  /** So many bytes more were read from the file, compressed or not. */
  readonly onRead?: (bytes: number) => void;
}

export const CANNOT_READ = 'Cannot read the data';

const BLOCK_BYTES = 1 << 22;
/** More invalid sequences than this share of the bytes are not accidents: the file is not UTF-8. */
const MAX_INVALID_SHARE = 0.01;
/** In very short files a share says little. */
const FEW_INVALID = 16;

/**
 * The text of a file in blocks of valid UTF-8 that end between characters, the byte-order mark left out. What the file
 * is, its bytes decide: gzip and zstd are decompressed, UTF-16 with its mark is decoded, what is not text is refused. A
 * block is valid until the next one is asked for. @throws FlashError
 */
export async function* textBlocks(path: string, listener: ReadListener = {}): AsyncGenerator<Buffer> {
  const onReplaced = listener.onReplaced ?? (() => {});
  const source = plainBlocks(path, listener);
  try {
    const [head, blocks] = await peek(source);
    const kind = fileKind(head);
    if (kind.type === 'refused') throw refusal(path, kind.what, kind.remedy);
    if (kind.type === 'compressed') throw refusal(path, 'compressed twice', 'Decompress it once.');
    let [bytes, replaced] = [0, 0];
    for await (const block of decoded(blocks, kind, onReplaced)) {
      const repaired = repairUtf8(block);
      bytes += block.length;
      replaced += repaired.replaced;
      if (replaced > FEW_INVALID && replaced > MAX_INVALID_SHARE * bytes) {
        throw refusal(
          path,
          `not text in UTF-8 (${replaced} invalid sequences in its first ${bytes} bytes)`,
          'Convert it first, such as: iconv -f LATIN1 -t UTF-8 FILE > NEW_FILE',
        );
      }
      if (repaired.replaced > 0) onReplaced(repaired.replaced);
      yield repaired.bytes;
    }
  } catch (error) {
    if (!(error instanceof DamagedStream)) throw fileError(error, CANNOT_READ, path);
    throw new FlashError(`The compressed file is damaged: ${error.message}`, {
      where: path,
      remedy: 'Fetch or compress it again.',
    });
  } finally {
    await source.return(undefined);
  }
}

function refusal(path: string, what: string, remedy: string): FlashError {
  return new FlashError(`${CANNOT_READ}: it is ${what}`, { where: path, remedy });
}

/** The first HEAD_BYTES of a file's text, repaired, or all of it if it has fewer. @throws FlashError */
export async function textHead(path: string): Promise<Buffer> {
  for await (const block of textBlocks(path)) return Buffer.from(block.subarray(0, HEAD_BYTES));
  return Buffer.alloc(0);
}

/** The file's bytes, decompressed. */
async function* plainBlocks(path: string, { onRead }: ReadListener): AsyncGenerator<Buffer> {
  const source = fileBlocks(path, onRead);
  try {
    const [head, blocks] = await peek(source);
    const kind = fileKind(head);
    if (kind.type !== 'compressed') yield* blocks;
    else yield* kind.codec === 'gzip' ? gunzip(blocks) : unzstd(blocks);
  } finally {
    await source.return(undefined);
  }
}

async function* fileBlocks(path: string, onRead: ReadListener['onRead']): AsyncGenerator<Buffer> {
  const fd = openRegularFile(path, CANNOT_READ);
  try {
    // Folders may hold thousands of small files.
    const buffer = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, Math.max(HEAD_BYTES, fstatSync(fd).size)));
    for (;;) {
      const count = readSync(fd, buffer, 0, buffer.length, null);
      if (count === 0) return;
      yield buffer.subarray(0, count);
      // Told of when it was used: progress is that of the work.
      onRead?.(count);
    }
  } finally {
    closeSync(fd);
  }
}

/** The first HEAD_BYTES (fewer only if there are no more), and all blocks as if nothing had been read yet. */
async function peek(source: AsyncGenerator<Buffer>): Promise<[head: Buffer, blocks: AsyncGenerator<Buffer>]> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < HEAD_BYTES) {
    const next = await source.next();
    if (next.done) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
    // A block's memory may be used again once the next one is asked for.
    if (head.length < HEAD_BYTES) head = Buffer.from(head);
  }
  return [head.subarray(0, HEAD_BYTES), headFirst(head, source)];
}

async function* headFirst(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}

/** Blocks of (not always valid) UTF-8, cut only between characters. */
async function* decoded(
  blocks: AsyncIterable<Buffer>,
  { encoding, bom }: Extract<FileKind, { type: 'text' }>,
  onReplaced: (count: number) => void,
): AsyncGenerator<Buffer> {
  // Holds back halves of characters, and of surrogate pairs.
  const decoder = encoding === 'utf-8' ? undefined : new StringDecoder('utf16le');
  let skip = bom;
  let held = Buffer.alloc(0);
  for await (const block of blocks) {
    const text = block.subarray(skip);
    const data = held.length > 0 ? Buffer.concat([held, text]) : text;
    skip = 0;
    const keep = decoder ? data.length % 2 : incompleteTail(data);
    held = Buffer.from(data.subarray(data.length - keep));
    const whole = data.subarray(0, data.length - keep);
    if (encoding === 'utf-16be') whole.swap16();
    yield decoder ? utf8Of(decoder.write(whole), onReplaced) : whole;
  }
  yield decoder ? utf8Of(decoder.end(), onReplaced) : held;
}
