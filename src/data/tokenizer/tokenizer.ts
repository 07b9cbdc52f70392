import { createHash } from 'node:crypto';
import { TextDecoder } from 'node:util';
import { FlashError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../files/files.ts';
import { readSmallFile } from '../../files/regular-file.ts';
import { countCodePoints } from '../utf8.ts';
import { BpeEncoder, type IdArray } from './bpe-encoder.ts';
import { trainBpe } from './bpe-trainer.ts';
import { BYTE_TO_CHAR, tokenBytes } from './byte-alphabet.ts';
import { MAX_VOCAB } from './merges.ts';
import {
  fromTokenizerJson,
  type SpecialToken,
  type TokenizerSpec,
  toTokenizerJson,
} from './tokenizer-json.ts';
import type { WordCounts } from './word-counter.ts';

/** The special tokens of a tokenizer trained here, with the ids 0 to 3. */
export const SPECIAL_TOKENS = ['<pad>', '<unk>', '<bos>', '<|eos|>'] as const;
/** Names of the end-of-document token, the first that a tokenizer has is taken (the second is GPT-2's). */
const END_TOKENS = ['<|eos|>', '<|endoftext|>'];
/** Smallest vocabulary: the special tokens and the 256 bytes. */
export const MIN_VOCAB = SPECIAL_TOKENS.length + 256;

const MAX_FILE_BYTES = 2 ** 28;

/**
 * Byte-level BPE with GPT-2's pre-tokenizer: any text has ids, and `decode(encode(text)) === text` for well-formed
 * text. Gives the same ids as Hugging Face's tokenizers given the same tokenizer.json, which it reads and writes.
 */
export class Tokenizer {
  /** Number of ids: 0 to vocabSize - 1. */
  readonly vocabSize: number;
  /** The id that ends every document. */
  readonly eos: number;
  /** SHA-256 (hexadecimal) of everything that decides which ids a text gets. */
  readonly fingerprint: string;

  private readonly spec: TokenizerSpec;
  private readonly encoder: BpeEncoder;
  private readonly bytesOf: readonly Uint8Array[];
  private readonly specials: ReadonlyMap<string, number>;
  /** Ids of the special tokens, `eos` among them. */
  readonly specialIds: ReadonlySet<number>;
  /** Each splits what those before it left. */
  private readonly specialPatterns: readonly RegExp[];

  private constructor(spec: TokenizerSpec, where: string) {
    const { tokens, merges, specials } = spec;
    const idOf = new Map(tokens.map((token, id) => [token, id]));
    this.spec = spec;
    this.vocabSize = tokens.length;
    this.specials = new Map(specials.map(({ content, id }) => [content, id]));
    this.specialIds = new Set(this.specials.values());
    const end = END_TOKENS.find((token) => this.specials.has(token));
    if (end === undefined) {
      throw new FlashError(`The tokenizer has no end-of-document token (${END_TOKENS.join(' or ')})`, {
        where,
        remedy: 'Add it to added_tokens as a special token, or let a new tokenizer be trained.',
      });
    }
    this.eos = this.specials.get(end)!;
    this.fingerprint = createHash('sha256')
      .update(JSON.stringify([tokens, merges, specials]))
      .digest('hex');
    this.bytesOf = tokens.map(tokenBytes);
    const mergedIds = merges.map(([left, right]) => idOf.get(tokens[left]! + tokens[right]!)!);
    this.encoder = new BpeEncoder(
      Int32Array.from(BYTE_TO_CHAR, (char) => idOf.get(char)!),
      merges,
      mergedIds,
    );
    const groups = [specials.filter((s) => !s.normalized), specials.filter((s) => s.normalized)];
    this.specialPatterns = groups.filter((group) => group.length > 0).map(specialPattern);
  }

  /**
   * Learns a tokenizer of at most `vocab` ids from the words of a corpus. It has fewer when no pair of tokens is left
   * that occurs `minFrequency` times. Throws FlashError for an impossible size.
   */
  static train(
    words: WordCounts,
    options: { readonly vocab: number; readonly minFrequency: number },
  ): Tokenizer {
    const { vocab } = options;
    if (!Number.isInteger(vocab) || vocab < MIN_VOCAB || vocab > MAX_VOCAB) {
      throw new FlashError(`A vocabulary of ${vocab} is not possible`, {
        remedy: `Ask for a whole number from ${MIN_VOCAB} (special tokens and bytes) to ${MAX_VOCAB}.`,
        exitCode: 2,
      });
    }
    const specials = SPECIAL_TOKENS.map((content, id) => ({ id, content }));
    return new Tokenizer(
      { ...trainBpe(words, { ...options, specials: SPECIAL_TOKENS }), specials },
      'training',
    );
  }

  /** Reads a tokenizer.json. Throws FlashError saying what is wrong with it. */
  static load(path: string): Tokenizer {
    const json = readSmallFile(path, 'Cannot read the tokenizer', MAX_FILE_BYTES);
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch (cause) {
      throw new FlashError('The tokenizer file is not valid JSON', {
        where: path,
        remedy: 'Check the path.',
        cause,
      });
    }
    return Tokenizer.fromJSON(value, path);
  }

  /** From a parsed tokenizer.json; `where` names it in errors. Throws FlashError saying what is wrong with it. */
  static fromJSON(value: unknown, where: string): Tokenizer {
    return new Tokenizer(fromTokenizerJson(value, where), where);
  }

  /** What the tokenizer.json asks for and has no effect here, in whole sentences. */
  get notices(): readonly string[] {
    return this.spec.notices ?? [];
  }

  /** The tokenizer.json. */
  toJSON(): unknown {
    return toTokenizerJson(this.spec);
  }

  /** Writes the tokenizer.json in one step: no half-written file is left under this name. */
  async save(path: string): Promise<void> {
    await writeFileAtomic(path, `${JSON.stringify(this, null, 1)}\n`);
  }

  /**
   * The ids of a text. As in Hugging Face's, special tokens written in the text (`<|eos|>`) become their ids. Half
   * surrogate pairs count as U+FFFD.
   */
  encode(text: string): Int32Array {
    const ids = new Int32Array(Buffer.byteLength(text, 'utf8'));
    let count = 0;
    const encodeFrom = (part: string, pattern: number): void => {
      const special = this.specialPatterns[pattern];
      if (!special) {
        count = this.encodeUtf8(Buffer.from(part, 'utf8'), 0, undefined, ids, count);
        return;
      }
      // split() with a capturing group: every second part is a special token.
      part.split(special).forEach((piece, i) => {
        if (i % 2 === 1) ids[count++] = this.specials.get(piece)!;
        else encodeFrom(piece, pattern + 1);
      });
    };
    encodeFrom(text, 0);
    return ids.slice(0, count);
  }

  /**
   * Encodes `bytes[start .. end]`, valid UTF-8, to `out` from `at` on; returns where it stopped writing. `out` needs
   * room for one id a byte. Special tokens written in the text are plain text here (Hugging Face's
   * `encode_special_tokens`), so no document can contain the id that ends it.
   */
  encodeUtf8(bytes: Uint8Array, start: number, end = bytes.length, out: IdArray, at: number): number {
    return this.encoder.encode(bytes, start, end, out, at);
  }

  /**
   * The text of the ids; bytes that are not UTF-8 become U+FFFD. Special tokens are left out unless `specials`. Ids
   * outside the vocabulary have no text (a model may have more ids than its tokenizer learned).
   */
  decode(ids: Iterable<number>, options: { readonly specials?: boolean } = {}): string {
    const bytesOf = this.textBytes(options.specials);
    return textDecoder().decode(Buffer.concat(Array.from(ids, bytesOf)));
  }

  /**
   * Unicode code points and UTF-8 bytes of the text that the ids are of, special tokens left out. The text must be
   * valid UTF-8; a character may lie in several tokens, and in the ids of several calls.
   */
  textSize(ids: Int32Array): { readonly characters: number; readonly bytes: number } {
    let [characters, bytes] = [0, 0];
    for (const id of ids) {
      if (this.specialIds.has(id)) continue;
      const token = this.bytesOf[id]!;
      characters += countCodePoints(token);
      bytes += token.length;
    }
    return { characters, bytes };
  }

  /** A decoder for ids that arrive one by one. */
  streamDecoder(options: { readonly specials?: boolean } = {}): StreamDecoder {
    return new StreamDecoder(this.textBytes(options.specials));
  }

  private textBytes(specials = false): (id: number) => Uint8Array {
    const none = new Uint8Array(0);
    return (id) => (!specials && this.specialIds.has(id) ? none : (this.bytesOf[id] ?? none));
  }
}

/** A byte-order mark is a character of the text like any other. */
function textDecoder(): TextDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

/**
 * Turns ids into text as they come, holding back the bytes of a character until all of them are there. Those of one that
 * is never completed are not given; bytes that belong to no character become U+FFFD, as in `decode`.
 */
export class StreamDecoder {
  private readonly bytesOf: (id: number) => Uint8Array;
  private readonly decoder = textDecoder();

  constructor(bytesOf: (id: number) => Uint8Array) {
    this.bytesOf = bytesOf;
  }

  /** The text that this id completes: '' while a character is incomplete. */
  push(id: number): string {
    return this.decoder.decode(this.bytesOf(id), { stream: true });
  }
}

/** Longest first: of two tokens that begin at the same place the longer one is meant. */
function specialPattern(specials: readonly SpecialToken[]): RegExp {
  const names = specials.map(({ content }) => content).sort((a, b) => b.length - a.length);
  return new RegExp(`(${names.map(escapePattern).join('|')})`, 'u');
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
