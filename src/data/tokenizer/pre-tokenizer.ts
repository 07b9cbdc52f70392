import { sequenceLength } from '../utf8.ts';
import { CLASSES, OTHER, SPACE } from './unicode-classes.ts';

const QUOTE = 0x27;
const BLANK = 0x20;

/** What may follow a quote: 's 't 'm 'd and 're 've 'll. */
const ONE_LETTER = new Set([...'stmd'].map((letter) => letter.charCodeAt(0)));
const TWO_LETTERS = new Set(['re', 've', 'll'].map((pair) => pair.charCodeAt(0) * 256 + pair.charCodeAt(1)));

/**
 * A longer word is cut after the character that reaches this length. No language has such words, but files do (one
 * line of a base64 or DNA dump), and the encoder needs some 20 times the memory of a word.
 */
export const MAX_WORD_BYTES = 1 << 20;

/** What `wordEnd` found does not depend on bytes this far after it: two characters of look-ahead. */
export const LOOK_AHEAD_BYTES = 8;

/**
 * Where the word that begins at `start` ends: one match of GPT-2's pattern
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * on valid UTF-8, read from the bytes: no strings are made, and the common ASCII case is one table look-up a byte.
 * `end` is the end of the text, where the look-ahead stops. Words of more than MAX_WORD_BYTES are cut.
 */
export function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]!;
  if (first === QUOTE) {
    const length = contraction(bytes, start + 1, end);
    if (length > 0) return start + 1 + length;
  }
  const body = first === BLANK && start + 1 < end ? start + 1 : start;
  const kind = classAt(bytes, body);
  const stop = Math.min(end, start + MAX_WORD_BYTES);
  if (kind !== SPACE) return runEnd(bytes, body, stop, kind);
  return blankEnd(bytes, start, stop);
}

function contraction(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && ONE_LETTER.has(bytes[at]!)) return 1;
  return at + 1 < end && TWO_LETTERS.has(bytes[at]! * 256 + bytes[at + 1]!) ? 2 : 0;
}

function runEnd(bytes: Uint8Array, start: number, stop: number, kind: number): number {
  let at = start;
  while (at < stop && classAt(bytes, at) === kind) at += sequenceLength(bytes[at]!);
  return at;
}

/** White space, of which the last character is left to the word that follows, if one follows and it isn't alone. */
function blankEnd(bytes: Uint8Array, start: number, stop: number): number {
  let at = start;
  let last = start;
  while (at < stop && classAt(bytes, at) === SPACE) {
    last = at;
    at += sequenceLength(bytes[at]!);
  }
  return at >= stop || last === start ? at : last;
}

function classAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return CLASSES[lead]!;
  return CLASSES[codePointAt(bytes, at, lead)] ?? OTHER;
}

function codePointAt(bytes: Uint8Array, at: number, lead: number): number {
  const second = bytes[at + 1]! & 0x3f;
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | second;
  const third = bytes[at + 2]! & 0x3f;
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | (second << 6) | third;
  return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[at + 3]! & 0x3f);
}
