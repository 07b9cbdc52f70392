import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { endianness } from 'node:os';
import { FlashError } from '../core/errors.ts';
import { type FileDigest, fileError } from '../files/files.ts';
import {
  byteLengthOf,
  damaged,
  decodeHeader,
  ELEMENT_TYPES,
  encodeHeader,
  MAX_HEADER_BYTES,
  quote,
  type SafetensorsDType,
  type SafetensorsHeader,
  type TensorData,
  type TensorInfo,
} from './safetensors-header.ts';

export type { SafetensorsDType, TensorData, TensorInfo } from './safetensors-header.ts';

/** A tensor to be written: row-major, `data.length` = product of `shape` (`[]` is a scalar). */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor that was read. */
export interface LoadedTensor {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Small enough not to hold up the event loop while hashing, large enough to keep the disk busy. */
const CHUNK_BYTES = 4 << 20;

/**
 * Writes the tensors to `path` in the safetensors format (https://github.com/huggingface/safetensors) and waits until
 * the disk has them; returns the file's length and SHA-256. Data is written from the arrays themselves, so they must
 * not change during the call. A failure leaves a half file: give a temporary name and rename it.
 * Throws TypeError for tensors that contradict themselves, FlashError when the disk refuses.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorEntry[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<FileDigest> {
  requireLittleEndian();
  // Wide elements first: with the data starting at a multiple of 8, every tensor is aligned to its own elements.
  const width = (tensor: TensorEntry) => tensor.data.BYTES_PER_ELEMENT;
  const ordered = [...tensors].sort((a, b) => width(b) - width(a));
  const header = encodeHeader({ metadata: checkMetadata(metadata), tensors: layOut(ordered) });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));

  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const handle = await open(path, 'w');
    try {
      const write = async (chunk: Uint8Array) => {
        hash.update(chunk);
        bytes += chunk.length;
        await handle.writeFile(chunk);
      };
      await write(Buffer.concat([length, header]));
      for (const { data } of ordered) {
        for (let at = 0; at < data.byteLength; at += CHUNK_BYTES) {
          const size = Math.min(CHUNK_BYTES, data.byteLength - at);
          await write(new Uint8Array(data.buffer, data.byteOffset + at, size));
        }
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, 'Cannot write', path);
  }
  return { bytes, sha256: hash.digest('hex') };
}

function layOut(tensors: readonly TensorEntry[]): SafetensorsHeader['tensors'] {
  const infos = new Map<string, TensorInfo>();
  let byteOffset = 0;
  for (const { name, dtype, shape, data } of tensors) {
    if (name === '__metadata__' || infos.has(name))
      throw new TypeError(`tensor name ${quote(name)} is taken`);
    if (!(data instanceof ELEMENT_TYPES[dtype]))
      throw new TypeError(`tensor ${quote(name)}: data is not ${dtype}`);
    if (byteLengthOf(dtype, shape) !== data.byteLength) {
      throw new TypeError(
        `tensor ${quote(name)}: ${data.length} values do not fill the shape [${shape.join(', ')}]`,
      );
    }
    infos.set(name, { dtype, shape, byteOffset, byteLength: data.byteLength });
    byteOffset += data.byteLength;
  }
  return infos;
}

function checkMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw new TypeError(`metadata ${quote(key)} is not a string`);
  }
  return metadata;
}

/**
 * An open safetensors file whose header has been checked: every tensor named here lies wholly inside the file and
 * has exactly the bytes that its shape needs. Data is read only when asked for.
 */
export class SafetensorsFile implements SafetensorsHeader {
  readonly path: string;
  readonly metadata: SafetensorsHeader['metadata'];
  readonly tensors: SafetensorsHeader['tensors'];
  readonly #handle: FileHandle;
  readonly #dataStart: number;

  private constructor(path: string, header: SafetensorsHeader, handle: FileHandle, dataStart: number) {
    this.path = path;
    this.metadata = header.metadata;
    this.tensors = header.tensors;
    this.#handle = handle;
    this.#dataStart = dataStart;
  }

  /** Throws FlashError naming the file and the reason when it can't be read or is not such a file. */
  static async open(path: string): Promise<SafetensorsFile> {
    requireLittleEndian();
    let handle: FileHandle | undefined;
    try {
      // Asked before opening: opening a pipe would wait for ever.
      if (!(await stat(path)).isFile()) throw damaged(path, 'it is not a regular file');
      handle = await open(path, 'r');
      const { size } = await handle.stat();
      if (size < 8) throw damaged(path, `it has ${size} bytes, fewer than the 8 of the header length`);
      const length = Buffer.alloc(8);
      await readFully(handle, length, 0, path);
      const headerBytes = Number(length.readBigUInt64LE());
      if (headerBytes > MAX_HEADER_BYTES) throw damaged(path, `its header claims ${headerBytes} bytes`);
      if (headerBytes > size - 8) {
        throw damaged(path, `its header claims ${headerBytes} bytes, the file has only ${size - 8} more`);
      }
      const header = Buffer.alloc(headerBytes);
      await readFully(handle, header, 8, path);
      const dataStart = 8 + headerBytes;
      return new SafetensorsFile(path, decodeHeader(header, size - dataStart, path), handle, dataStart);
    } catch (error) {
      await handle?.close();
      throw fileError(error, 'Cannot read', path);
    }
  }

  /** Where the tensor lies and what it is. Throws FlashError when the file has none of that name. */
  info(name: string): TensorInfo {
    const info = this.tensors.get(name);
    if (info) return info;
    throw new FlashError(`There is no tensor ${quote(name)} in this file`, {
      where: this.path,
      remedy: 'It belongs to another model than the recipe describes.',
    });
  }

  /** Reads a tensor into fresh memory. Throws FlashError when it is absent, unreadable or too large for memory. */
  async read(name: string): Promise<LoadedTensor> {
    const { dtype, shape, byteLength } = this.info(name);
    let data: TensorData;
    try {
      data = new ELEMENT_TYPES[dtype](byteLength / ELEMENT_TYPES[dtype].BYTES_PER_ELEMENT);
    } catch (cause) {
      throw new FlashError(`No memory for the ${byteLength} bytes of tensor ${quote(name)}`, {
        where: this.path,
        cause,
      });
    }
    await this.readInto(name, data);
    return { dtype, shape, data };
  }

  /** Reads a tensor into `out`, which must have its element type and its number of values (FlashError otherwise). */
  async readInto(name: string, out: TensorData): Promise<void> {
    const { dtype, shape, byteOffset, byteLength } = this.info(name);
    if (!(out instanceof ELEMENT_TYPES[dtype]) || out.byteLength !== byteLength) {
      throw new FlashError(
        `Tensor ${quote(name)} is ${dtype} [${shape.join(', ')}], expected ${out.length} values of ${out.constructor.name}`,
        { where: this.path, remedy: 'It belongs to another model than the recipe describes.' },
      );
    }
    const bytes = new Uint8Array(out.buffer, out.byteOffset, byteLength);
    try {
      await readFully(this.#handle, bytes, this.#dataStart + byteOffset, this.path);
    } catch (error) {
      throw fileError(error, 'Cannot read', this.path);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Opens the file and reads all of it. Throws FlashError as `SafetensorsFile` does. */
export async function readSafetensors(path: string): Promise<{
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, LoadedTensor>;
}> {
  const file = await SafetensorsFile.open(path);
  try {
    const tensors = new Map<string, LoadedTensor>();
    for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
    return { metadata: file.metadata, tensors };
  } finally {
    await file.close();
  }
}

async function readFully(handle: FileHandle, out: Uint8Array, position: number, path: string): Promise<void> {
  for (let done = 0; done < out.length; ) {
    const { bytesRead } = await handle.read(out, done, Math.min(out.length - done, 1 << 30), position + done);
    if (bytesRead === 0) throw damaged(path, 'it became shorter while it was read');
    done += bytesRead;
  }
}

/** Arrays are written as they lie in memory, and the format is little-endian. */
function requireLittleEndian(): void {
  if (endianness() !== 'LE') throw new FlashError('safetensors files need a little-endian machine');
}
