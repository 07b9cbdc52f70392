import { allocateMat, allocateTensor, type Backend } from '../core/backend.ts';
import type { Precision } from '../core/compute.ts';
import type { Coupling, InputLayer, Layer, Objective, StepContext } from '../core/layer.ts';
import { ParameterStore } from '../core/parameter.ts';
import type { Ids, Mat, SparseTargets } from '../core/tensor.ts';
import { Workspace } from './workspace.ts';

/** Token ids -> input layer -> body -> objective, with all parameters in one flat store. */
export class Model {
  readonly store: ParameterStore;

  constructor(
    readonly backend: Backend,
    readonly input: InputLayer,
    readonly body: Layer,
    readonly objective: Objective,
  ) {
    this.store = new ParameterStore(
      [...input.parameters(), ...body.parameters(), ...objective.parameters()],
      backend,
    );
  }

  get vocab(): number {
    return this.objective.vocab;
  }

  /** `row` means token-wise: the whole network is a function of the token id. */
  get coupling(): Coupling {
    return couplingOf(this);
  }

  /** After every change of the parameters: quantise and pack the weights, for gradients of this precision. */
  prepare(gradients: Precision = 'f32'): void {
    this.input.prepare?.(this.backend.kernels, gradients);
    this.body.prepare?.(this.backend.kernels, gradients);
  }
}

/** A model mixes rows if any of its layers does. */
export function couplingOf({ input, body }: Pick<Model, 'input' | 'body'>): Coupling {
  return input.coupling === 'sequence' ? 'sequence' : body.coupling;
}

/** The tensors of one block of rows. */
export interface BlockPlan {
  readonly rows: number;
  readonly ids: Ids;
  readonly targets: SparseTargets;
  readonly nats: Mat;
  readonly h: Mat;
  forward(ctx: StepContext): void;
  /** Nats of each row into `nats`; with `train`, gradients of `scale * sum(nats)` are added to the parameters'. */
  loss(ctx: StepContext, scale: number, train: boolean): void;
  logits(ctx: StepContext, out: Mat): void;
}

export interface BlockOptions {
  /** The largest block. */
  readonly rows: number;
  readonly seqLen: number;
  readonly training: boolean;
  /** Target entries that one block may hold. */
  readonly targetCapacity: number;
}

/** Plans for blocks of up to `options.rows` rows that share one workspace. */
export class Blocks {
  private readonly workspace: Workspace;
  private readonly plans = new Map<number, BlockPlan>();
  /** Entries of the targets, shared by all plans: only one block is under way at a time. */
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
    this.plan(options.rows);
  }

  /** Bytes of activations. */
  get bytes(): number {
    return this.workspace.bytes;
  }

  /** The plan for exactly `rows` rows, made at its first use. */
  plan(rows: number): BlockPlan {
    const plan = this.plans.get(rows) ?? this.build(rows);
    this.plans.set(rows, plan);
    return plan;
  }

  private build(rows: number): BlockPlan {
    const { model, options } = this;
    const { input, body, objective } = model;
    const { training, seqLen } = options;
    return this.workspace.plan(training, seqLen, (p) => {
      const ids = allocateTensor(model.backend, 'i32', rows, 1, 'ids');
      const targets: SparseTargets = {
        offsets: allocateTensor(model.backend, 'i32', rows + 1, 1, 'targets/offsets'),
        ...this.targetEntries,
      };
      const nats = p.saved('nats', rows, 1);
      const x = p.saved(`${input.path}/out`, rows, input.outCols);
      const h = p.saved(`${body.path}/out`, rows, body.outCols);
      const dx = training ? p.saved(`grad(${input.path}/out)`, rows, input.outCols) : null;
      const dh = training ? p.saved(`grad(${body.path}/out)`, rows, body.outCols) : null;
      const inputCache = input.plan(rows, p);
      const bodyCache = body.plan(rows, p);
      const objectiveCache = objective.plan(rows, p);
      return {
        rows,
        ids,
        targets,
        nats,
        h,
        forward(ctx) {
          input.forward(ctx, ids, x, inputCache);
          body.forward(ctx, x, h, bodyCache);
        },
        loss(ctx, scale, train) {
          objective.loss(ctx, nats, h, targets, scale, train ? dh : null, objectiveCache);
          if (!train) return;
          body.backward(ctx, x, h, dh!, dx!, bodyCache);
          input.backward(ctx, ids, x, dx!, null, inputCache);
        },
        logits(ctx, out) {
          objective.logits(ctx, out, h, objectiveCache);
        },
      };
    });
  }
}
