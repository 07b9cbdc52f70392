import { allocateMat, allocateTensor } from '../core/allocate.ts';
import type { StepContext } from '../core/layer.ts';
import type { Planner } from '../core/planner.ts';
import type { Ids, Mat, SparseTargets } from '../core/tensor.ts';
import { type Pass, type Place, stepContext } from './context.ts';
import type { Model, ModelParts } from './model.ts';
import type { Rows } from './rows.ts';
import { SequenceState } from './sequence-state.ts';
import { Workspace } from './workspace.ts';

export interface BlockOptions {
  /** Rows of the largest block, and of one sequence in it. */
  readonly rows: number;
  readonly seqLen: number;
  readonly training: boolean;
  /** Rows that a sequence may have over all calls that continue it; `seqLen` where it is left out. */
  readonly context?: number;
  /** Target entries that one block may hold. */
  readonly targetCapacity: number;
}

/**
 * Some rows of a model with the memory for them. A step is
 *
 *     block.load(rows);
 *     block.forward(pass);
 *     block.loss(pass, scale);
 *     block.backward(pass);
 */
export interface Block {
  readonly rows: number;
  readonly seqLen: number;
  /** Shared by all blocks of as many sequences. */
  readonly state: SequenceState;
  /** Of each row, after `loss` [rows x 1]. */
  readonly nats: Mat;
  /** Takes `count` rows from row `start` on; the block's other rows have no targets, hence neither loss nor gradient. */
  load(rows: Rows, start?: number, count?: number): void;
  /** Sequences begin here unless `pass` continues them. */
  forward(pass?: Pass): void;
  /** The rows' nats. With `scale`, backward can follow: it adds the gradient of `scale * sum(nats)` to the parameters'. */
  loss(pass?: Pass, scale?: number | null): void;
  backward(pass?: Pass): void;
  /** [rows x vocab] */
  logits(out: Mat, pass?: Pass): void;
}

/** Blocks of a model by rows and sequence length, in memory that they share: one of them is under way at a time. */
export class Blocks {
  private readonly workspace: Workspace;
  private readonly blocks = new Map<string, Block>();
  private readonly states = new Map<number, SequenceState>();
  private readonly targetEntries: Pick<SparseTargets, 'ids' | 'weights'>;

  constructor(
    readonly model: Model,
    readonly options: BlockOptions,
  ) {
    this.workspace = new Workspace(model.backend);
    this.targetEntries = {
      ids: allocateTensor(model.backend, 'i32', options.targetCapacity, 1, 'targets/ids'),
      weights: allocateMat(model.backend, options.targetCapacity, 1, 'targets/weights'),
    };
    this.block(options.rows, options.seqLen);
  }

  /** Bytes of activations and of what sequences carry. */
  get bytes(): number {
    let bytes = this.workspace.bytes;
    for (const state of this.states.values()) bytes += state.bytes;
    return bytes;
  }

  /** The block of exactly `rows` rows, made at its first use; never more than `options.rows`. */
  block(rows: number, seqLen: number = this.options.seqLen): Block {
    const key = `${rows} ${seqLen}`;
    const block = this.blocks.get(key) ?? this.build(rows, seqLen);
    this.blocks.set(key, block);
    return block;
  }

  /** What this many sequences carry: every layer's part exists, which planning makes. */
  state(sequences: number): SequenceState {
    return this.block(sequences, 1).state;
  }

  private stateOf(sequences: number): SequenceState {
    const state = this.states.get(sequences) ?? new SequenceState(this.model.backend, sequences);
    this.states.set(sequences, state);
    return state;
  }

  private build(rows: number, seqLen: number): Block {
    const { model, options } = this;
    const { input, body, objective, backend } = model;
    const { training, context: most = options.seqLen } = options;
    const state = this.stateOf(Math.ceil(rows / seqLen));
    return this.workspace.plan({ training, seqLen, context: Math.max(most, seqLen), state }, (p) => {
      const ids: Ids = allocateTensor(backend, 'i32', rows, 1, 'ids');
      const starts: Ids = allocateTensor(backend, 'i32', rows, 1, 'starts');
      const sequence: Ids = allocateTensor(backend, 'i32', Math.ceil(rows / seqLen), 1, 'sequence');
      const targets: SparseTargets = {
        offsets: allocateTensor(backend, 'i32', rows + 1, 1, 'targets/offsets'),
        ...this.targetEntries,
      };
      const { nats, x, h, dx, dh, inputCache, bodyCache, objectiveCache } = planBlock(model, rows, p);
      // One tile of a deferred region would only be recorded, and keep a single thread busy.
      const isDirect = !training && rows <= TILE_ROWS;
      const context = contexts(model, { seqLen, position: state.position, ids, sequence }, isDirect);
      let firstRow = 0;
      let starting: Ids | null = null;
      return {
        rows,
        seqLen,
        state,
        nats,
        load(from, start = 0, count = from.count - start) {
          firstRow = start;
          starting = from.starts ? starts : null;
          loadStarts(starts, from, start, count);
          for (let s = 0; s < sequence.rows; s++) sequence.data[s] = start / seqLen + s;
          loadRows(ids, targets, from, start, count);
        },
        forward(pass) {
          if (!pass?.continues) state.clear();
          const ctx = context(pass, firstRow, starting);
          input.forward(ctx, ids, x, inputCache);
          body.forward(ctx, x, h, bodyCache);
          // In training no call continues this one, and backward sees the positions that forward saw.
          if (!training) state.advance(seqLen);
        },
        loss(pass, scale = null) {
          const gradient = scale === null ? null : dh;
          objective.loss(
            context(pass, firstRow, starting),
            nats,
            h,
            targets,
            scale ?? 0,
            gradient,
            objectiveCache,
          );
        },
        backward(pass) {
          const ctx = context(pass, firstRow, starting);
          body.backward(ctx, x, h, dh!, dx!, bodyCache);
          input.backward(ctx, ids, x, dx!, null, inputCache);
        },
        logits(out, pass) {
          objective.logits(context(pass, firstRow, starting), out, h, objectiveCache);
        },
      };
    });
  }
}

/** Asks for the activations of a block, and for their gradients where the plan is for training. */
export function planBlock({ input, body, objective }: ModelParts, rows: number, p: Planner) {
  const grad = (path: string, cols: number) => (p.training ? p.saved(`grad(${path}/out)`, rows, cols) : null);
  return {
    nats: p.saved('nats', rows, 1),
    x: p.saved(`${input.path}/out`, rows, input.outCols),
    h: p.saved(`${body.path}/out`, rows, body.outCols),
    dx: grad(input.path, input.outCols),
    dh: grad(body.path, body.outCols),
    inputCache: input.plan(rows, p),
    bodyCache: body.plan(rows, p),
    objectiveCache: objective.plan(rows, p),
  };
}

/** Rows that go through the kernel calls of a deferred region at a time. */
const TILE_ROWS = 64;

/**
 * The contexts of one block. The last one is kept: a text that is written passes the same `Pass` for every token, and
 * must not leave garbage each time.
 */
function contexts({ backend }: Model, of: Place, isDirect: boolean) {
  let last: { pass: Pass | undefined; kernels: unknown; context: StepContext } | undefined;
  return (pass: Pass | undefined, firstRow: number, starts: Ids | null): StepContext => {
    const { kernels } = backend;
    const { context } = last ?? {};
    if (
      !context ||
      last!.pass !== pass ||
      last!.kernels !== kernels ||
      context.firstRow !== firstRow ||
      context.starts !== starts
    )
      last = {
        pass,
        kernels,
        context: stepContext(
          isDirect ? { kernels, watch: backend.watch } : backend,
          { ...of, firstRow, starts },
          pass,
        ),
      };
    return last!.context;
  };
}

// A loop in its own function: a function that is entered once a step stays interpreted for long.

/** Copies `count` rows from row `start` on; what is left of the block gets token 0 and no target. */
function loadRows(ids: Ids, targets: SparseTargets, rows: Rows, start: number, count: number): void {
  const first = rows.offsets[start]!;
  const last = rows.offsets[start + count]!;
  const offsets = targets.offsets.data;
  if (count === rows.ids.length) ids.data.set(rows.ids);
  else ids.data.set(rows.ids.subarray(start, start + count));
  for (let i = 0; i <= count; i++) offsets[i] = rows.offsets[start + i]! - first;
  ids.data.fill(0, count);
  offsets.fill(last - first, count);
  // A token that is written has no targets, and must leave no garbage.
  if (first === last) return;
  targets.ids.data.set(rows.targetIds.subarray(first, last));
  targets.weights.data.set(rows.weights.subarray(first, last));
}

/** As `loadRows`; a sequence that is not there begins with its block. */
function loadStarts(starts: Ids, { starts: from }: Rows, start: number, count: number): void {
  if (!from) return;
  starts.data.set(from.subarray(start, start + count));
  starts.data.fill(0, count);
}
