import type { Defer } from './backend.ts';
import type { Compute, Precision } from './compute.ts';
import type { Kernels } from './kernels.ts';
import type { Parameter } from './parameter.ts';
import type { Planner } from './planner.ts';
import type { Ids, Mat, SparseTargets, Tensor } from './tensor.ts';
import type { LayerWatch } from './watch.ts';

/** What decides random numbers of a step, beside the layer and the element: never threads, blocks or calls before. */
export interface RandomKey {
  readonly seed: number;
  /** From 0. */
  readonly step: number;
}

/** What a layer may know of the call it is part of; made by `stepContext` alone. */
export interface StepContext {
  readonly kernels: Kernels;
  /** Rows of one sequence; a block holds whole sequences. */
  readonly seqLen: number;
  /**
   * Rows of each sequence that came before this call [sequences x 1]: 0 where it begins here. In training all begin here, so
   * backward may assume a zero state.
   */
  readonly position: Ids;
  /** The block's token ids [rows x 1], for embeddings inside the body. */
  readonly ids: Ids;
  /**
   * Of each row the first row of its document, counted among this call's rows of its sequence [rows x 1]: no layer may carry
   * anything over that border. Null where no document begins inside a sequence.
   */
  readonly starts: Ids | null;
  /** Which of the step's sequences each one is [sequences x 1]: what is drawn at random may follow from it. */
  readonly sequence: Ids;
  /** Forward prepares a backward pass, and dropout drops. */
  readonly training: boolean;
  readonly rng: RandomKey;
  /** The block's first row among those of the step: element (i, j) of a layer is `(firstRow + i) * cols + j` to `rng`. */
  readonly firstRow: number;
  /** What products are rounded to. */
  readonly compute: Compute;
  /** The backend's, where it can defer calls. */
  readonly defer: Defer | undefined;
  /** Observes the layers' calls. */
  readonly watch: LayerWatch | undefined;
}

/** What a layer may know when its weights are quantised and packed. */
export interface PrepareContext {
  readonly kernels: Kernels;
  /** The precision of the gradients that will follow. */
  readonly gradients: Precision;
  /** How much of the run is done, from 0 to 1; 1 outside training, where the model is what training ends with. */
  readonly progress: number;
  readonly watch: LayerWatch | undefined;
}

/**
 * What a row's output is a function of: that row alone; in training of random numbers too, which differ between occurrences of a
 * token; or of the rows before it in its sequence.
 */
export type Coupling = 'row' | 'random' | 'sequence';

/** Of layers together: that of the one that depends on most. */
export function joinCouplings(layers: Iterable<{ readonly coupling: Coupling }>): Coupling {
  const all = new Set(Array.from(layers, ({ coupling }) => coupling));
  if (all.has('sequence')) return 'sequence';
  return all.has('random') ? 'random' : 'row';
}

/** Token ids have no gradient. */
export type Grad<X> = X extends Mat ? Mat : null;

/** What a layer does in training and not otherwise, for a person who reads of the model. */
export interface InTraining {
  /** Share of elements, or of attention's weights, that are set to 0. */
  readonly dropout?: number;
  /** Weights are float until a share of the run is done, and wholly ternary from another on. */
  readonly blend?: { readonly start: number; readonly end: number };
}

/**
 * Explicit forward and backward, side by side, bound to whatever backend `ctx.kernels` is. `C` is what forward leaves for
 * backward; it is allocated once, in `plan`, never in the loop.
 */
export interface Layer<C = unknown, X extends Tensor = Mat> {
  /** The layer path, as errors, metrics and checkpoints name it: "blocks.3.up". */
  readonly path: string;
  /** Its name in recipes: "ternary_linear". */
  readonly type: string;
  readonly inCols: number;
  readonly outCols: number;
  readonly coupling: Coupling;
  /** Does backward read x, does it read y? What nobody keeps shares memory with other activations. */
  readonly keeps: { readonly input: boolean; readonly output: boolean };
  /**
   * Forward and backward touch activations and gradients through `ctx.kernels` alone, so that their calls may be deferred: see
   * `Defer`.
   */
  readonly throughKernels?: boolean;
  /**
   * What it carries grows with the sequence, up to the planner's `context`: longer sequences it cannot read. Others carry the
   * same however long a sequence is.
   */
  readonly growsTo?: 'context';
  /** Rows see later rows of their call: a recipe with such a layer must say `causal: false`. */
  readonly seesLater?: boolean;
  /** Left out where training computes what evaluation does. */
  readonly inTraining?: InTraining | undefined;
  /** Multiply-accumulates of one row, forward. */
  readonly macs: number;
  /** The layers inside, for containers. */
  readonly children?: readonly Layer[];
  parameters(): Iterable<Parameter>;
  /** Asks for everything forward and backward need for `rows` rows. The caller holds x, y, dx and dy. */
  plan(rows: number, p: Planner): C;
  /** Once per change of the parameters: quantise and pack the weights. */
  prepare?(ctx: PrepareContext): void;
  forward(ctx: StepContext, x: X, y: Mat, cache: C): void;
  /**
   * Changes neither x, y nor dy. Writes all of dx, which is always writable; parameter gradients accumulate. dx and dy
   * never share memory.
   */
  backward(ctx: StepContext, x: X, y: Mat, dy: Mat, dx: Grad<X>, cache: C): void;
}

/** A model's first layer: token ids to rows. */
export type InputLayer<C = unknown> = Layer<C, Ids>;

/** A model's last part: rows to logits, and logits against targets to a loss and gradients. */
export interface Objective<C = unknown> {
  readonly path: string;
  readonly type: string;
  readonly inCols: number;
  readonly vocab: number;
  readonly macs: number;
  parameters(): Iterable<Parameter>;
  plan(rows: number, p: Planner): C;
  /** As a layer's. */
  prepare?(ctx: PrepareContext): void;
  /**
   * Nats of each row [rows x 1] and, when `dh` is given, the gradient of `scale * sum(nats)` in `dh` and added to
   * the parameters'.
   */
  loss(
    ctx: StepContext,
    outNats: Mat,
    h: Mat,
    targets: SparseTargets,
    scale: number,
    dh: Mat | null,
    cache: C,
  ): void;
  /** Logits [rows x vocab], for generation. */
  logits(ctx: StepContext, out: Mat, h: Mat, cache: C): void;
}
