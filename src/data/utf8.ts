import { isUtf8 } from 'node:buffer';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const REPLACEMENT = Buffer.from('\uFFFD');

/** Valid UTF-8, and how many invalid sequences had to be replaced by U+FFFD to make it so. */
export interface RepairedUtf8 {
  readonly bytes: Buffer;
  readonly replaced: number;
}

/**
 * Replaces every maximal invalid sequence by one U+FFFD, as browsers (WHATWG) and Rust do. Bytes that are valid
 * already come back as they are, not copied.
 */
export function repairUtf8(bytes: Buffer): RepairedUtf8 {
  if (isUtf8(bytes)) return { bytes, replaced: 0 };
  const repaired = Buffer.from(decoder.decode(bytes), 'utf8');
  // A U+FFFD that was in the text from the start is not a repair. Its first byte always begins a new sequence, so
  // the decoder kept every one of them.
  return { bytes: repaired, replaced: countOf(REPLACEMENT, repaired) - countOf(REPLACEMENT, bytes) };
}

/** Encodes a string as UTF-8. `onReplaced` is called with the number of lone surrogates replaced by U+FFFD. */
export function utf8Of(text: string, onReplaced: (count: number) => void): Buffer {
  const halves = text.match(/\p{Cs}/gu);
  if (halves) onReplaced(halves.length);
  return Buffer.from(text, 'utf8');
}

function countOf(needle: Buffer, bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + needle.length)) count++;
  return count;
}

/**
 * How many bytes at the end (0 to 3) are the beginning of a sequence that later bytes may complete. A block of a
 * file is cut before them, so that reading in blocks replaces exactly what reading at once would.
 */
export function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc2 && byte <= 0xf4) return back < sequenceLength(byte) ? back : 0;
    if ((byte & 0xc0) !== 0x80) return 0;
  }
  return 0;
}

/** Bytes of the UTF-8 sequence that begins with this byte of a valid text. */
export function sequenceLength(lead: number): 1 | 2 | 3 | 4 {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Unicode code points of valid UTF-8: every byte but the continuation bytes begins one. */
export function countCodePoints(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if ((bytes[i]! & 0xc0) !== 0x80) count++;
  return count;
}
