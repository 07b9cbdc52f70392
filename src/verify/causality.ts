import { checkArguments } from '../backends/checked/check-arguments.ts';
import { describeModel } from '../compose/describe.ts';
import { composeModel } from '../compose/run.ts';
import { allocateMat } from '../core/allocate.ts';
import type { Backend } from '../core/backend.ts';
import { FlashError } from '../core/errors.ts';
import { findNonFinite } from '../core/ops/finite.ts';
import { Random } from '../core/random.ts';
import type { Mat } from '../core/tensor.ts';
import { combineWatches, type LayerCall, type LayerWatch } from '../core/watch.ts';
import type { Recipe } from '../recipes/load.ts';
import { type Block, Blocks } from '../runtime/blocks.ts';
import type { Model } from '../runtime/model.ts';
import { DenseRows } from '../runtime/rows.ts';

/** A place in the block: a sequence, and a position in it from 0. */
export interface Position {
  readonly sequence: number;
  readonly row: number;
}

/** What a row must not depend on but does: a later token, another sequence, or (token-wise models) any other token. */
export type LeakKind = 'later token' | 'other sequence' | 'earlier token';

/** The first output that changed though it must not have. */
export interface Leak {
  readonly kind: LeakKind;
  /** The token that was changed. */
  readonly changed: Position;
  /** The row that saw it. */
  readonly seen: Position;
  /** Whose logit changed; null where logits stayed the same and the row's loss did not. */
  readonly vocabularyId: number | null;
  readonly before: number;
  readonly after: number;
  /** The innermost layer in whose output a row first changed that must not. */
  readonly layer: { readonly path: string; readonly type: string };
}

export interface CausalityResult {
  readonly backend: string;
  /** Null where no token had any effect, not even on its own row: nothing can be said then. */
  readonly causal: boolean | null;
  readonly leak: Leak | null;
  /** The model claims that a row depends on its own token alone, and was held to it. */
  readonly tokenWise: boolean;
  /** The first layer that wrote NaN or infinity for the random tokens and parameters of the check, if one did. */
  readonly nonFinite: Leak['layer'] | null;
  /** Tokens in each of the two sequences: `data.seq_len`, or fewer where that would take too long. */
  readonly tokens: number;
  /** Changes that were tried, one token each. */
  readonly changes: number;
}

const SEQUENCES = 2;
/** First, middle and last token, and others at random, in either sequence. */
const CHANGES = 8;
/** Multiply-accumulates altogether with an effort of 1: about a second on the reference backend. */
const WORK = 2e8;
/** Fewer tokens than these would show too little. */
const MIN_TOKENS = 8;
/** What a layer does with more tokens is what it does with these; layers need not tell their work truly. */
const MAX_TOKENS = 256;
/** How much more a native backend does in the time that the reference has. */
const NATIVE_WORK = 10 * WORK;
/** Logits of the two long sequences together: 64 MB. */
const MAX_LOGITS = 2 ** 24;
/** Off every special value: a mix of 0 or a gain of 1 may hide what another would show. */
const SPREAD = 0.3;

/** Multiply-accumulates of the gate for each token of a sequence; the head runs for logits and for losses. */
function workOf(recipe: Recipe): number {
  const { layers, macsPerToken } = describeModel(recipe);
  return (CHANGES + 1) * SEQUENCES * (macsPerToken + layers.at(-1)!.macs);
}

function tokensFor(recipe: Recipe): number {
  return Math.min(recipe.data.seq_len, MAX_TOKENS, Math.floor(WORK / workOf(recipe)));
}

/** As many as can each be changed in turn: the work grows with the square. */
function thoroughTokens(recipe: Recipe, effort: number): number {
  const perToken = (SEQUENCES * workOf(recipe)) / (CHANGES + 1);
  const tokens = Math.floor(Math.sqrt((effort * WORK) / perToken));
  return leastOf(recipe, Math.min(recipe.data.seq_len, MAX_TOKENS, tokens));
}

/**
 * As long as the recipe's sequences, if a native backend gets through that about as quickly; 0 where it is no more than what
 * the reference tries, and where it would take long.
 */
export function longTokens(recipe: Recipe): number {
  const { seq_len: seqLen } = recipe.data;
  const vocab = describeModel(recipe).layers.at(-1)!.outCols;
  const most = Math.floor(MAX_LOGITS / (SEQUENCES * vocab));
  const tokens = Math.min(seqLen, most, Math.floor(NATIVE_WORK / workOf(recipe)));
  return tokens > tokensFor(recipe) && tokens >= Math.min(seqLen, MIN_TOKENS) ? tokens : 0;
}

const leastOf = (recipe: Recipe, tokens: number): number =>
  Math.max(tokens, Math.min(recipe.data.seq_len, MIN_TOKENS));

/** Whether the gate takes no more than about a second on the reference backend, so that it can run unasked. */
export function isCheap(recipe: Recipe): boolean {
  return tokensFor(recipe) >= Math.min(recipe.data.seq_len, MIN_TOKENS);
}

export interface CausalityOptions {
  readonly effort?: number;
  readonly tokens?: number;
  readonly onProgress?: (share: number, backend: string) => void;
}

/**
 * Changes one token at a time in a block of two sequences, and compares the logits and losses of every other row. Earlier
 * rows and rows of the other sequence must keep their bits; in a token-wise model, all other rows. The model is a new
 * one, whose parameters depend on its recipe alone. An `effort` of 1 changes a few tokens, in sequences short enough for
 * about a second on the reference backend; a larger effort changes every token and does that many times the work.
 * `tokens` sets the sequence length; then a few tokens are changed. `onProgress` is called before each change, with the
 * share of the changes tried so far.
 */
export function checkCausality(
  recipe: Recipe,
  backend: Backend,
  { effort = 1, tokens: asked, onProgress }: CausalityOptions = {},
): CausalityResult {
  const thorough = effort > 1 && asked === undefined;
  const tokens = asked ?? (thorough ? thoroughTokens(recipe, effort) : leastOf(recipe, tokensFor(recipe)));
  const trace = new Trace();
  // With arguments checked: the reference would compute something else from wrong shapes, which looks like a leak.
  const watched = { ...checkArguments(backend), watch: combineWatches(trace, backend.watch) };
  const model = composeModel(recipe, watched);
  try {
    return tryChanges(model, trace, { tokens, thorough, onProgress, backend: backend.name });
  } finally {
    model.release();
  }
}

function tryChanges(
  model: Model,
  trace: Trace,
  {
    tokens,
    thorough,
    onProgress,
    backend,
  }: Pick<CausalityOptions, 'onProgress'> & {
    readonly tokens: number;
    readonly thorough: boolean;
    readonly backend: string;
  },
): CausalityResult {
  perturb(model);
  const tokenWise = model.coupling === 'row';
  const block = new TwoSequences(model, tokens);
  const base = block.run();
  const about = { backend, tokenWise, nonFinite: trace.nonFinite ?? null, tokens };
  refuseChance(base, block, trace);
  const changes = model.vocab > 1 ? (thorough ? allOf(tokens) : changesOf(tokens)) : [];
  let seen = 0;
  for (const [i, changed] of changes.entries()) {
    onProgress?.(i / changes.length, backend);
    const kindOf = (row: number) => forbidden(row, changed, tokens, tokenWise);
    trace.compare(kindOf);
    const outputs = block.run(changed);
    trace.end();
    const own = changed.sequence * tokens + changed.row;
    if (differenceIn(base.logits, outputs.logits, (row) => row === own)) seen++;
    const leak = leakOf(base, outputs, kindOf);
    if (!leak) continue;
    const layer = trace.first!;
    // What a layer keeps from call to call may show late: NaN after so many of them, say.
    refuseChance(base, block, trace);
    const { row, ...rest } = leak;
    const place = { sequence: Math.floor(row / tokens), row: row % tokens };
    // The objective's losses are watched too, so whatever leaks was seen in some layer.
    const found = { kind: kindOf(row)!, changed, seen: place, ...rest, layer };
    return { ...about, causal: false, leak: found, changes: changes.length };
  }
  return { ...about, causal: seen > 0 ? true : null, leak: null, changes: changes.length };
}

/**
 * Runs the unchanged tokens again.
 * @throws FlashError for a model that gives other results for the very same tokens: every change would look like a leak.
 */
function refuseChance(base: Outputs, block: TwoSequences, trace: Trace): void {
  trace.compare(() => true);
  const differs = leakOf(base, block.run(), () => true);
  trace.end();
  if (!differs) return;
  const { path, type } = trace.first!;
  const { before, after } = differs;
  const what = Number.isFinite(after)
    ? 'The model gives other results for the same tokens'
    : `The model gives ${after} for tokens for which it gave ${before} before`;
  throw new FlashError(what, {
    where: `${path} (${type})`,
    remedy: 'A layer must not draw random numbers, nor keep anything from one call for the next.',
  });
}

function perturb({ store }: Model): void {
  for (const p of store.all) {
    const random = new Random(1, `causality/${p.name}`);
    const spread = 'normal' in p.init ? p.init.normal || SPREAD : SPREAD;
    const { data } = p.value;
    for (let i = 0; i < data.length; i++) data[i] = Math.fround(data[i]! + spread * random.normal());
  }
}

/** Every token of both sequences, the last first. */
function allOf(tokens: number): Position[] {
  return Array.from({ length: SEQUENCES * tokens }, (_, i) => ({
    sequence: i % SEQUENCES,
    row: tokens - 1 - Math.floor(i / SEQUENCES),
  }));
}

/** The last token comes first: what sees a whole sequence is then found to see a later token. */
function changesOf(tokens: number): Position[] {
  const random = new Random(1, 'causality/changes');
  const anywhere = () => Math.floor(tokens * random.uniform());
  const rows = [tokens - 1, tokens >> 1, 0, anywhere()];
  const all = rows.flatMap((row) => [
    { sequence: 0, row },
    { sequence: 1, row: tokens - 1 - row },
  ]);
  const distinct = new Map(all.map((change) => [`${change.sequence} ${change.row}`, change]));
  return [...distinct.values()].slice(0, CHANGES);
}

/** Why a row must not have changed; undefined where it may. */
function forbidden(row: number, changed: Position, tokens: number, tokenWise: boolean): LeakKind | undefined {
  if (Math.floor(row / tokens) !== changed.sequence) return 'other sequence';
  const at = row % tokens;
  if (at < changed.row) return 'later token';
  return tokenWise && at > changed.row ? 'earlier token' : undefined;
}

interface Outputs {
  readonly logits: Mat;
  readonly nats: Mat;
}

/** Two sequences of random tokens, of which one token at a time is another. */
class TwoSequences {
  private readonly block: Block;
  private readonly rows: DenseRows;
  private readonly ids: Int32Array;
  /** They stay as they are: only what the model reads is changed. */
  private readonly targets: Int32Array;
  private readonly logits: Mat;

  constructor(
    private readonly model: Model,
    private readonly tokens: number,
  ) {
    const rows = SEQUENCES * tokens;
    const blocks = new Blocks(model, { rows, seqLen: tokens, training: false, targetCapacity: rows });
    this.block = blocks.block(rows);
    this.rows = new DenseRows(rows);
    this.logits = allocateMat(model.backend, rows, model.vocab, 'logits');
    const random = new Random(1, 'causality/tokens');
    const draw = () => Int32Array.from({ length: rows }, () => Math.floor(model.vocab * random.uniform()));
    this.ids = draw();
    this.targets = draw();
    model.prepare();
  }

  run(changed?: Position): Outputs {
    const { model, block, logits, tokens, targets } = this;
    const ids = this.ids.slice();
    if (changed) {
      const row = changed.sequence * tokens + changed.row;
      const by = 1 + (row % (model.vocab - 1));
      ids[row] = (ids[row]! + by) % model.vocab;
    }
    block.load(this.rows.of(ids, targets, ids.length));
    block.forward();
    block.logits(logits);
    block.loss();
    return { logits: copyOf(logits), nats: copyOf(block.nats) };
  }
}

const copyOf = (m: Mat): Mat => ({ ...m, data: m.data.slice() }) as Mat;

interface Difference {
  readonly row: number;
  readonly col: number;
}

/** The first element that is not the same, to the bit, in a row that `matters`. */
function differenceIn(a: Mat, b: Mat, matters: (row: number) => unknown): Difference | undefined {
  for (let row = 0; row < a.rows; row++) {
    if (!matters(row)) continue;
    for (let col = 0, i = row * a.cols; col < a.cols; col++, i++)
      if (!Object.is(a.data[i], b.data[i])) return { row, col };
  }
  return undefined;
}

function leakOf(base: Outputs, now: Outputs, matters: (row: number) => unknown) {
  for (const key of ['logits', 'nats'] as const) {
    const found = differenceIn(base[key], now[key], matters);
    if (!found) continue;
    const { row, col } = found;
    const at = row * base[key].cols + col;
    const [before, after] = [base[key].data[at]!, now[key].data[at]!];
    return { row, vocabularyId: key === 'logits' ? col : null, before, after };
  }
  return undefined;
}

/**
 * Keeps what every layer wrote in the first run and finds, in later ones, the first layer whose forbidden rows changed.
 * Layers end before the containers around them, so that is the innermost one that can be told apart.
 */
class Trace implements LayerWatch {
  first: Leak['layer'] | undefined;
  /** The first layer that wrote something that is not finite in the first run. */
  nonFinite: Leak['layer'] | undefined;
  private readonly kept: Mat[] = [];
  private index = 0;
  private matters: ((row: number) => unknown) | undefined;

  compare(matters: (row: number) => unknown): void {
    this.matters = matters;
    this.index = 0;
    this.first = undefined;
  }

  end(): void {
    this.matters = undefined;
  }

  around(call: LayerCall, run: () => void): void {
    run();
    if (call.pass === 'prepare') return;
    for (const written of call.writes) {
      if (!this.matters) {
        this.kept.push(copyOf(written));
        const { path, type } = call;
        if (!this.nonFinite && findNonFinite(written) >= 0) this.nonFinite = { path, type };
      } else {
        const before = this.kept[this.index++]!;
        if (!this.first && differenceIn(before, written, this.matters)) {
          this.first = { path: call.path, type: call.type };
        }
      }
    }
  }
}
