import { constants } from 'node:buffer';
import { totalmem } from 'node:os';
import type { Backend } from '../core/backend.ts';
import { computeOn } from '../core/compute.ts';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import type { Memory } from '../core/memory.ts';
import type { Optimizer, OptimizerPlan } from '../core/optimizer.ts';
import { FlatLayout, type Parameter } from '../core/parameter.ts';
import { BYTES, type Mat, mat } from '../core/tensor.ts';
import { processLimits } from '../files/process-limits.ts';
import { buildModel } from '../recipes/build-model.ts';
import type { Recipe } from '../recipes/load.ts';
import { chooseBlockRows } from '../runtime/batch-runner.ts';
import { Blocks, planBlock } from '../runtime/blocks.ts';
import { couplingOf, growsToContext, isBound, Model, type ModelParts } from '../runtime/model.ts';
import { DenseRows } from '../runtime/rows.ts';
import { Workspace } from '../runtime/workspace.ts';
import { generationBlock } from '../train/generate.ts';
import { documentsAtOnce } from '../train/sequence-scorer.ts';
import { tokensPerStep } from './run-limits.ts';

/** Bytes that a training run needs, an estimate made without allocating them. */
export interface MemoryEstimate {
  /** Weights, gradients and quantised weights. */
  readonly parameters: number;
  readonly optimizer: number;
  /** What one block of rows leaves for its backward pass, without `unwritten`. */
  readonly activations: number;
  /** What kernels work in: only as far as it was rehearsed. */
  readonly scratch: number;
  /** Token ids and targets of one step. */
  readonly batch: number;
  /** Activations of a block of the validation text, which has memory to itself. */
  readonly evaluation: number;
  /** Node, its heap, libraries, the tokenizer and texts. */
  readonly process: number;
  readonly total: number;
  /** Memory of activations that is allocated and never written, as tiles in caches take its place. */
  readonly unwritten: number;
  /** The largest array among them. */
  readonly largest: number;
}

/** Whether an estimate must be complete, or only tell whether the run fits. */
export type Rehearse = 'always' | 'near the limit';

/** Ids and targets of a token on their way from the data to a block. */
const BYTES_PER_TOKEN = 32;

/** What remains of a run's resident memory without the other parts: the same for all models. */
const PROCESS = 140e6;

/** All parameters of a model, in the order of its store. */
const parametersOf = ({ input, body, objective }: ModelParts): Parameter[] => [
  ...input.parameters(),
  ...body.parameters(),
  ...objective.parameters(),
];

/**
 * The updates of a model's parameters, and the bytes that they need, without any of them.
 * @throws FlashError for parameters that the optimiser cannot update.
 */
export function planWithoutMemory(
  optimizer: Optimizer,
  parts: ModelParts,
  backend: Backend,
): { readonly plan: OptimizerPlan; readonly bytes: number } {
  const memory = new CountingMemory(BYTES[backend.real]);
  const plan = optimizer.plan(parametersOf(parts), memory);
  return { plan, bytes: memory.bytes };
}

/**
 * The memory of training `parts` as `recipe` says, with so many bytes for the optimiser. What kernels work in is found by a
 * rehearsal of a block, which takes as long as some steps: `always`, or only where little memory would be left.
 */
export function estimateMemory(
  recipe: Recipe,
  parts: ModelParts,
  optimizerBytes: number,
  backend: Backend,
  rehearse: Rehearse,
): MemoryEstimate {
  const { data, train } = recipe;
  const bytes = BYTES[backend.real];
  const tokens = tokensPerStep(recipe);
  const all = parametersOf(parts);
  const values = new FlatLayout(all).length;
  const beside = all.reduce((sum, p) => sum + (p.uses.length + Number(p.isDense)) * p.size, 0);
  const ternary = all.reduce(
    (sum, { quantised, size, rows, cols }) =>
      sum + (quantised ? size + backend.packedTernaryBytes(rows, cols) : 0),
    0,
  );
  const collapsed = couplingOf(parts) === 'row' && recipe.collapse === 'auto';
  const rows = chooseBlockRows(
    { coupling: couplingOf(parts), backend },
    {
      seqLen: data.seq_len,
      blockRows: train.block_rows,
      maxRows: collapsed ? Math.min(parts.objective.vocab, tokens) : tokens,
    },
  );
  const planned = planActivations(parts, rows, { seqLen: data.seq_len, training: true }, backend);
  const known = {
    parameters: (2 * values + beside) * bytes + ternary,
    optimizer: optimizerBytes,
    activations: planned.bytes - planned.unwritten,
    batch: tokens * BYTES_PER_TOKEN,
    evaluation: evaluationBytes(recipe, parts, backend),
    process: PROCESS,
  };
  const needed = sum(Object.values(known));
  const available = availableMemory();
  // Not for a run that is refused, whose arrays can't even be reserved.
  const worth = needed <= available && (rehearse === 'always' || needed > available / 2);
  const scratch = worth ? scratchBytes(recipe, parts, rows, backend) : 0;
  return {
    ...known,
    scratch,
    total: needed + scratch,
    unwritten: planned.unwritten,
    largest: Math.max(values * bytes, planned.largest),
  };
}

/** What a block of the validation text takes, with what its documents carry from call to call. */
function evaluationBytes({ data, train, collapse }: Recipe, parts: ModelParts, backend: Backend): number {
  const coupling = couplingOf(parts);
  const rows = chooseBlockRows(
    { coupling, backend },
    {
      seqLen: data.seq_len,
      blockRows: train.block_rows,
      maxRows: coupling === 'row' && collapse === 'auto' ? parts.objective.vocab : Number.POSITIVE_INFINITY,
    },
  );
  const seqLen = data.seq_len;
  const { bytes, unwritten, carried } = planActivations(parts, rows, { seqLen, training: false }, backend);
  if (carried === 0 || coupling === 'row' || growsToContext(parts)) return bytes - unwritten;
  const each = carried / Math.ceil(rows / seqLen);
  // As documents end there are fewer, by halves: each number of them has memory to itself.
  return bytes - unwritten + 2 * documentsAtOnce(rows, seqLen, bytes, each) * each;
}

/** What kernels work in while a block of so many rows is trained: it is rehearsed, as nobody else knows. */
function scratchBytes(recipe: Recipe, parts: ModelParts, rows: number, backend: Backend): number {
  const { seq_len: seqLen } = recipe.data;
  const rehearsal = (rehearsing: Backend): void => {
    // The layers of another model keep its memory.
    const model = new Model(rehearsing, isBound(parts) ? buildModel(recipe.model, { seqLen }) : parts);
    try {
      const block = new Blocks(model, { rows, seqLen, training: true, targetCapacity: rows }).block(rows);
      const tokens = new Int32Array(rows);
      block.load(new DenseRows(rows).of(tokens, tokens, rows));
      const pass = { training: true, compute: computeOn(backend, recipe.compute) };
      block.forward(pass);
      block.loss(pass, 1);
      block.backward(pass);
    } catch {
      // A layer that fails here fails in training too, which says where.
    } finally {
      model.release();
    }
  };
  return backend.rehearse?.(rehearsal) ?? 0;
}

/**
 * Address space that the engine's own heap, threads and libraries take while a model trains: one of 608 MB ended the
 * process in the engine with 700 MB left, and ran with 1.2 GB.
 */
const ENGINE = 512 << 20;

/** Memory this process may use: the machine's, or what its container or `ulimit -v` leaves. */
export function availableMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return Math.min(
    limit > 0 ? limit : totalmem(),
    totalmem(),
    // An estimate counts what is resident of the engine.
    Math.max(0, processLimits().addressSpace - ENGINE + PROCESS),
  );
}

const SMALLER = 'Make the model (dim, out, repeat, vocab), data.batch or train.block_rows smaller.';

/** @throws FlashError for a run that needs more memory than there is, naming the bytes. */
export function requireMemory(estimate: MemoryEstimate, available: number = availableMemory()): void {
  const { total, largest, unwritten: _, ...parts } = estimate;
  const [part, bytes] = Object.entries(parts).sort((a, b) => b[1] - a[1])[0]!;
  const what =
    total > available
      ? `The run would need ${readable(total)} of memory (${part}: ${readable(bytes)}); there are ${readable(available)}`
      : largest > constants.MAX_LENGTH &&
        `One array of the run would need ${readable(largest)}; Node allows ${readable(constants.MAX_LENGTH)}`;
  if (what) throw new FlashError(what, { remedy: SMALLER, exitCode: 2 });
}

/**
 * Bytes for writing so many texts side by side, beside the weights: the activations of a block, and of each text its logits
 * and what its layers carry. Both exist twice, as a batch that gets smaller moves; the latter once more on the way. One text never
 * moves: what it carries exists once more, as its prompt left it. `context` as for `generationBlock`.
 */
export function decodingBytes(
  parts: ModelParts,
  texts: number,
  context: number | null,
  backend: Backend,
): number {
  const { rows, ...sizes } = generationBlock(texts, context);
  const block = planActivations(parts, rows, { ...sizes, training: false }, backend);
  const logits = parts.objective.vocab * BYTES[backend.real];
  const carried = block.carried / Math.ceil(rows / sizes.seqLen);
  return block.bytes + texts * (2 * logits + (texts > 1 ? 3 : 1) * carried);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const readable = (bytes: number): string => `${bytes.toLocaleString('en')} bytes (${formatBytes(bytes)})`;

/** What `Blocks` asks its workspace for, and what of it the sequences carry. */
function planActivations(
  parts: ModelParts,
  rows: number,
  sizes: { readonly seqLen: number; readonly context?: number; readonly training: boolean },
  backend: Backend,
): {
  readonly bytes: number;
  readonly unwritten: number;
  readonly largest: number;
  readonly carried: number;
} {
  const workspace = new Workspace(backend, true);
  const sequences = Math.ceil(rows / sizes.seqLen);
  let carried = 0;
  const state = {
    request: (label: string, rowsPerSequence: number, cols: number): Mat => {
      carried += sequences * rowsPerSequence * cols * BYTES[backend.real];
      return { ...mat(backend.real, 0, 0, label), rows: sequences * rowsPerSequence, cols } as Mat;
    },
  };
  workspace.plan({ ...sizes, state }, (p) => planBlock(parts, rows, p));
  const unwritten = backend.defer ? workspace.transientBytes : 0;
  return { bytes: workspace.bytes + carried, unwritten, largest: workspace.largest, carried };
}

/** Adds up requests, and hands out arrays without data. */
class CountingMemory implements Memory {
  bytes = 0;

  constructor(private readonly real: number) {}

  mat(rows: number, cols: number, label: string): Mat {
    this.bytes += rows * cols * this.real;
    return { dtype: 'f32', rows, cols, label, data: new Float32Array(0) };
  }
}
