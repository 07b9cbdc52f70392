import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { errorCode } from '../files/files.ts';

/** A compressed stream that is damaged; the message completes "it is damaged: ". */
export class DamagedStream extends Error {}

const OUT_BYTES = 1 << 20;

/** What a gzip file holds, all of its members. Checks lengths and checksums. @throws DamagedStream */
export async function* gunzip(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const out = createGunzip({ chunkSize: OUT_BYTES });
  // Its error arrives where `out` is read.
  pipeline(Readable.from(copies(blocks)), out).catch(() => {});
  try {
    for await (const piece of out) yield piece;
  } catch (error) {
    if (errorCode(error)?.startsWith('Z_')) throw new DamagedStream((error as Error).message);
    throw error;
  }
}

/** A stream reads ahead, when a block's memory may be used again. */
async function* copies(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const block of blocks) yield Buffer.from(block);
}

/** The decoder keeps as much of what it wrote; `zstd --ultra` and `--long` can ask for more. */
const MAX_WINDOW_BYTES = 1 << 25;

/**
 * What a zstd file holds, all of its frames. The decoder is given block by block, since a few bytes can expand to
 * megabytes: a block gives at most 128 KiB. Checksums are not compared. @throws DamagedStream
 */
export async function* unzstd(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = new ByteReader(blocks);
  for (let magic = await source.take(4, true); magic; magic = await source.take(4, true)) {
    if ((magic.readUInt32LE() & 0xfffffff0) >>> 0 === 0x184d2a50) {
      for (let left = (await source.take(4)).readUInt32LE(); left > 0; left -= OUT_BYTES) {
        await source.take(Math.min(left, OUT_BYTES));
      }
      continue;
    }
    if (magic.readUInt32LE() !== 0xfd2fb528) throw new DamagedStream('unknown bytes after a frame');
    yield* frame(magic, source);
  }
}

async function* frame(magic: Buffer, source: ByteReader): AsyncGenerator<Buffer> {
  const out: Buffer[] = [];
  const decoder = new Decompress((bytes) => out.push(Buffer.from(bytes)));
  const push = (bytes: readonly Buffer[], last: boolean): void => {
    try {
      decoder.push(Buffer.concat(bytes), last);
    } catch (error) {
      throw new DamagedStream((error as Error).message);
    }
  };
  const [descriptor] = await source.take(1);
  const single = (descriptor! & 0x20) !== 0;
  const idBytes = [0, 1, 2, 4][descriptor! & 3]!;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor! >> 6]!;
  const header = await source.take((single ? 0 : 1) + idBytes + sizeBytes);
  if (idBytes > 0) throw new DamagedStream('it needs a dictionary');
  if (windowBytes(header, single, sizeBytes) > MAX_WINDOW_BYTES) {
    throw new DamagedStream('its window is larger than 32 MiB; `zstd -d --long=31` decompresses it');
  }
  push([magic, Buffer.of(descriptor!), header], false);
  for (let last = false; !last; ) {
    const blockHeader = await source.take(3);
    const bits = blockHeader.readUIntLE(0, 3);
    last = (bits & 1) === 1;
    const isRun = ((bits >> 1) & 3) === 1;
    const block = await source.take(isRun ? 1 : bits >> 3);
    const checksum = await source.take(last && descriptor! & 4 ? 4 : 0);
    push([blockHeader, block, checksum], last);
    yield* out.splice(0);
  }
}

function windowBytes(header: Buffer, single: boolean, sizeBytes: number): number {
  if (!single) return 2 ** (10 + (header[0]! >> 3)) * (1 + (header[0]! & 7) / 8);
  const size = header.subarray(-sizeBytes);
  return sizeBytes === 8
    ? Number(size.readBigUInt64LE())
    : size.readUIntLE(0, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
}

/** Takes exact numbers of bytes from blocks of any size. */
class ByteReader {
  private readonly blocks: AsyncIterator<Buffer>;
  private block: Buffer = Buffer.alloc(0);

  constructor(blocks: AsyncIterable<Buffer>) {
    this.blocks = blocks[Symbol.asyncIterator]();
  }

  /** `count` bytes in their own memory. With `orEnd`, undefined at the end of the file. @throws DamagedStream */
  async take(count: number, orEnd: true): Promise<Buffer | undefined>;
  async take(count: number): Promise<Buffer>;
  async take(count: number, orEnd = false): Promise<Buffer | undefined> {
    const out = Buffer.alloc(count);
    for (let got = 0; got < count; ) {
      if (this.block.length === 0) {
        const next = await this.blocks.next();
        if (next.done && got === 0 && orEnd) return undefined;
        if (next.done) throw new DamagedStream('unexpected end of file');
        this.block = next.value;
      }
      const copied = this.block.copy(out, got);
      this.block = this.block.subarray(copied);
      got += copied;
    }
    return out;
  }
}
