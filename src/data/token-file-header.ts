import { createHash } from 'node:crypto';
import { sumsLength } from './token-file-blocks.ts';

/** What a token file says of itself. */
export interface TokenFileInfo {
  /** Number of ids that can occur: every id is below it. */
  readonly vocab: number;
  /** The id that ends every document. */
  readonly eos: number;
  /** Number of ids in the file, the ends of documents included. */
  readonly tokens: number;
  readonly documents: number;
  /** Unicode code points of the documents' text. */
  readonly characters: number;
  /** UTF-8 bytes of the documents' text. */
  readonly bytes: number;
  /** Invalid UTF-8 sequences of the source that were replaced by U+FFFD. */
  readonly replaced: number;
  /** The tokenizer's fingerprint: 64 hexadecimal digits. */
  readonly fingerprint: string;
  readonly bytesPerId: 2 | 4;
}

/** Raised whenever the same text and tokenizer would give another file. */
export const TOKEN_FILE_VERSION = 3;
export const HEADER_BYTES = 128;

/** Far beyond any corpus: bounds what is read of a file of a stranger's making before it is known to be whole. */
const MAX_TOKENS = 2 ** 40;
const MAGIC = 'FLASHTOK';
const COUNTS = ['tokens', 'documents', 'characters', 'bytes', 'replaced'] as const;
const COUNTS_AT = 24;
const FINGERPRINT_AT = 64;
const CHECKSUM_AT = 96;

/**
 * The header, little-endian as everything in the file: magic (8 bytes), version, bytes per id, vocab, eos (u32 each),
 * the five counts (u64 each), the fingerprint (32 bytes), SHA-256 of all that and of `sums` (32 bytes). The ids follow
 * it, and then `sums`, the checksums of the blocks that they lie in.
 */
export function encodeHeader(info: TokenFileInfo, sums: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 'latin1');
  [TOKEN_FILE_VERSION, info.bytesPerId, info.vocab, info.eos].forEach((value, i) => {
    header.writeUInt32LE(value, 8 + 4 * i);
  });
  COUNTS.forEach((name, i) => {
    header.writeBigUInt64LE(BigInt(info[name]), COUNTS_AT + 8 * i);
  });
  header.write(info.fingerprint, FINGERPRINT_AT, 'hex');
  checksum(header, sums).copy(header, CHECKSUM_AT);
  return header;
}

/**
 * Reads a header, or says in a few words what is wrong with it. `size`: bytes of the whole file, with which the
 * header agrees before `isGenuine` may believe a word of it.
 */
export function decodeHeader(header: Buffer, size: number): TokenFileInfo | string {
  if (header.length < HEADER_BYTES) return `it has ${size} bytes, less than a header`;
  if (header.toString('latin1', 0, 8) !== MAGIC) return 'it does not begin like a token file';
  const [version, bytesPerId, vocab, eos] = [8, 12, 16, 20].map((at) => header.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  if (version !== TOKEN_FILE_VERSION) return `it has version ${version}, expected ${TOKEN_FILE_VERSION}`;
  const [tokens, documents, characters, bytes, replaced] = COUNTS.map((_, i) => {
    return Number(header.readBigUInt64LE(COUNTS_AT + 8 * i));
  }) as [number, number, number, number, number];
  if ((bytesPerId !== 2 && bytesPerId !== 4) || eos >= vocab || tokens < 1 || tokens > MAX_TOKENS)
    return 'its header makes no sense';
  const expected = HEADER_BYTES + tokens * bytesPerId + sumsLength(tokens * bytesPerId);
  if (size !== expected) return `it has ${size} bytes, its header promises ${expected}`;
  const fingerprint = header.toString('hex', FINGERPRINT_AT, CHECKSUM_AT);
  return { vocab, eos, tokens, documents, characters, bytes, replaced, fingerprint, bytesPerId };
}

/** Whether a header and the checksums at the end of its file are as they were written. */
export function isGenuine(header: Buffer, sums: Uint8Array): boolean {
  return checksum(header, sums).equals(header.subarray(CHECKSUM_AT));
}

function checksum(header: Buffer, sums: Uint8Array): Buffer {
  return createHash('sha256').update(header.subarray(0, CHECKSUM_AT)).update(sums).digest();
}
