/** What the bytes at the beginning of a file say that it is. */
export type FileKind =
  | { readonly type: 'text'; readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be'; readonly bom: number }
  | { readonly type: 'compressed'; readonly codec: 'gzip' | 'zstd' }
  /** `what` completes "it is ..."; `remedy` is a whole sentence. */
  | { readonly type: 'refused'; readonly what: string; readonly remedy: string };

/** Bytes that `fileKind` looks at: the same ones however the file is read. */
export const HEAD_BYTES = 1 << 16;

const UNPACK = 'Unpack it, and give the text files in it.';
const EXPORT = 'Export its text to a .txt or .jsonl file first.';
const DECOMPRESS = 'Decompress it first; .gz and .zst files are read as they are.';

/** Beginnings (latin1) of files that hold no plain text, with the offset where they begin if it is not 0. */
const SIGNATURES: readonly (readonly [signature: string, what: string, remedy: string, offset?: number])[] = [
  [
    'PAR1',
    'a Parquet file',
    "Convert it to JSON lines, such as: pandas.read_parquet(...).to_json('data.jsonl', orient='records', lines=True)",
  ],
  ['ARROW1', 'an Arrow file', 'Convert it to JSON lines (.jsonl) first.'],
  [
    'PK\x03\x04',
    'a ZIP archive (or an .xlsx, .docx or .epub file, which is one)',
    `${UNPACK} Export text from office files.`,
  ],
  ['%PDF-', 'a PDF file', 'Convert it first, such as: pdftotext FILE.pdf FILE.txt'],
  ['\xd0\xcf\x11\xe0', 'an old Office file (.doc, .xls)', EXPORT],
  ['{\\rtf', 'an RTF file', EXPORT],
  ['SQLite format 3\0', 'an SQLite database', EXPORT],
  ['\x89HDF', 'an HDF5 file', EXPORT],
  ['\x93NUMPY', 'a NumPy array', EXPORT],
  ['BZh', 'compressed with bzip2', DECOMPRESS],
  ['\xfd7zXZ\0', 'compressed with xz', DECOMPRESS],
  ['\x04\x22\x4d\x18', 'compressed with lz4', DECOMPRESS],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive', UNPACK],
  ['Rar!\x1a\x07', 'a RAR archive', UNPACK],
  ['ustar', 'a tar archive', UNPACK, 257],
  ['\x7fELF', 'a program', 'Give a file of text.'],
  ['MZ\x90', 'a program', 'Give a file of text.'],
  ['\x89PNG', 'an image', 'Give a file of text.'],
  ['\xff\xd8\xff', 'an image', 'Give a file of text.'],
  ['GIF8', 'an image', 'Give a file of text.'],
  ['FLASHTOK', 'a token file of FlashLM', 'Give the text that it was made from.'],
];

/** What a file is whose first bytes (up to HEAD_BYTES of them) are these. Names of files don't count. */
export function fileKind(head: Buffer): FileKind {
  if (begins(head, '\x1f\x8b')) return { type: 'compressed', codec: 'gzip' };
  if (begins(head, '\x28\xb5\x2f\xfd')) return { type: 'compressed', codec: 'zstd' };
  for (const [signature, what, remedy, offset] of SIGNATURES) {
    if (begins(head, signature, offset)) return { type: 'refused', what, remedy };
  }
  if (begins(head, '\xff\xfe\0\0') || begins(head, '\0\0\xfe\xff')) return encoded('UTF-32');
  if (begins(head, '\xff\xfe')) return { type: 'text', encoding: 'utf-16le', bom: 2 };
  if (begins(head, '\xfe\xff')) return { type: 'text', encoding: 'utf-16be', bom: 2 };
  const [even, odd] = countNuls(head);
  // Text has a NUL now and then; in UTF-16 of most languages, blanks and line breaks alone give more than these.
  if (even + odd > 8 && even + odd > head.length / 10) {
    if (even > 9 * odd) return encoded('UTF-16BE', ' without a byte-order mark');
    if (odd > 9 * even) return encoded('UTF-16LE', ' without a byte-order mark');
    return { type: 'refused', what: 'binary data', remedy: 'Give a file of text.' };
  }
  return { type: 'text', encoding: 'utf-8', bom: begins(head, '\xef\xbb\xbf') ? 3 : 0 };
}

function begins(head: Buffer, signature: string, offset = 0): boolean {
  return head.toString('latin1', offset, offset + signature.length) === signature;
}

function encoded(encoding: string, how = ''): FileKind {
  const remedy = `Convert it first, such as: iconv -f ${encoding} -t UTF-8 FILE > NEW_FILE`;
  return { type: 'refused', what: `text in ${encoding}${how}`, remedy };
}

function countNuls(head: Buffer): [even: number, odd: number] {
  const counts: [number, number] = [0, 0];
  for (let at = head.indexOf(0); at >= 0; at = head.indexOf(0, at + 1)) counts[at & 1]!++;
  return counts;
}
