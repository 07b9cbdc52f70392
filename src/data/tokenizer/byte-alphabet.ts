/**
 * GPT-2's mapping of the 256 bytes to 256 printable characters, in which byte-level vocabularies are written: a byte
 * whose Latin-1 character is visible is written as itself, the others as U+0100, U+0101, ... in their order. (Radford
 * et al. 2019, `bytes_to_unicode`; Hugging Face's `ByteLevel`.)
 */
export const BYTE_TO_CHAR: readonly string[] = buildAlphabet();

/** The inverse of BYTE_TO_CHAR. */
export const CHAR_TO_BYTE: ReadonlyMap<string, number> = new Map(
  BYTE_TO_CHAR.map((char, byte) => [char, byte]),
);

function buildAlphabet(): string[] {
  let invisible = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const visible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCharCode(visible ? byte : 0x100 + invisible++);
  });
}

/** The bytes of a vocabulary entry; one with characters outside the alphabet means its own UTF-8. */
export function tokenBytes(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = CHAR_TO_BYTE.get(token[i]!);
    if (byte === undefined) return Buffer.from(token, 'utf8');
    bytes[i] = byte;
  }
  return bytes;
}
