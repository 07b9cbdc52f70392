import { setImmediate } from 'node:timers/promises';
import { BigramCounts } from '../data/collapse.ts';
import { BatchRunner } from '../runtime/batch-runner.ts';
import type { Model } from '../runtime/model.ts';
import { DenseRows, type Rows } from '../runtime/rows.ts';
import type { EvalEvent } from './events.ts';
import type { EvaluationText, PositionLoss, Score, Scorer } from './scorer.ts';
import { sequenceScorer } from './sequence-scorer.ts';
import { windowScorer } from './window-scorer.ts';
import { type Windows, windowsFor } from './windows.ts';

export interface EvaluatorOptions {
  /** Tokens of a training sequence. */
  readonly seqLen: number;
  readonly collapse: 'auto' | 'never';
  readonly blockRows: number | 'auto';
  /** Whether the model is said to see no later token: what it scores is marked with it. */
  readonly causal: boolean;
  /** For models with layers that grow with the sequence. Default: a training sequence, by halves. */
  readonly windows?: Windows;
}

/** Pairs are counted, or rows computed, in pieces of this many tokens. */
const PIECE = 1 << 16;

/**
 * Loss over documents: every token of every document is predicted once, its end-of-document token included, from
 * the tokens of its own document alone. `PPL = exp(nats / tokens)`; BPC and BPB divide the same nats by the characters
 * and bytes of the text, so they can be compared across vocabularies. Layers carry their state through a document; a model
 * with a layer that can't (`Layer.growsTo`) reads a document that is longer than the context in windows that overlap.
 */
export class Evaluator {
  private readonly score: Scorer;
  private readonly causal: boolean;
  /** Null where layers carry their state through a whole document. */
  private readonly windows: Windows | null;

  constructor(
    private readonly model: Model,
    private readonly options: EvaluatorOptions,
  ) {
    const { causal, collapse, blockRows, seqLen } = options;
    const windows = options.windows ?? windowsFor({}, seqLen);
    this.causal = causal;
    this.windows = model.growsToContext ? windows : null;
    if (this.windows) this.score = windowScorer(model, { blockRows, windows });
    else if (model.coupling !== 'row') this.score = sequenceScorer(model, options);
    else this.score = tokenWiseScorer(model, collapse, blockRows);
  }

  evaluate(text: EvaluationText, step: number): EvalEvent {
    const run = this.score(text);
    for (;;) {
      const { done, value } = run.next();
      if (done) return this.describe(text, step, value);
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
    const score = await inPieces(this.score(text), onProgress);
    return this.describe(text, step, score);
  }

  /**
   * As `evaluateInPieces`, with the loss by place in the document. Distinct tokens of a token-wise model are computed again one
   * by one, which gives the places and leaves the event as it is.
   */
  async evaluateByPosition(
    text: EvaluationText,
    step: number,
    onProgress?: (share: number) => void,
  ): Promise<{ readonly event: EvalEvent; readonly positions: readonly PositionLoss[] }> {
    const score = await inPieces(this.score(text), onProgress);
    const { positions } = score.positions
      ? score
      : await inPieces(sequenceScorer(this.model, this.options)(text), onProgress);
    return { event: this.describe(text, step, score), positions: positions! };
  }

  private describe(text: EvaluationText, step: number, { nats, tokens, floor, cut }: Score): EvalEvent {
    const bits = nats / Math.LN2;
    return {
      event: 'eval',
      step,
      split: text.split,
      loss: nats / tokens,
      floor,
      ppl: finite(Math.exp(nats / tokens)),
      causal: this.causal,
      bpc: finite(bits / text.characters),
      bpb: finite(bits / text.bytes),
      tokens,
      characters: text.characters,
      bytes: text.bytes,
      ...(this.windows && { windows: { ...this.windows, cut: cut! } }),
    };
  }
}

async function inPieces(run: Generator<number, Score>, onProgress?: (share: number) => void): Promise<Score> {
  for (;;) {
    const { done, value } = run.next();
    if (done) return value;
    onProgress?.(Math.min(value, 1));
    await setImmediate();
  }
}

/** What it takes to count a pair of tokens, in multiply-accumulates: for telling how far an evaluation is. */
const PAIR_WORK = 100;

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
