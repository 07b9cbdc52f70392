import type { Backend } from '../../core/backend.ts';

/** Guard bytes on each side: one cache line, so that the memory between them stays aligned to one. */
const GUARD_BYTES = 64;
const GUARD = 0x5a;
const GUARD_WORD = 0x5a5a5a5a;

/** An allocation whose guard bytes were overwritten. */
export interface Breach {
  readonly memory: Uint8Array;
  readonly side: 'before the start' | 'past the end';
}

interface Allocation {
  readonly memory: Uint8Array;
  readonly before: Guard;
  readonly after: Guard;
}

/** Guard bytes. Compared as aligned 32-bit words, which is four times as fast, and byte by byte at the unaligned ends. */
class Guard {
  private readonly words: Int32Array;

  constructor(private readonly bytes: Uint8Array) {
    const skipped = -bytes.byteOffset & 3;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset + skipped, (bytes.length - skipped) >> 2);
    this.reset();
  }

  reset(): void {
    this.bytes.fill(GUARD);
  }

  /** A plain loop: all guards are checked after every kernel call, where a callback per byte would be slow. */
  isIntact(): boolean {
    const { bytes, words } = this;
    let changed = 0;
    for (let i = 0; i < words.length; i++) changed |= words[i]! ^ GUARD_WORD;
    const ends = bytes.length - 4 * words.length;
    for (let i = 0; i < ends; i++) changed |= (bytes[i]! ^ GUARD) | (bytes[bytes.length - 1 - i]! ^ GUARD);
    return changed === 0;
  }
}

/** Allocates memory between guard bytes, so that a write past either end is found right after the call that made it. */
export class GuardedMemory {
  /** Weak: `byBuffer` keeps an entry as long as its buffer is used, so that freed memory is no longer checked. */
  private allocations: WeakRef<Allocation>[] = [];
  private readonly byBuffer = new WeakMap<ArrayBufferLike, Allocation>();

  constructor(private readonly inner: Pick<Backend, 'allocate'>) {}

  allocate(bytes: number): Uint8Array {
    const whole = this.inner.allocate(bytes + 2 * GUARD_BYTES);
    const end = GUARD_BYTES + bytes;
    const allocation = {
      memory: whole.subarray(GUARD_BYTES, end),
      before: new Guard(whole.subarray(0, GUARD_BYTES)),
      after: new Guard(whole.subarray(end)),
    };
    this.byBuffer.set(whole.buffer, allocation);
    this.allocations.push(new WeakRef(allocation));
    return allocation.memory;
  }

  /** The first breach since the last call. Resets its guards, so that the next kernel is not blamed for it. */
  takeBreach(): Breach | undefined {
    let dead = 0;
    for (const ref of this.allocations) {
      const allocation = ref.deref();
      if (!allocation) {
        dead++;
        continue;
      }
      const { memory, before, after } = allocation;
      const isBefore = !before.isIntact();
      if (!isBefore && after.isIntact()) continue;
      before.reset();
      after.reset();
      return { memory, side: isBefore ? 'before the start' : 'past the end' };
    }
    if (dead > this.allocations.length / 2) this.allocations = this.allocations.filter((ref) => ref.deref());
    return undefined;
  }
}
