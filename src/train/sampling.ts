import type { Random } from '../core/random.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';

export interface SamplingOptions {
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  /** Only the k likeliest tokens; 0 or absent for all. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability; 1 or absent for all (Holtzman et al. 2020). */
  readonly topP?: number;
  /** Only tokens with at least this share of the likeliest one's probability; 0 or absent for all (Nguyen et al. 2024). */
  readonly minP?: number;
  /** Logits of tokens that the text has already are divided by it, negative ones multiplied; 1 or absent: none (Keskar et al. 2019). */
  readonly repetitionPenalty?: number;
}

/**
 * Draws a token from logits; `banned` tokens are never drawn. Equal logits rank by id. Tokens are ranked by a heap, only
 * as far as the draw goes, in memory that it keeps: no array or object is made for a token.
 */
export class Sampler {
  private readonly allowed: Int32Array;
  /** A heap of `unranked` tokens, the likeliest on top; after it the ranked ones, the likeliest last. */
  private readonly order: Int32Array;
  private unranked = 0;
  /** By token: its probability over that of the likeliest. */
  private readonly weights: Float64Array;
  /** Logits after the penalty for repetitions. */
  private penalised: Float64Array | undefined;

  constructor(
    vocab: number,
    private readonly options: SamplingOptions,
    private readonly random: Random,
    banned: ReadonlySet<number>,
  ) {
    this.allowed = Int32Array.from({ length: vocab }, (_, v) => v).filter((v) => !banned.has(v));
    this.order = new Int32Array(this.allowed.length);
    this.weights = new Float64Array(vocab);
  }

  /**
   * A token of the distribution whose logits (one for each token of the vocabulary) these are. Texts that are written side by
   * side share a sampler and its memory, and draw from a `random` each. `seen` are the tokens that a text has already.
   */
  sample(given: ArrayLike<number>, random: Random = this.random, seen: ReadonlySet<number> = NONE): number {
    const { temperature, topK, topP, minP, repetitionPenalty = 1 } = this.options;
    const logits = repetitionPenalty === 1 || seen.size === 0 ? given : this.penalise(given, seen);
    if (temperature === 0) return this.likeliest(logits);
    this.heapify(logits);
    const kept = topK ? Math.min(topK, this.order.length) : this.order.length;
    const total = this.weigh(logits, kept);
    let last = kept - 1;
    if (topP && topP < 1) last = this.reach(topP * total, last, logits);
    if (minP) last = this.lastAbove(minP, last, logits);
    const drawn = last === kept - 1 ? total : this.mass(last, logits);
    return this.ranked(this.reach(random.uniform() * drawn, last, logits), logits);
  }

  private penalise(logits: ArrayLike<number>, seen: ReadonlySet<number>): Float64Array {
    const penalty = this.options.repetitionPenalty!;
    this.penalised ??= new Float64Array(logits.length);
    this.penalised.set(logits);
    for (const token of seen) {
      const logit = logits[token]!;
      this.penalised[token] = logit > 0 ? logit / penalty : logit * penalty;
    }
    return this.penalised;
  }

  /** The last rank, at most `last`, whose weight is at least `share` of the first one's. */
  private lastAbove(share: number, last: number, logits: ArrayLike<number>): number {
    let rank = 0;
    while (rank < last && this.weights[this.ranked(rank + 1, logits)]! >= share) rank++;
    return rank;
  }

  private likeliest(logits: ArrayLike<number>): number {
    const { allowed } = this;
    let best = allowed[0]!;
    for (let i = 1; i < allowed.length; i++) if (logits[allowed[i]!]! > logits[best]!) best = allowed[i]!;
    return best;
  }

  /** Fills in the weights of the `kept` likeliest tokens and returns their sum. */
  private weigh(logits: ArrayLike<number>, kept: number): number {
    const { order, allowed, weights } = this;
    const { temperature } = this.options;
    const max = logits[order[0]!]!;
    // Who is added up with whom needs no ranks when all are.
    const all = kept === order.length;
    let total = 0;
    for (let i = 0; i < kept; i++) {
      const token = all ? allowed[i]! : this.ranked(i, logits);
      weights[token] = Math.exp((logits[token]! - max) / temperature);
      total += weights[token]!;
    }
    return total;
  }

  /** The first rank, at most `last`, up to which the weights add up to `mass`. */
  private reach(mass: number, last: number, logits: ArrayLike<number>): number {
    let sum = 0;
    for (let rank = 0; rank < last; rank++) {
      sum += this.weights[this.ranked(rank, logits)]!;
      if (sum >= mass) return rank;
    }
    return last;
  }

  /** What the weights of the ranks up to `last` add up to. */
  private mass(last: number, logits: ArrayLike<number>): number {
    let sum = 0;
    for (let rank = 0; rank <= last; rank++) sum += this.weights[this.ranked(rank, logits)]!;
    return sum;
  }

  private heapify(logits: ArrayLike<number>): void {
    this.order.set(this.allowed);
    this.unranked = this.order.length;
    for (let at = (this.unranked >> 1) - 1; at >= 0; at--) this.sink(at, logits);
  }

  /** The token with `rank` (from 0) likelier ones. */
  private ranked(rank: number, logits: ArrayLike<number>): number {
    const { order } = this;
    while (order.length - this.unranked <= rank) {
      const top = order[0]!;
      order[0] = order[--this.unranked]!;
      order[this.unranked] = top;
      this.sink(0, logits);
    }
    return order[order.length - 1 - rank]!;
  }

  /** Moves a token of the heap down to where no likelier one is below it. */
  private sink(from: number, logits: ArrayLike<number>): void {
    const { order, unranked } = this;
    const token = order[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= unranked) break;
      if (child + 1 < unranked && precedes(order[child + 1]!, order[child]!, logits)) child++;
      if (!precedes(order[child]!, token, logits)) break;
      order[at] = order[child]!;
      at = child;
    }
    order[at] = token;
  }
}

const NONE: ReadonlySet<number> = new Set();

function precedes(a: number, b: number, logits: ArrayLike<number>): boolean {
  const difference = logits[a]! - logits[b]!;
  return difference !== 0 ? difference > 0 : a < b;
}

/**
 * Ids of a model with `vocab` of them that must never be drawn: special tokens but the end of a document, and ids for
 * which the tokenizer has no meaning.
 */
export function unsampledIds(
  { specialIds, vocabSize, eos }: Pick<Tokenizer, 'specialIds' | 'vocabSize' | 'eos'>,
  vocab: number,
): ReadonlySet<number> {
  const ids = new Set(specialIds);
  for (let id = vocabSize; id < vocab; id++) ids.add(id);
  ids.delete(eos);
  return ids;
}
