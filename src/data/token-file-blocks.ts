import { createHash } from 'node:crypto';

/** The body of a token file has a checksum for every block of this many bytes (the last one may be shorter). */
export const BLOCK_BYTES = 1 << 17;
/** SHA-256 cut short: it is there against accidents, and anybody who can write the file can write its checksums. */
export const SUM_BYTES = 8;

/** Checksums of a body that arrives in pieces of any size. */
export class BlockSums {
  private readonly sums: Buffer[] = [];
  private hash = createHash('sha256');
  private filled = 0;

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + BLOCK_BYTES - this.filled);
      this.hash.update(piece);
      this.filled += piece.length;
      at += piece.length;
      if (this.filled === BLOCK_BYTES) this.endBlock();
    }
  }

  /** The checksums of all blocks, one after the other. */
  finish(): Buffer {
    if (this.filled > 0) this.endBlock();
    return Buffer.concat(this.sums);
  }

  private endBlock(): void {
    this.sums.push(this.hash.digest().subarray(0, SUM_BYTES));
    this.hash = createHash('sha256');
    this.filled = 0;
  }
}

/** Bytes of the checksums of a body of `bytes` bytes. */
export function sumsLength(bytes: number): number {
  return SUM_BYTES * Math.ceil(bytes / BLOCK_BYTES);
}

/** Compares each block of a body with its checksum, once: when it is first read. */
export class BlockCheck {
  private readonly sums: Buffer;
  private readonly bytes: number;
  private readonly checked: Uint8Array;
  private readonly block = new Uint8Array(BLOCK_BYTES);

  /** `sums` as `BlockSums.finish` gave them for a body of `bytes` bytes. */
  constructor(sums: Buffer, bytes: number) {
    this.sums = sums;
    this.bytes = bytes;
    this.checked = new Uint8Array(sums.length / SUM_BYTES);
  }

  /**
   * The first block with a byte in `start .. end` that is not as it was written; undefined if there is none. `read`
   * fills its argument with the body's bytes from a position on.
   */
  findDamage(
    start: number,
    end: number,
    read: (out: Uint8Array, position: number) => void,
  ): number | undefined {
    for (let i = Math.floor(start / BLOCK_BYTES); i * BLOCK_BYTES < end; i++) {
      if (this.checked[i]) continue;
      if (!this.isWhole(i, read)) return i;
      this.checked[i] = 1;
    }
    return undefined;
  }

  /** The first block compared before that is no longer as it was written. */
  findChange(read: (out: Uint8Array, position: number) => void): number | undefined {
    const changed = this.checked.findIndex((checked, i) => checked === 1 && !this.isWhole(i, read));
    return changed < 0 ? undefined : changed;
  }

  private isWhole(i: number, read: (out: Uint8Array, position: number) => void): boolean {
    const position = i * BLOCK_BYTES;
    const block = this.block.subarray(0, Math.min(BLOCK_BYTES, this.bytes - position));
    read(block, position);
    const sum = createHash('sha256').update(block).digest();
    return sum.compare(this.sums, SUM_BYTES * i, SUM_BYTES * (i + 1), 0, SUM_BYTES) === 0;
  }
}
