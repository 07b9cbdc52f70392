import { allocateTensor } from '../core/allocate.ts';
import type { Backend } from '../core/backend.ts';
import type { Ids } from '../core/tensor.ts';
import type { Rows } from '../runtime/rows.ts';
import { addPairs, copyPairs, type PairRows, pairsOf } from './pair-rows.ts';

/** `c * log(c)` of counts below this, as most are: a logarithm for every pair takes longer than to count them. */
const SMALL_COUNTS = 4096;
const C_LOG_C = Float64Array.from({ length: SMALL_COUNTS }, (_, c) => (c ? c * Math.log(c) : 0));

/** Of a floor that is off by more than this share of it nothing is said. */
const MAX_BIAS = 0.05;
/** How often each token has to occur on average. */
const MIN_OCCURRENCES = 10;

const countTimesLog = (count: number): number =>
  count < SMALL_COUNTS ? C_LOG_C[count]! : count * Math.log(count);

/**
 * How often token j followed token i: all that a token-wise model can know of a stream. Gives the stream as rows of
 * distinct tokens (numerics: "Collapse") and its conditional entropy, the floor of every token-wise model's loss.
 */
export class BigramCounts {
  private total = 0;
  /** What was counted last, in the kernel's memory. */
  private newest: PairRows | null = null;
  /** What was counted before, each part more than twice the next: then each pair is added up a few times only. */
  private readonly parts: PairRows[] = [];
  /** What the kernel writes: row offsets, then targets and counts of as many pairs as were ever counted at once. */
  private readonly offsets: Ids;
  private targets: Ids;
  private counts: Ids;

  constructor(
    private readonly backend: Pick<Backend, 'kernels' | 'allocate'>,
    private readonly vocab: number,
  ) {
    this.offsets = allocateTensor(backend, 'i32', vocab + 1, 1, 'pairs/offsets');
    this.targets = allocateTensor(backend, 'i32', 0, 1, 'pairs/targets');
    this.counts = allocateTensor(backend, 'i32', 0, 1, 'pairs/counts');
  }

  /** Number of counted pairs. */
  get tokens(): number {
    return this.total;
  }

  clear(): void {
    this.newest = null;
    this.parts.length = 0;
    this.total = 0;
  }

  /** Counts `targets[i]` after `ids[i]` for the first `count` positions. */
  add(ids: Int32Array, targets: Int32Array, count: number): void {
    if (count === 0) return;
    this.settle();
    if (count > this.targets.rows) {
      this.targets = allocateTensor(this.backend, 'i32', count, 1, 'pairs/targets');
      this.counts = allocateTensor(this.backend, 'i32', count, 1, 'pairs/counts');
    }
    const outTargets = firstOf(this.targets, count);
    const outCounts = firstOf(this.counts, count);
    this.backend.kernels.countPairs(
      this.offsets,
      outTargets,
      outCounts,
      firstOf({ ...outTargets, data: ids, label: 'ids' }, count),
      firstOf({ ...outTargets, data: targets, label: 'targets' }, count),
      this.vocab,
    );
    this.newest = { offsets: this.offsets.data, targets: outTargets.data, counts: outCounts.data };
    this.total += count;
  }

  /** `H = -(1/N) sum c_ij log(c_ij / n_i)` in nats per token. */
  floor(): number {
    if (!this.total) return 0;
    const { offsets, counts } = this.sum();
    let nats = 0;
    for (let v = 0, e = 0; v < this.vocab; v++) {
      let n = 0;
      for (const end = offsets[v + 1]!; e < end; e++) {
        n += counts[e]!;
        nats -= countTimesLog(counts[e]!);
      }
      nats += countTimesLog(n);
    }
    return nats / this.total;
  }

  /**
   * `floor()` of a text that is large enough for it to mean anything, else null. Of a small text most pairs occur once, so
   * its floor is far below the entropy of the language: by about (pairs - distinct tokens) / (2 N) nats (Miller 1955).
   * Where no token has occurred often, that estimate is nothing either.
   */
  textFloor(): number | null {
    if (!this.total) return null;
    const { offsets } = this.sum();
    let rows = 0;
    for (let v = 0; v < this.vocab; v++) if (offsets[v + 1]! > offsets[v]!) rows++;
    const floor = this.floor();
    const bias = (offsets[this.vocab]! - rows) / (2 * this.total);
    return this.total >= MIN_OCCURRENCES * rows && bias <= MAX_BIAS * floor ? floor : null;
  }

  /**
   * One row for each distinct token, both rows and entries in order of id: the order in which a batch was counted must
   * not show in the bits of its gradients. Valid until more is counted.
   */
  rows(): Rows {
    if (!this.total) return NOTHING;
    const { offsets, targets, counts } = this.sum();
    const ids = new Int32Array(this.vocab);
    const ends = new Int32Array(this.vocab + 1);
    let count = 0;
    for (let v = 0; v < this.vocab; v++) {
      if (offsets[v + 1] === offsets[v]) continue;
      ids[count++] = v;
      ends[count] = offsets[v + 1]!;
    }
    return { count, ids, offsets: ends, targetIds: targets, weights: counts };
  }

  /** Everything that was counted, which must be something. */
  private sum(): PairRows {
    const { parts } = this;
    if (this.newest && !parts.length) return this.newest;
    this.settle();
    while (parts.length > 1) this.addLastTwo();
    return parts[0]!;
  }

  /** Takes what was counted last out of the kernel's memory. */
  private settle(): void {
    const { newest, parts } = this;
    if (!newest) return;
    this.newest = null;
    parts.push(copyPairs(newest));
    while (parts.length > 1 && pairsOf(parts.at(-2)!) <= 2 * pairsOf(parts.at(-1)!)) this.addLastTwo();
  }

  private addLastTwo(): void {
    const last = this.parts.pop()!;
    this.parts.push(addPairs(this.parts.pop()!, last));
  }
}

const NOTHING: Rows = {
  count: 0,
  ids: new Int32Array(0),
  offsets: new Int32Array(1),
  targetIds: new Int32Array(0),
  weights: new Int32Array(0),
};

function firstOf(t: Ids, rows: number): Ids {
  return { ...t, rows, data: t.data.subarray(0, rows) };
}
