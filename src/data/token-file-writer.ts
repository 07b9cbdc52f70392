import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { discard, fileError, syncFolder } from '../files/files.ts';
import { type EncodedChunk, MAX_16_BIT_VOCAB } from './chunk-jobs.ts';
import { BlockSums } from './token-file-blocks.ts';
import { encodeHeader, HEADER_BYTES } from './token-file-header.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/**
 * Writes a token file chunk by chunk under a temporary name. `finish` makes it durable and gives it its
 * name in one step, so several processes may write the same file at once and none is ever seen half.
 */
export class TokenFileWriter {
  private readonly path: string;
  private readonly temporary: string;
  private readonly handle: FileHandle;
  private readonly tokenizer: Tokenizer;
  private readonly sums = new BlockSums();
  private readonly totals = { tokens: 0, documents: 0, characters: 0, bytes: 0 };

  private constructor(path: string, temporary: string, handle: FileHandle, tokenizer: Tokenizer) {
    this.path = path;
    this.temporary = temporary;
    this.handle = handle;
    this.tokenizer = tokenizer;
  }

  /** Throws FlashError if the folder can't be written. */
  static async create(path: string, tokenizer: Tokenizer): Promise<TokenFileWriter> {
    const temporary = `${path}.${randomUUID()}.tmp`;
    let writer: TokenFileWriter | undefined;
    try {
      writer = new TokenFileWriter(path, temporary, await open(temporary, 'wx'), tokenizer);
      // Room for the header, whose counts are known at the end.
      await writer.handle.writeFile(Buffer.alloc(HEADER_BYTES));
      return writer;
    } catch (error) {
      await writer?.abandon();
      throw fileError(error, 'Cannot write the token file', path);
    }
  }

  /** Adds the ids of the next chunk. Throws FlashError when the disk is full. */
  async append(chunk: EncodedChunk): Promise<void> {
    try {
      const { buffer, byteOffset, byteLength } = chunk.ids;
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      this.sums.add(bytes);
      await this.handle.writeFile(bytes);
    } catch (error) {
      throw fileError(error, 'Cannot write the token file', this.path);
    }
    this.totals.tokens += chunk.ids.length;
    this.totals.documents += chunk.documents;
    this.totals.characters += chunk.characters;
    this.totals.bytes += chunk.bytes;
  }

  /** Completes the file. `replaced`: invalid UTF-8 sequences replaced in the source. */
  async finish(replaced: number): Promise<void> {
    const { vocabSize: vocab, eos, fingerprint } = this.tokenizer;
    const bytesPerId = vocab > MAX_16_BIT_VOCAB ? 4 : 2;
    const sums = this.sums.finish();
    const header = encodeHeader({ ...this.totals, vocab, eos, fingerprint, bytesPerId, replaced }, sums);
    try {
      await this.handle.writeFile(sums);
      await this.handle.write(header, 0, header.length, 0);
      await this.handle.sync();
      await this.handle.close();
      await rename(this.temporary, this.path);
      await syncFolder(dirname(this.path));
    } catch (error) {
      throw fileError(error, 'Cannot write the token file', this.path);
    }
  }

  /** Removes what was written so far. Best effort: it must not hide the error that led here. */
  async abandon(): Promise<void> {
    await this.handle.close().catch(() => {});
    await discard(this.temporary);
  }
}
