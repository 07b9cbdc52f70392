import type { Backend } from '../../core/backend.ts';

/** Bytes of guard on each side: a cache line, so that what lies between keeps its alignment. */
const GUARD_BYTES = 64;
const GUARD = 0x5a;

/** A piece of memory on whose edge something was written. */
export interface Breach {
  readonly memory: Uint8Array;
  readonly side: 'before the start' | 'past the end';
}

interface Piece {
  readonly memory: Uint8Array;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
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
      before: whole.subarray(0, GUARD_BYTES).fill(GUARD),
      after: whole.subarray(end).fill(GUARD),
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
      const isBefore = !isWhole(before);
      if (!isBefore && isWhole(after)) continue;
      before.fill(GUARD);
      after.fill(GUARD);
      return { memory, side: isBefore ? 'before the start' : 'past the end' };
    }
    if (dead > this.pieces.length / 2) this.pieces = this.pieces.filter((ref) => ref.deref());
    return undefined;
  }
}

/** A plain loop: it runs over all memory after every call, and a callback for each byte would be felt. */
function isWhole(guard: Uint8Array): boolean {
  let changed = 0;
  for (let i = 0; i < guard.length; i++) changed |= guard[i]! ^ GUARD;
  return changed === 0;
}
