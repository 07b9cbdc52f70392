import { setImmediate } from 'node:timers/promises';
import { BatchRunner } from '../core/batch-runner.ts';
import { FLOAT32 } from '../core/compute.ts';
import { Blocks, type Model } from '../core/model.ts';
import { DenseRows } from '../core/rows.ts';
import { BigramCounts } from '../data/collapse.ts';
import type { EvalEvent } from './events.ts';

/** One document, its end-of-document token included. It may be longer than memory, so it is read in pieces. */
export interface EvaluationDocument {
  /** Tokens in the document. */
  readonly length: number;
  /** Writes `count` ids from position `start` of the document on to `out`, from `at` on. */
  read(start: number, count: number, out: Int32Array, at: number): void;
}

/** The text that an evaluation covers: whole documents. */
export interface EvaluationText {
  readonly split: string;
  /** Token of the end of a document; it also stands before each document's first token. */
  readonly eos: number;
  documents(): Iterable<EvaluationDocument>;
  /** Unicode code points and UTF-8 bytes of the documents' text. */
  readonly characters: number;
  readonly bytes: number;
}

/** Pairs are handed over in pieces of this many tokens. */
const PIECE = 1 << 16;

/**
 * Loss over whole documents: every token of every document is predicted once, its end-of-document token included, from
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
        ? sequenceScorer(model, options.seqLen)
        : tokenWiseScorer(model, options.collapse, options.blockRows);
  }

  evaluate(text: EvaluationText, step: number): EvalEvent {
    const run = this.score(text);
    for (;;) {
      const { done, value } = run.next();
      if (done) return describe(text, step, value, this.causal);
    }
  }

  /** `evaluate` that lets signals and timers in on the way: a long text or a slow backend can take minutes. */
  async evaluateInPieces(text: EvaluationText, step: number): Promise<EvalEvent> {
    const run = this.score(text);
    for (;;) {
      const { done, value } = run.next();
      if (done) return describe(text, step, value, this.causal);
      await setImmediate();
    }
  }
}

interface Score {
  readonly nats: number;
  readonly tokens: number;
  readonly floor: number | null;
}
/** Stops after each piece. */
type Scorer = (text: EvaluationText) => Generator<void, Score>;

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

/** Nothing but the token before counts, so documents run together: each begins after an end-of-document token. */
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
    const flush = function* (): Generator<void, void> {
      counts.add(ids, targets, held);
      if (collapse === 'never') nats += yield* runner.evaluateStepwise(dense.of(ids, targets, held));
      held = 0;
      yield;
    };
    for (const document of text.documents()) {
      let previous = text.eos;
      for (let start = 0, count = 0; start < document.length; start += count) {
        count = Math.min(document.length - start, PIECE - held);
        document.read(start, count, targets, held);
        ids[held] = previous;
        ids.set(targets.subarray(held, held + count - 1), held + 1);
        held += count;
        previous = targets[held - 1]!;
        if (held === PIECE) yield* flush();
      }
    }
    yield* flush();
    if (collapse === 'auto') nats = yield* runner.evaluateStepwise(counts.rows());
    return { nats, tokens: counts.tokens, floor: counts.floor() };
  };
}

/** Document by document, in windows of a training sequence whose layers carry their state from window to window. */
function sequenceScorer(model: Model, seqLen: number): Scorer {
  const blocks = new Blocks(model, { rows: seqLen, seqLen, training: false, targetCapacity: seqLen });
  const plan = blocks.plan(seqLen);
  const { offsets, ids: targetIds, weights } = plan.targets;
  weights.data.fill(1);
  const window = new Int32Array(seqLen);
  return function* (text) {
    model.prepare();
    let nats = 0;
    let tokens = 0;
    for (const document of text.documents()) {
      let previous = text.eos;
      for (let start = 0; start < document.length; start += seqLen) {
        const count = Math.min(seqLen, document.length - start);
        document.read(start, count, window, 0);
        for (let i = 0; i < seqLen; i++) {
          // Rows past the end have no target, and no row looks ahead at them.
          plan.ids.data[i] = i < count ? previous : text.eos;
          targetIds.data[i] = i < count ? window[i]! : 0;
          if (i < count) previous = window[i]!;
          offsets.data[i + 1] = Math.min(i + 1, count);
        }
        const context = { k: model.backend.kernels, seqLen, carry: start > 0, compute: FLOAT32 };
        plan.forward(context);
        plan.loss(context, 0, false);
        for (let i = 0; i < count; i++) nats += plan.nats.data[i]!;
        yield;
      }
      tokens += document.length;
    }
    return { nats, tokens, floor: null };
  };
}
