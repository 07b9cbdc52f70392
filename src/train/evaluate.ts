import { setImmediate } from 'node:timers/promises';
import { BigramCounts } from '../data/collapse.ts';
import { BatchRunner } from '../runtime/batch-runner.ts';
import type { Model } from '../runtime/model.ts';
import { DenseRows, type Rows } from '../runtime/rows.ts';
import type { EvalEvent } from './events.ts';
import type { EvaluationText, Score, Scorer } from './scorer.ts';
import { sequenceScorer } from './sequence-scorer.ts';

/** Pairs are counted, or rows computed, in pieces of this many tokens. */
const PIECE = 1 << 16;

/**
 * Loss over documents: every token of every document is predicted once, its end-of-document token included, from
 * the tokens of its own document alone. `PPL = exp(nats / tokens)`; BPC and BPB divide the same nats by the characters
 * and bytes of the text, so they can be compared across vocabularies.
 */
export class Evaluator {
  private readonly score: Scorer;
  private readonly causal: boolean;

  constructor(
    model: Model,
    options: {
      readonly seqLen: number;
      readonly collapse: 'auto' | 'never';
      readonly blockRows: number | 'auto';
      /** Whether the model is said to see no later token: what it scores is marked with it. */
      readonly causal: boolean;
    },
  ) {
    this.causal = options.causal;
    this.score =
      model.coupling === 'sequence'
        ? sequenceScorer(model, options)
        : tokenWiseScorer(model, options.collapse, options.blockRows);
  }

  evaluate(text: EvaluationText, step: number): EvalEvent {
    const run = this.score(text);
    for (;;) {
      const { done, value } = run.next();
      if (done) return describe(text, step, value, this.causal);
    }
  }

  /**
   * `evaluate` that lets signals and timers in on the way: a long text or a slow backend can take minutes. `onProgress` is
   * called after each piece, with the share of the work that is done, from 0 to 1.
   */
  async evaluateInPieces(
    text: EvaluationText,
    step: number,
    onProgress?: (share: number) => void,
  ): Promise<EvalEvent> {
    const run = this.score(text);
    for (;;) {
      const { done, value } = run.next();
      if (done) return describe(text, step, value, this.causal);
      onProgress?.(Math.min(value, 1));
      await setImmediate();
    }
  }
}

/** What it takes to count a pair of tokens, in multiply-accumulates: for telling how far an evaluation is. */
const PAIR_WORK = 100;

function describe(
  text: EvaluationText,
  step: number,
  { nats, tokens, floor }: Score,
  causal: boolean,
): EvalEvent {
  const bits = nats / Math.LN2;
  return {
    event: 'eval',
    step,
    split: text.split,
    loss: nats / tokens,
    floor,
    ppl: finite(Math.exp(nats / tokens)),
    causal,
    bpc: finite(bits / text.characters),
    bpb: finite(bits / text.bytes),
    tokens,
    characters: text.characters,
    bytes: text.bytes,
  };
}

/** JSON knows no infinity: an event is the same whether it was just made or read from a file. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Only the token before counts, and before a document's first token comes an end of document: documents need no care. */
function tokenWiseScorer(model: Model, collapse: 'auto' | 'never', blockRows: number | 'auto'): Scorer {
  const counts = new BigramCounts(model.backend, model.vocab);
  const runner = new BatchRunner(model, {
    seqLen: 1,
    blockRows,
    maxRows: collapse === 'auto' ? model.vocab : PIECE,
    maxEntries: Math.max(PIECE, model.vocab),
    training: false,
  });
  const dense = new DenseRows(PIECE);
  const ids = new Int32Array(PIECE);
  const targets = new Int32Array(PIECE);
  return function* (text) {
    model.prepare();
    counts.clear();
    let nats = 0;
    let held = 0;
    const macs = model.body.macs + model.objective.macs;
    const rows = collapse === 'auto' ? Math.min(model.vocab, text.count) : text.count;
    const work = text.count * PAIR_WORK + rows * macs;
    const share = (rowsDone: number): number => (counts.tokens * PAIR_WORK + rowsDone * macs) / work;
    const score = function* (batch: Rows, before: number): Generator<number, number> {
      const run = runner.evaluateStepwise(batch);
      for (;;) {
        const { done, value } = run.next();
        if (done) return value;
        yield share(before + value);
      }
    };
    const flush = function* (): Generator<number, void> {
      const before = counts.tokens;
      counts.add(ids, targets, held);
      if (collapse === 'never') nats += yield* score(dense.of(ids, targets, held), before);
      else yield share(0);
      held = 0;
    };
    let previous = text.eos;
    for (const tokens of text.tokens()) {
      for (let start = 0, count = 0; start < tokens.length; start += count) {
        count = Math.min(tokens.length - start, PIECE - held);
        targets.set(tokens.subarray(start, start + count), held);
        ids[held] = previous;
        ids.set(targets.subarray(held, held + count - 1), held + 1);
        held += count;
        previous = targets[held - 1]!;
        if (held === PIECE) yield* flush();
      }
    }
    yield* flush();
    if (collapse === 'auto') nats = yield* score(counts.rows(), 0);
    return { nats, tokens: counts.tokens, floor: counts.textFloor() };
  };
}
