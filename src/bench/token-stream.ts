import { createReferenceBackend } from '../backends/reference/index.ts';
import { Random } from '../core/random.ts';
import { BigramCounts } from '../data/collapse.ts';
import type { Batches } from '../train/trainer.ts';

/** Tokens that may follow a token, and how strongly the first of them are preferred. */
const SUCCESSORS = 64;
const PREFERENCE = 2;
/** How strongly low ids are preferred. */
const SKEW = 4;

/**
 * Token ids from a seed that are about as repetitive as a story's: at 1,024 ids, 65,536 tokens have 17,300 distinct
 * pairs and a bigram entropy of 2.96 nats (English stories for children: 15,500 and 2.93). What a collapsed step costs
 * depends on both. A Markov chain: token t is followed by one of 64 tokens that depend on t.
 */
export function tokenStream(vocab: number, count: number, seed = 1): Int32Array {
  const random = new Random(seed, 'stream');
  const next = new Random(seed, 'successors');
  const successors = Int32Array.from({ length: vocab * SUCCESSORS }, () =>
    Math.floor(vocab * next.uniform() ** SKEW),
  );
  let token = 0;
  return Int32Array.from({ length: count }, () => {
    const choice = Math.floor(SUCCESSORS * random.uniform() ** PREFERENCE);
    token = successors[token * SUCCESSORS + choice]!;
    return token;
  });
}

/** A batch as the cost of a collapsed step depends on it. */
export interface Workload {
  readonly tokens: number;
  readonly distinctTokens: number;
  /** Distinct pairs of a token and its successor. */
  readonly distinctPairs: number;
}

/** Batches of a stream in memory; after its end it begins again. */
export class StreamBatches implements Batches {
  private readonly stream: Int32Array;

  constructor(
    private readonly vocab: number,
    private readonly tokens: number,
    private readonly batches = 4,
  ) {
    this.stream = tokenStream(vocab, tokens * batches + 1);
  }

  fill(step: number, ids: Int32Array, targets: Int32Array): void {
    const start = (step % this.batches) * this.tokens;
    ids.set(this.stream.subarray(start, start + this.tokens));
    targets.set(this.stream.subarray(start + 1, start + 1 + this.tokens));
  }

  /** What the first batch is like. */
  get workload(): Workload {
    const counts = new BigramCounts(createReferenceBackend(), this.vocab);
    counts.add(this.stream, this.stream.subarray(1), this.tokens);
    const rows = counts.rows();
    return { tokens: this.tokens, distinctTokens: rows.count, distinctPairs: rows.offsets[rows.count]! };
  }
}
