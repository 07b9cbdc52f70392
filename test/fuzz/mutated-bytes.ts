import fc from 'fast-check';

const LENGTHS = [0, 1, 2, 3, 4, 7, 8, 16, 64];
/** Numbers at which something overflows, as little-endian integers of 2, 4 and 8 bytes. */
const INTEGERS = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  10n ** 15n,
  2n ** 64n - 1n,
];

function littleEndian(value: bigint, bytes: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return buffer.subarray(0, bytes);
}

interface ByteEdit {
  readonly at: number;
  readonly kind: keyof typeof BYTE_EDITS;
  readonly length: number;
  readonly bit: number;
  readonly put: Buffer;
}

/** What comes of the bytes before and after a place. */
const BYTE_EDITS = {
  flip: (before: Buffer, after: Buffer, { bit }: ByteEdit) => {
    const [first, ...rest] = after;
    return first === undefined ? [before] : [before, Buffer.from([first ^ (1 << bit), ...rest])];
  },
  overwrite: (before: Buffer, after: Buffer, { put }: ByteEdit) => [before, put, after.subarray(put.length)],
  insert: (before: Buffer, after: Buffer, { put }: ByteEdit) => [before, put, after],
  cut: (before: Buffer, after: Buffer, { length }: ByteEdit) => [before, after.subarray(length)],
  double: (before: Buffer, after: Buffer, { length }: ByteEdit) => [before, after.subarray(0, length), after],
  end: (before: Buffer) => [before],
};

function editBytes(bytes: Buffer, edit: ByteEdit): Buffer {
  const at = edit.at % (bytes.length + 1);
  return Buffer.concat(BYTE_EDITS[edit.kind](bytes.subarray(0, at), bytes.subarray(at), edit));
}

/** Files with a few places changed: bits flipped; bytes, integers, words of `dictionary` put in; pieces cut, doubled. */
export function mutatedBytes(
  bases: readonly Buffer[],
  dictionary: readonly string[] = [],
): fc.Arbitrary<Buffer> {
  const put = fc.oneof(
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.constantFrom(...INTEGERS), fc.constantFrom(2, 4, 8))
      .map(([value, bytes]) => littleEndian(value, bytes)),
    ...(dictionary.length > 0 ? [fc.constantFrom(...dictionary).map((word) => Buffer.from(word))] : []),
  );
  const edit: fc.Arbitrary<ByteEdit> = fc.record({
    // Most of what decides is at the front.
    at: fc.oneof(fc.nat(255), fc.nat()),
    kind: fc.constantFrom(...(Object.keys(BYTE_EDITS) as ByteEdit['kind'][])),
    length: fc.constantFrom(...LENGTHS),
    bit: fc.nat(7),
    put,
  });
  return fc
    .tuple(fc.constantFrom(...bases), fc.array(edit, { maxLength: 5 }))
    .map(([base, edits]) => edits.reduce(editBytes, base));
}
