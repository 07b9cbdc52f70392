import type { Rows } from '../core/rows.ts';

/**
 * How often token j followed token i: all that a token-wise model can know of a stream. Gives the stream as rows of
 * distinct tokens (numerics: "Collapse") and its conditional entropy, the floor of every token-wise model's loss.
 */
export class BigramCounts {
  // Distinct pairs in order of appearance, found again through an open-addressing table of their places + 1.
  private from = new Int32Array(1 << 15);
  private to = new Int32Array(1 << 15);
  private times = new Float64Array(1 << 15);
  private used = 0;
  private table = new Int32Array(1 << 16);
  private total = 0;

  constructor(private readonly vocab: number) {}

  /** Number of counted pairs. */
  get tokens(): number {
    return this.total;
  }

  clear(): void {
    this.table.fill(0);
    this.used = 0;
    this.total = 0;
  }

  /** Counts `targets[i]` after `ids[i]` for the first `count` positions. */
  add(ids: Int32Array, targets: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const place = this.find(ids[i]!, targets[i]!);
      if (this.table[place] === 0) this.insert(place, ids[i]!, targets[i]!);
      else this.times[this.table[place]! - 1]!++;
    }
    this.total += count;
  }

  /** `H = -(1/N) sum c_ij log(c_ij / n_i)` in nats per token. */
  floor(): number {
    const n = new Float64Array(this.vocab);
    let nats = 0;
    for (let e = 0; e < this.used; e++) {
      n[this.from[e]!]! += this.times[e]!;
      if (this.times[e] !== 1) nats -= this.times[e]! * Math.log(this.times[e]!);
    }
    for (const count of n) if (count > 0) nats += count * Math.log(count);
    return this.total ? nats / this.total : 0;
  }

  /**
   * One row for each distinct token, both rows and entries in order of id: the order in which a batch was counted must
   * not show in the bits of its gradients.
   */
  rows(): Rows {
    const { vocab, used, from, to, times } = this;
    // Two stable counting sorts: by target, then by token.
    const byTarget = new Int32Array(used);
    const nextTarget = starts(to, used, vocab);
    for (let e = 0; e < used; e++) byTarget[nextTarget[to[e]!]!++] = e;

    const next = starts(from, used, vocab);
    const ids: number[] = [];
    const offsets = [0];
    for (let v = 0; v < vocab; v++) {
      if (next[v + 1]! === next[v]!) continue;
      ids.push(v);
      offsets.push(next[v + 1]!);
    }
    const targetIds = new Int32Array(used);
    const weights = new Float64Array(used);
    for (const e of byTarget) {
      const at = next[from[e]!]!++;
      targetIds[at] = to[e]!;
      weights[at] = times[e]!;
    }
    return {
      count: ids.length,
      ids: Int32Array.from(ids),
      offsets: Int32Array.from(offsets),
      targetIds,
      weights,
    };
  }

  /** The table's place of a pair, or the free place where it belongs. */
  private find(from: number, to: number): number {
    const mask = this.table.length - 1;
    let place = ((Math.imul(from + 1, 0x9e3779b1) ^ Math.imul(to + 1, 0x85ebca6b)) >>> 7) & mask;
    for (;;) {
      const e = this.table[place]! - 1;
      if (e < 0 || (this.from[e] === from && this.to[e] === to)) return place;
      place = (place + 1) & mask;
    }
  }

  private insert(place: number, from: number, to: number): void {
    this.from[this.used] = from;
    this.to[this.used] = to;
    this.times[this.used] = 1;
    this.table[place] = ++this.used;
    if (this.used === this.from.length) this.grow();
  }

  private grow(): void {
    const doubled = <A extends Int32Array | Float64Array>(a: A): A => {
      const b = new (a.constructor as new (n: number) => A)(a.length * 2);
      b.set(a);
      return b;
    };
    this.from = doubled(this.from);
    this.to = doubled(this.to);
    this.times = doubled(this.times);
    this.table = new Int32Array(this.table.length * 2);
    for (let e = 0; e < this.used; e++) this.table[this.find(this.from[e]!, this.to[e]!)] = e + 1;
  }
}

/** Where each key's run begins when `keys[0 .. count]` are sorted; one more entry holds the end. */
function starts(keys: Int32Array, count: number, values: number): Int32Array {
  const at = new Int32Array(values + 1);
  for (let e = 0; e < count; e++) at[keys[e]! + 1]!++;
  for (let v = 0; v < values; v++) at[v + 1]! += at[v]!;
  return at;
}
