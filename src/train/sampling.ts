import type { Random } from '../core/random.ts';

export interface SamplingOptions {
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  /** Only the k likeliest tokens; 0 or absent for all. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability; 1 or absent for all (Holtzman et al. 2020). */
  readonly topP?: number;
}

/** Draws a token from logits; `banned` tokens are never drawn. Equal logits rank by id. */
export class Sampler {
  private readonly order: Int32Array;
  private readonly probability: Float64Array;

  constructor(
    vocab: number,
    private readonly options: SamplingOptions,
    private readonly random: Random,
    private readonly banned: ReadonlySet<number>,
  ) {
    this.order = new Int32Array(vocab);
    this.probability = new Float64Array(vocab);
  }

  sample(logits: ArrayLike<number>): number {
    const { temperature, topK, topP } = this.options;
    let candidates = 0;
    for (let v = 0; v < logits.length; v++) if (!this.banned.has(v)) this.order[candidates++] = v;
    const order = this.order.subarray(0, candidates);
    if (temperature === 0)
      return order.reduce((best, v) => (logits[v]! > logits[best]! ? v : best), order[0]!);
    order.sort((a, b) => logits[b]! - logits[a]! || a - b);
    const kept = topK ? Math.min(topK, candidates) : candidates;
    const max = logits[order[0]!]!;
    let total = 0;
    for (let i = 0; i < kept; i++) {
      this.probability[i] = Math.exp((logits[order[i]!]! - max) / temperature);
      total += this.probability[i]!;
    }
    let last = 0;
    for (let mass = this.probability[0]!; topP && mass < topP * total && last < kept - 1; ) {
      mass += this.probability[++last]!;
    }
    if (!topP) last = kept - 1;
    let drawn = 0;
    for (let i = 0; i <= last; i++) drawn += this.probability[i]!;
    let left = this.random.uniform() * drawn;
    for (let i = 0; i < last; i++) {
      left -= this.probability[i]!;
      if (left < 0) return order[i]!;
    }
    return order[last]!;
  }
}
