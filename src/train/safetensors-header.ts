import { FlashError } from '../core/errors.ts';

/** The element types we write and read, by their names in the format. */
export const ELEMENT_TYPES = {
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;

export type SafetensorsDType = keyof typeof ELEMENT_TYPES;
export type TensorData = Float64Array | Float32Array | Int32Array | Int8Array | Uint8Array;

/** Where a tensor lies: row-major, `byteLength` bytes from `byteOffset`, counted from the end of the header. */
export interface TensorInfo {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  /** Without a prototype: a key such as `__proto__` is a key like any other. */
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** The reference implementation's limit; a real header has a few kilobytes. */
export const MAX_HEADER_BYTES = 100_000_000;

const METADATA = '__metadata__';

/**
 * The header's bytes, padded with blanks so that the data after it (and the 8 bytes before it) starts at a multiple
 * of 8.
 */
export function encodeHeader(header: SafetensorsHeader): Buffer {
  const entries: [string, unknown][] =
    Object.keys(header.metadata).length > 0 ? [[METADATA, header.metadata]] : [];
  for (const [name, { dtype, shape, byteOffset, byteLength }] of header.tensors) {
    entries.push([name, { dtype, shape, data_offsets: [byteOffset, byteOffset + byteLength] }]);
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  return Buffer.concat([json, Buffer.alloc(-json.length & 7, ' ')]);
}

/**
 * Reads a header that anyone may have written. Accepted are only files in which every byte of the data belongs to
 * exactly one tensor, as the reference implementation demands. Throws FlashError with `file` and the reason.
 */
export function decodeHeader(bytes: Uint8Array, dataBytes: number, file: string): SafetensorsHeader {
  const fail = (reason: string): never => {
    throw damaged(file, reason);
  };
  if (bytes[0] !== 0x7b) fail('its header does not begin with {');
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    json = JSON.parse(text);
  } catch {
    return fail('its header is not JSON in UTF-8');
  }
  const repeated = findRepeatedKey(text);
  if (repeated !== undefined) fail(`its header has the key ${quote(repeated)} twice`);

  const metadata: Record<string, string> = Object.create(null);
  const tensors: [string, TensorInfo][] = [];
  for (const [name, value] of Object.entries(json as object)) {
    if (!isRecord(value)) return fail(`the entry ${quote(name)} is not an object`);
    if (name === METADATA) {
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string') return fail(`the metadata ${quote(key)} is not a string`);
        metadata[key] = text;
      }
    } else {
      tensors.push([name, decodeTensor(value, (reason) => fail(`tensor ${quote(name)} ${reason}`))]);
    }
  }

  // Tensors without elements may share their place with the next one: they go first.
  tensors.sort(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let end = 0;
  for (const [name, info] of tensors) {
    if (info.byteOffset < end) fail(`tensor ${quote(name)} overlaps the one before it`);
    if (info.byteOffset > end)
      fail(`there is a gap of ${info.byteOffset - end} bytes before tensor ${quote(name)}`);
    end = info.byteOffset + info.byteLength;
    if (end > dataBytes)
      fail(`tensor ${quote(name)} ends ${end - dataBytes} bytes after the end of the file`);
  }
  if (end < dataBytes) fail(`its last ${dataBytes - end} bytes belong to no tensor`);
  return { metadata, tensors: new Map(tensors) };
}

function decodeTensor(entry: Readonly<Record<string, unknown>>, fail: (reason: string) => never): TensorInfo {
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENT_TYPES, dtype)) {
    const known = Object.keys(ELEMENT_TYPES).join(', ');
    return fail(`has the dtype ${quote(dtype)}; known are ${known}`);
  }
  if (!isCountList(shape)) return fail('has a shape that is not a list of whole numbers from 0 up');
  if (!isCountList(offsets) || offsets.length !== 2)
    return fail('has data_offsets that are not two whole numbers');
  const [begin, end] = offsets as [number, number];
  if (end < begin) return fail('ends before it begins');
  const byteLength = byteLengthOf(dtype as SafetensorsDType, shape);
  if (!Number.isSafeInteger(byteLength)) return fail(`has the impossible shape [${shape.join(', ')}]`);
  if (byteLength !== end - begin) {
    return fail(
      `of shape [${shape.join(', ')}] ${dtype} needs ${byteLength} bytes, its data_offsets give ${end - begin}`,
    );
  }
  return { dtype: dtype as SafetensorsDType, shape, byteOffset: begin, byteLength };
}

/** Bytes of a tensor; not a safe integer when the product overflows. */
export function byteLengthOf(dtype: SafetensorsDType, shape: readonly number[]): number {
  // A zero anywhere makes the product zero, whatever overflows on the way there.
  if (shape.includes(0)) return 0;
  return shape.reduce((product, dimension) => product * dimension, ELEMENT_TYPES[dtype].BYTES_PER_ELEMENT);
}

export function damaged(file: string, reason: string): FlashError {
  return new FlashError(`Not a usable safetensors file: ${reason}`, {
    where: file,
    remedy: 'It is damaged or was written by something else: use another copy or an earlier checkpoint.',
  });
}

/** A name from a file for a message: quoted, without control characters, not a wall of text. */
export function quote(value: unknown): string {
  // What is in a list or an object can be longer and deeper than anything that could be shown.
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 77)}..."` : text;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCountList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

/**
 * The first duplicate key in one object of `text`, which is valid JSON. JSON.parse keeps the last of them
 * silently, so two readers could see two different files.
 */
function findRepeatedKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '{') open.push(new Set());
    else if (character === '}') open.pop();
    else if (character === '"') {
      const start = i++;
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      let next = i + 1;
      while (' \t\r\n'.includes(text[next] ?? '')) next++;
      if (text[next] !== ':') continue; // a value
      const key: string = JSON.parse(text.slice(start, i + 1));
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}
