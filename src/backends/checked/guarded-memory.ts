import type { Backend } from '../../core/backend.ts';

/** Bytes of guard on each side: a cache line, so that what lies between keeps its alignment. */
const GUARD_BYTES = 64;
const GUARD = 0x5a;
const GUARD_WORD = 0x5a5a5a5a;

/** A piece of memory on whose edge something was written. */
export interface Breach {
  readonly memory: Uint8Array;
  readonly side: 'before the start' | 'past the end';
}

interface Piece {
  readonly memory: Uint8Array;
  readonly before: Guard;
  readonly after: Guard;
}

/** Guard bytes: the first few until a word begins, then whole words, which are four times as quick to look at. */
class Guard {
  private readonly words: Int32Array;

  constructor(private readonly bytes: Uint8Array) {
    const skipped = -bytes.byteOffset & 3;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset + skipped, (bytes.length - skipped) >> 2);
    this.mend();
  }

  mend(): void {
    this.bytes.fill(GUARD);
  }

  /** A plain loop: it runs over all guards after every call, and a callback for each would be felt. */
  isWhole(): boolean {
    const { bytes, words } = this;
    let changed = 0;
    for (let i = 0; i < words.length; i++) changed |= words[i]! ^ GUARD_WORD;
    const ends = bytes.length - 4 * words.length;
    for (let i = 0; i < ends; i++) changed |= (bytes[i]! ^ GUARD) | (bytes[bytes.length - 1 - i]! ^ GUARD);
    return changed === 0;
  }
}

/** Memory with guard bytes around every piece, so that a kernel that writes past an end is found at once. */
export class GuardedMemory {
  /** Kept alive by the memory itself: what nobody uses any more is not looked at for ever. */
  private pieces: WeakRef<Piece>[] = [];
  private readonly byBuffer = new WeakMap<ArrayBufferLike, Piece>();

  constructor(private readonly inner: Pick<Backend, 'allocate'>) {}

  allocate(bytes: number): Uint8Array {
    const whole = this.inner.allocate(bytes + 2 * GUARD_BYTES);
    const end = GUARD_BYTES + bytes;
    const piece = {
      memory: whole.subarray(GUARD_BYTES, end),
      before: new Guard(whole.subarray(0, GUARD_BYTES)),
      after: new Guard(whole.subarray(end)),
    };
    this.byBuffer.set(whole.buffer, piece);
    this.pieces.push(new WeakRef(piece));
    return piece.memory;
  }

  /** The first breach since the last call; mended, so that the next kernel is not blamed for it. */
  takeBreach(): Breach | undefined {
    let dead = 0;
    for (const ref of this.pieces) {
      const piece = ref.deref();
      if (!piece) {
        dead++;
        continue;
      }
      const { memory, before, after } = piece;
      const isBefore = !before.isWhole();
      if (!isBefore && after.isWhole()) continue;
      before.mend();
      after.mend();
      return { memory, side: isBefore ? 'before the start' : 'past the end' };
    }
    if (dead > this.pieces.length / 2) this.pieces = this.pieces.filter((ref) => ref.deref());
    return undefined;
  }
}
