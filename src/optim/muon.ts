import { z } from 'zod';
import { component } from '../core/component.ts';
import type { FloatPrecision } from '../core/compute.ts';
import { FlashError } from '../core/errors.ts';
import type { Kernels } from '../core/kernels.ts';
import type { Memory } from '../core/memory.ts';
import type { Optimizer, OptimizerPlan } from '../core/optimizer.ts';
import { type Parameter, sliceOf } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';
import { lr, weightDecay } from './options.ts';
import { allocateSlot } from './slots.ts';

export interface MuonOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** Newton-Schulz iterations. */
  readonly steps: number;
  readonly scale: keyof typeof SCALES;
  /** Row blocks of every matrix, or the rows of each; undefined takes the parts that a parameter declares. */
  readonly split?: number | readonly number[];
}

/** Steepest at 0, so that small singular values grow in few iterations; they end between 0.7 and 1.2. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const EPS = 1e-7;

/** What the learning rate of a matrix is multiplied by. */
const SCALES = {
  keller: (rows: number, cols: number): number => Math.sqrt(Math.max(1, rows / cols)),
  /** The root mean square of an update is about 0.2, as AdamW's is: its learning rate and decay can be kept. */
  moonlight: (rows: number, cols: number): number => 0.2 * Math.sqrt(Math.max(rows, cols)),
} as const;

/** As large as the largest matrix needs; `gram` and `square` are square, of its smaller side. */
interface Scratch {
  readonly x: Mat;
  readonly y: Mat;
  readonly gram: Mat;
  readonly square: Mat;
}

/**
 * Momentum whose update is made orthogonal: all of its singular values are brought close to 1 (Jordan et al. 2024; the
 * scale `moonlight` is Liu et al. 2025). Weight decay is decoupled. For matrices only.
 */
export class Muon implements Optimizer {
  readonly type = 'muon';
  readonly lr: number;

  constructor(private readonly options: MuonOptions) {
    this.lr = options.lr;
  }

  plan(parameters: readonly Parameter[], memory: Memory): OptimizerPlan {
    const { split, weightDecay } = this.options;
    const blocks = parameters.map((p) => blocksOf(p, split));
    const momentum = allocateSlot('momentum', parameters, memory);
    const shapes = blocks.flatMap((rows, i) => rows.map((count) => [count, parameters[i]!.cols] as const));
    const size = Math.max(0, ...shapes.map(([rows, cols]) => rows * cols));
    const small = Math.max(0, ...shapes.map(([rows, cols]) => Math.min(rows, cols) ** 2));
    const scratch = {
      x: memory.mat(1, size, 'muon/x'),
      y: memory.mat(1, size, 'muon/y'),
      gram: memory.mat(1, small, 'muon/gram'),
      square: memory.mat(1, small, 'muon/square'),
    };
    return {
      slots: [momentum],
      scratch: Object.values(scratch),
      update: (k, { lr, decayFactor, products }) => {
        for (const [i, { parameter: p, values }] of momentum.parts.entries()) {
          const decay = p.decay ? weightDecay * decayFactor : 0;
          let start = 0;
          for (const rows of blocks[i]!) {
            const block = (m: Mat): Mat => sliceOf(m, start, rows, p.cols, m.label);
            this.updateBlock(k, block(p.value), block(p.grad), block(values), scratch, lr, decay, products);
            start += rows * p.cols;
          }
        }
      },
    };
  }

  private updateBlock(
    k: Kernels,
    weight: Mat,
    grad: Mat,
    velocity: Mat,
    scratch: Scratch,
    lr: number,
    decay: number,
    products: FloatPrecision,
  ): void {
    const { momentum, nesterov, steps, scale } = this.options;
    const { rows, cols } = weight;
    const x = sliceOf(scratch.x, 0, rows, cols, 'muon/x');
    const y = sliceOf(scratch.y, 0, rows, cols, 'muon/y');
    // From 0 at the rate -1, x becomes the new velocity.
    x.data.fill(0);
    k.sgdMomentum(x, velocity, grad, -1, momentum, 0);
    if (nesterov) {
      k.scale(x, momentum);
      k.add(x, x, grad);
    }
    // The published momentum is a running mean, 1 - momentum times this sum.
    k.scale(x, 1 / (Math.sqrt(k.sumSquares(x)) + EPS / (1 - momentum)));
    orthogonalize(k, x, y, scratch, steps, products);
    const factor = SCALES[scale](rows, cols);
    // weight -= lr * (factor * x + decay * weight)
    k.sgdMomentum(weight, y, x, lr * factor, 0, decay / factor);
  }
}

/**
 * Newton-Schulz iterations `x = A x + (B g + C g^2) x` with `g = x x^T`, for an x whose norm is at most 1. A tall matrix is
 * multiplied from the other side, by `x^T x`, which is its transpose's iteration without a transpose.
 */
function orthogonalize(
  k: Kernels,
  x: Mat,
  y: Mat,
  scratch: Scratch,
  steps: number,
  products: FloatPrecision,
): void {
  const isTall = x.rows > x.cols;
  const side = Math.min(x.rows, x.cols);
  const gram = sliceOf(scratch.gram, 0, side, side, 'muon/gram');
  const square = sliceOf(scratch.square, 0, side, side, 'muon/square');
  for (let i = 0; i < steps; i++) {
    if (isTall) {
      gram.data.fill(0);
      k.matmulTransA(gram, x, x, products);
    } else k.matmulTransB(gram, x, x, products);
    k.matmul(square, gram, gram, products);
    k.scale(square, C);
    k.scale(gram, B);
    k.add(gram, gram, square);
    if (isTall) k.matmul(y, x, gram, products);
    else k.matmul(y, gram, x, products);
    k.scale(x, A);
    k.add(x, x, y);
  }
}

/** Rows of each matrix that a parameter is made of. @throws FlashError for what is not a matrix, or does not divide so. */
function blocksOf(p: Parameter, split: MuonOptions['split']): readonly number[] {
  if (!p.matrix) {
    const what = p.table ? `an ${p.table} table` : 'a vector';
    throw new FlashError(
      `muon updates matrices only, and ${p.name} is ${p.shape.length > 1 ? what : 'a vector'}`,
      {
        remedy:
          'Use it in a group: { type: groups, groups: [{ match: matrix, optimizer: { type: muon, ... } }], otherwise: ... }.',
      },
    );
  }
  const blocks =
    split === undefined ? p.parts : typeof split === 'number' ? equalBlocks(p.rows, split) : split;
  if (blocks.reduce((sum, rows) => sum + rows, 0) === p.rows && blocks.every(Number.isInteger)) return blocks;
  const shown = typeof split === 'number' ? `${split} equal blocks` : `blocks of ${blocks.join(', ')} rows`;
  throw new FlashError(`muon cannot split ${p.name}, which has ${p.rows} rows, into ${shown}`, {
    remedy: 'Give another `split`, or match the parameter in a group with a split that fits it.',
  });
}

const equalBlocks = (rows: number, count: number): number[] => new Array<number>(count).fill(rows / count);

export const muon = component({
  kind: 'optimizer',
  type: 'muon',
  summary: 'Momentum whose updates of matrices are made orthogonal.',
  schema: z.strictObject({
    lr,
    momentum: z.number().min(0).lt(1).default(0.95).describe('Share of the last update that is kept.'),
    nesterov: z.boolean().default(true).describe('Looks one step of momentum ahead.'),
    weight_decay: weightDecay,
    steps: z.int().min(1).max(20).default(5).describe('Newton-Schulz iterations.'),
    scale: z
      .enum(['keller', 'moonlight'])
      .default('keller')
      .describe(
        'keller: the rate times sqrt(max(1, rows / cols)); moonlight: times 0.2 sqrt(max(rows, cols)), for AdamW rates.',
      ),
    split: z
      .union([z.int().min(1), z.array(z.int().min(1)).min(1)])
      .optional()
      .describe(
        'Row blocks that are orthogonalised one by one: how many, or the rows of each; default the layer says.',
      ),
  }),
  examples: [{ lr: 0.02 }, { lr: 0.004, scale: 'moonlight', weight_decay: 0.1, steps: 3, split: 2 }],
  create: ({ weight_decay, ...options }) => new Muon({ ...options, weightDecay: weight_decay }),
});
