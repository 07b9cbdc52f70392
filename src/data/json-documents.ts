import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import type { Chunk, ChunkBuilder } from './chunk-builder.ts';
import { utf8Of } from './utf8.ts';

export interface JsonOptions {
  /** Named in errors, with the line. */
  readonly path: string;
  /** The field of each record that holds its text. */
  readonly field: string;
  /** One record a line; else records one after the other or in one array, laid out in any way. */
  readonly byLine: boolean;
  /** Called for lone surrogates, which JSON can escape and UTF-8 can't encode. */
  readonly onReplaced: (count: number) => void;
}

/** Fills chunks with the texts of JSON records, just as they are. @throws FlashError naming file and line */
export async function* fillFromJson(
  blocks: AsyncIterable<Buffer>,
  builder: ChunkBuilder,
  options: JsonOptions,
): AsyncGenerator<Chunk> {
  const reader = new JsonReader(builder, options);
  for await (const block of blocks) {
    reader.push(block);
    for (const chunk of builder.drain(false)) yield chunk;
  }
  reader.end();
}

/** A string that is longer than this when a block ends is handed on in pieces. */
const LONG_STRING = 1 << 20;
/** What a record may have beside such strings. */
const MAX_RECORD = 1 << 24;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** White space, commas, and the three bytes of a byte-order mark: files with one may have been put together. */
const BETWEEN_RECORDS = new Set([0x20, 0x09, 0x0a, 0x0d, 0x2c, 0xef, 0xbb, 0xbf]);
/** A key of the record and the quote that begins its string. */
const KEY_AND_QUOTE = /"((?:[^"\\]|\\.)*)"\s*:\s*"$/s;

/**
 * Divides JSON into records by its brackets and quotes alone and leaves all else to JSON.parse. A long string goes out
 * piece by piece and is an empty one in what is parsed, so memory does not grow with it.
 */
class JsonReader {
  private readonly builder: ChunkBuilder;
  private readonly options: JsonOptions;

  private line = 1;
  /** Brackets that are open; those of an array of records count. */
  private depth = 0;
  /** 1 inside an array of records. */
  private base = 0;
  private inString = false;
  /** The first byte of the next block follows a backslash. */
  private escaped = false;

  /** The open record's bytes of earlier blocks. */
  private kept: Buffer[] = [];
  private keptBytes = 0;
  /** Where the open record's bytes (inside a long string: the string's) begin in this block; -1: no record is open. */
  private from: number;
  private recordLine = 1;
  /** Where in the record's bytes the open string's content begins. */
  private stringFrom = 0;
  /** The open string is a long one. */
  private long = false;
  /** The long string is the record's text. */
  private isText = false;
  /** The record's text has gone out. */
  private textDone = false;
  /** End of the last piece of a long string: an escape that is not complete. */
  private halfEscape: Buffer = Buffer.alloc(0);

  constructor(builder: ChunkBuilder, options: JsonOptions) {
    this.builder = builder;
    this.options = options;
    this.from = options.byLine ? 0 : -1;
  }

  push(block: Buffer): void {
    if (this.from >= 0) this.from = 0;
    for (let at = 0; at < block.length; ) {
      at = this.inString ? this.skipString(block, at) : this.skipStructure(block, at);
    }
    if (this.from < 0) return;
    if (this.inString) this.checkLong(block);
    if (this.long) this.emit(block.subarray(this.from), false);
    else this.keep(block.subarray(this.from));
  }

  end(): void {
    if (this.options.byLine) this.endRecord(Buffer.alloc(0));
    else if (this.from >= 0 || this.base > 0) throw this.cutShort();
  }

  private cutShort(): FlashError {
    const where = `${this.options.path}:${this.line}`;
    throw new FlashError('The JSON ends in the middle', {
      where,
      remedy: 'Check that the file is complete.',
    });
  }

  /** Goes to the end of the open string, or of the block. */
  private skipString(block: Buffer, start: number): number {
    let at = this.escaped ? start + 1 : start;
    this.escaped = false;
    for (; at < block.length; at++) {
      const byte = block[at]!;
      if (byte === BACKSLASH) {
        at++;
      } else if (byte === QUOTE) {
        if (this.long) this.endLong(block.subarray(this.from, at), at);
        this.inString = false;
        return at + 1;
      } else if (byte === NEWLINE) {
        // No string has one. The error is that of the record.
        return this.newline(block, at);
      }
    }
    this.escaped = at > block.length;
    return block.length;
  }

  private skipStructure(block: Buffer, start: number): number {
    for (let at = start; at < block.length; at++) {
      const byte = block[at]!;
      if (byte === QUOTE && this.from >= 0) {
        this.inString = true;
        this.stringFrom = this.keptBytes + at + 1 - this.from;
        return at + 1;
      }
      if (byte === NEWLINE) {
        if (this.options.byLine) return this.newline(block, at);
        this.line++;
      } else if (this.from < 0) {
        this.beginRecord(byte, at);
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        this.depth++;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.depth--;
        if (this.depth === this.base && !this.options.byLine) {
          this.endRecord(block.subarray(this.from, at + 1));
          this.from = -1;
        }
      }
    }
    return block.length;
  }

  /** What may be between two records, or the first byte of one. */
  private beginRecord(byte: number, at: number): void {
    if (byte === OPEN_OBJECT) {
      this.from = at;
      this.recordLine = this.line;
      this.depth++;
    } else if (byte === OPEN_ARRAY && this.base === 0) {
      this.base = this.depth = 1;
    } else if (byte === CLOSE_ARRAY && this.base === 1) {
      this.base = this.depth = 0;
    } else if (!BETWEEN_RECORDS.has(byte)) {
      throw new FlashError('The JSON is not a list of objects', {
        where: `${this.options.path}:${this.line}`,
        remedy: `Give objects in an array or one after the other: {"${this.options.field}": "..."}.`,
      });
    }
  }

  private newline(block: Buffer, at: number): number {
    if (!this.options.byLine) throw this.notJson();
    this.endRecord(block.subarray(this.from, at));
    this.line++;
    this.recordLine = this.line;
    this.from = at + 1;
    this.depth = 0;
    this.inString = false;
    return at + 1;
  }

  private keep(bytes: Buffer): void {
    this.kept.push(Buffer.from(bytes));
    this.keptBytes += bytes.length;
    if (this.keptBytes <= MAX_RECORD) return;
    throw new FlashError(`The record has more than ${formatBytes(MAX_RECORD)} beside its text`, {
      where: `${this.options.path}:${this.recordLine}`,
      remedy: 'Give one record for each document, with little more than its text.',
    });
  }

  /** Begins a long string if the open string has become one. */
  private checkLong(block: Buffer): void {
    const length = this.keptBytes + block.length - this.from - this.stringFrom;
    if (this.long || length <= LONG_STRING) return;
    const all = Buffer.concat([...this.kept, block.subarray(this.from)]);
    const before = all.subarray(0, this.stringFrom);
    const key = KEY_AND_QUOTE.exec(before.toString('utf8', Math.max(0, before.length - 4096)))?.[1];
    this.isText =
      key !== undefined && this.depth === this.base + 1 && this.parse(`"${key}"`) === this.options.field;
    this.long = true;
    this.kept = [];
    this.keptBytes = 0;
    this.keep(before);
    this.emit(all.subarray(this.stringFrom), false);
    this.from = block.length;
  }

  private endLong(rest: Buffer, at: number): void {
    this.emit(rest, true);
    this.textDone ||= this.isText;
    this.long = false;
    this.from = at;
  }

  /** Hands on a piece of a long string. */
  private emit(bytes: Buffer, last: boolean): void {
    const all = this.halfEscape.length > 0 ? Buffer.concat([this.halfEscape, bytes]) : bytes;
    const end = last ? all.length : completeEscapes(all);
    this.halfEscape = Buffer.from(all.subarray(end));
    const text = this.parse(`"${all.toString('utf8', 0, end)}"`) as string;
    if (this.isText) this.builder.append(utf8Of(text, this.options.onReplaced), false);
  }

  private endRecord(rest: Buffer): void {
    if (this.long) throw this.notJson();
    const { builder, options } = this;
    const json = (this.kept.length > 0 ? Buffer.concat([...this.kept, rest]) : rest).toString('utf8');
    // `trim` also drops a byte-order mark.
    if (json.trim() !== '') {
      const text = textOf(this.parse(json.trim()), options, `${options.path}:${this.recordLine}`);
      if (!this.textDone) builder.append(utf8Of(text, options.onReplaced), false);
      builder.endDocument(false);
    }
    this.kept = [];
    this.keptBytes = 0;
    this.textDone = false;
  }

  private parse(json: string): unknown {
    try {
      return JSON.parse(json);
    } catch (cause) {
      throw this.notJson(cause);
    }
  }

  private notJson(cause?: unknown): FlashError {
    const { path, field, byLine } = this.options;
    return new FlashError(`The ${byLine ? 'line' : 'record'} is not valid JSON`, {
      where: `${path}:${this.recordLine}`,
      remedy: byLine
        ? `Each line must be one JSON object: {"${field}": "..."}. The format 'json' reads objects of many lines.`
        : `Each record must be a JSON object: {"${field}": "..."}.`,
      cause,
    });
  }
}

/** Where the last escape that is complete, with both halves of a surrogate pair, ends. */
function completeEscapes(bytes: Buffer): number {
  for (let at = bytes.indexOf(BACKSLASH); at >= 0; ) {
    const isUnicode = bytes[at + 1] === 0x75;
    const end = at + (isUnicode ? 6 : 2);
    if (end > bytes.length) return at;
    const isHighHalf = isUnicode && /^[dD][89abAB]/.test(bytes.toString('latin1', at + 2, end));
    // The other half may follow.
    if (isHighHalf && end + 6 > bytes.length) return at;
    at = bytes.indexOf(BACKSLASH, end);
  }
  return bytes.length;
}

/** The text of a record. @throws FlashError that lists the fields it has */
function textOf(value: unknown, { field, byLine }: JsonOptions, where: string): string {
  const record = byLine ? 'line' : 'record';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FlashError(`The ${record} is not a JSON object, so it has no string field '${field}'`, {
      where,
      remedy: Array.isArray(value)
        ? "The format 'json' reads an array of objects."
        : `Each ${record} must be one JSON object: {"${field}": "..."}.`,
    });
  }
  const text = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
  if (typeof text === 'string') return text;
  const strings = Object.entries(value).flatMap(([key, other]) => (typeof other === 'string' ? [key] : []));
  throw new FlashError(`The ${record} has no string field '${field}'`, {
    where,
    remedy:
      strings.length > 0
        ? `It has ${listed(strings)}: name the one with the text (--text-field, data.text_field).`
        : `Each ${record} must be one JSON object: {"${field}": "..."}.`,
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `'${name.slice(0, 40)}'`);
  return `${shown.join(', ')}${names.length > shown.length ? ', ...' : ''}`;
}
