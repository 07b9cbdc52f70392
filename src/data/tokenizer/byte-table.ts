/**
 * Numbers distinct byte strings 0, 1, 2, ... in the order they are first seen. Open addressing over one growing
 * arena: no string or object is made for a look-up, and the whole table moves between threads as three buffers.
 */
export class ByteTable {
  /** Number of distinct strings. */
  size = 0;
  /** String i is `arena[offsets[i] .. offsets[i + 1]]`. */
  arena = new Uint8Array(1 << 16);
  offsets = new Uint32Array(1 << 12);

  private hashes = new Int32Array(1 << 12);
  /** Number of the string + 1, or 0: a power of two of them, at most half used. */
  private slots = new Int32Array(1 << 13);

  /** Bytes of all strings together. */
  get bytes(): number {
    return this.offsets[this.size]!;
  }

  /** The number of `bytes[start .. end]`, which is `size` as it was before the call if the string is new. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (; this.slots[slot] !== 0; slot = (slot + 1) & mask) {
      const found = this.slots[slot]! - 1;
      if (this.hashes[found] === hash && this.equals(found, bytes, start, end)) return found;
    }
    return this.add(slot, hash, bytes, start, end);
  }

  /** Forgets all strings and keeps the memory. */
  clear(): void {
    this.size = 0;
    this.slots.fill(0);
  }

  private equals(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const offset = this.offsets[index]!;
    if (this.offsets[index + 1]! - offset !== end - start) return false;
    for (let i = start, j = offset; i < end; i++, j++) if (bytes[i] !== this.arena[j]) return false;
    return true;
  }

  private add(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const index = this.size++;
    const offset = this.offsets[index]!;
    const needed = offset + end - start;
    if (needed > this.arena.length) this.arena = grown(this.arena, new Uint8Array(2 * needed));
    for (let i = start, j = offset; i < end; i++, j++) this.arena[j] = bytes[i]!;
    if (this.size === this.offsets.length) {
      this.offsets = grown(this.offsets, new Uint32Array(2 * this.size));
      this.hashes = grown(this.hashes, new Int32Array(2 * this.size));
    }
    this.offsets[this.size] = needed;
    this.hashes[index] = hash;
    this.slots[slot] = this.size;
    if (2 * this.size > this.slots.length) this.rehash();
    return index;
  }

  private rehash(): void {
    const slots = new Int32Array(2 * this.slots.length);
    const mask = slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = this.hashes[index]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.slots = slots;
  }
}

/** `larger`, which begins with what is in `old`. */
export function grown<T extends Uint8Array | Uint32Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** FNV-1a, then mixed so that the low bits depend on all others (the finalizer of MurmurHash3). */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
