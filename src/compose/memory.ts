import { constants } from 'node:buffer';
import { totalmem } from 'node:os';
import type { Backend } from '../core/backend.ts';
import { computeOn } from '../core/compute.ts';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import type { Layer } from '../core/layer.ts';
import type { Memory } from '../core/memory.ts';
import type { Optimizer, OptimizerPlan } from '../core/optimizer.ts';
import type { Parameter } from '../core/parameter.ts';
import { BYTES, type Mat, mat } from '../core/tensor.ts';
import { processLimits } from '../files/process-limits.ts';
import type { Recipe } from '../recipes/load.ts';
import { chooseBlockRows } from '../runtime/batch-runner.ts';
import { planBlock } from '../runtime/blocks.ts';
import { couplingOf, type ModelParts } from '../runtime/model.ts';
import { Workspace } from '../runtime/workspace.ts';
import { generationBlock } from '../train/generate.ts';
import { tokensPerStep } from './run-limits.ts';

/** Bytes that a training run needs, an estimate made without allocating them. */
export interface MemoryEstimate {
  /** Weights, gradients and quantised weights. */
  readonly parameters: number;
  readonly optimizer: number;
  /** What one block of rows leaves for its backward pass. */
  readonly activations: number;
  /** What kernels need beside: the head's, and the weight gradients of a residual block, whose rows are all packed at once. */
  readonly scratch: number;
  /** Token ids and targets of one step. */
  readonly batch: number;
  readonly total: number;
  /** The largest array among them. */
  readonly largest: number;
}

/** Ids and targets of a token on their way from the data to a block. */
const BYTES_PER_TOKEN = 32;

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

/** The memory of training `parts` as `recipe` says, with so many bytes for the optimiser. */
export function estimateMemory(
  recipe: Recipe,
  parts: ModelParts,
  optimizerBytes: number,
  backend: Backend,
): MemoryEstimate {
  const { data, train } = recipe;
  const bytes = BYTES[backend.real];
  const tokens = tokensPerStep(recipe);
  const all = parametersOf(parts);
  const values = all.reduce((sum, p) => sum + p.size, 0);
  const shared = all.reduce((sum, p) => sum + p.uses.length * p.size, 0);
  const ternary = all.reduce((sum, p) => sum + (p.quantised ? p.size : 0), 0);
  const dense = all.reduce((sum, p) => sum + (p.isDense ? p.size : 0), 0);
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
  const sizes = {
    parameters: (2 * values + shared + dense) * bytes + 2 * ternary,
    optimizer: optimizerBytes,
    activations: planned.bytes,
    scratch: headScratch(recipe, parts, rows, backend) + packedRows(recipe, parts, rows, backend),
    batch: tokens * BYTES_PER_TOKEN,
  };
  return {
    ...sizes,
    total: Object.values(sizes).reduce((sum, size) => sum + size, 0),
    largest: Math.max(values * bytes, planned.largest),
  };
}

function headScratch(
  { compute }: Recipe,
  { objective: { inCols, vocab } }: ModelParts,
  rows: number,
  backend: Backend,
): number {
  return backend.headScratchBytes?.(rows, inCols, vocab, computeOn(backend, compute).products) ?? 0;
}

/** Of the residual block that packs most: blocks run one after another. */
function packedRows({ compute }: Recipe, { body }: ModelParts, rows: number, backend: Backend): number {
  if (!backend.defer || !backend.packedRowsBytes) return 0;
  const { products, gradients } = computeOn(backend, compute);
  const sizes = residualsIn(body).map((block) => {
    let bytes = 0;
    for (const { matrix, quantised, rows: outCols, cols: inCols } of block.parameters()) {
      if (!matrix) continue;
      bytes += backend.packedRowsBytes!(rows, outCols, inCols, quantised ? gradients : products);
    }
    return bytes;
  });
  return Math.max(0, ...sizes);
}

/** The blocks that are deferred regions. */
function residualsIn(layer: Layer): Layer[] {
  if (layer.type === 'residual' && layer.throughKernels) return [layer];
  return (layer.children ?? []).flatMap(residualsIn);
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
    Math.max(0, processLimits().addressSpace - ENGINE),
  );
}

const SMALLER = 'Make the model (dim, out, repeat, vocab), data.batch or train.block_rows smaller.';

/** @throws FlashError for a run that needs more memory than there is, naming the bytes. */
export function requireMemory(estimate: MemoryEstimate, available: number = availableMemory()): void {
  const { total, largest, ...parts } = estimate;
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
 * and what its layers carry. Both exist twice, as a batch that gets smaller moves; the latter once more on the way. `context` as
 * for `generationBlock`.
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
  return block.bytes + texts * (2 * logits + 3 * carried);
}

const readable = (bytes: number): string => `${bytes.toLocaleString('en')} bytes (${formatBytes(bytes)})`;

/** What `Blocks` asks its workspace for, and what of it the sequences carry. */
function planActivations(
  parts: ModelParts,
  rows: number,
  sizes: { readonly seqLen: number; readonly context?: number; readonly training: boolean },
  backend: Backend,
): { readonly bytes: number; readonly largest: number; readonly carried: number } {
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
  return { bytes: workspace.bytes + carried, largest: workspace.largest, carried };
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
