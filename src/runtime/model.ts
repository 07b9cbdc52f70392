import type { Backend } from '../core/backend.ts';
import type { Precision } from '../core/compute.ts';
import type { Coupling, InputLayer, Layer, Objective } from '../core/layer.ts';
import { joinCouplings } from '../core/layer.ts';
import { ParameterStore } from '../core/parameter-store.ts';

/** The layers of a model, nothing of them allocated yet. */
export interface ModelParts {
  readonly input: InputLayer;
  readonly body: Layer;
  readonly objective: Objective;
}

/** The layers that belong to a model. */
const bound = new WeakSet<InputLayer>();

/** Whether a model has these layers, whose parameters are then its own. */
export const isBound = ({ input }: ModelParts): boolean => bound.has(input);

/** Token ids -> input layer -> body -> objective, with all parameters in one flat store. */
export class Model implements ModelParts {
  readonly store: ParameterStore;

  readonly input: InputLayer;
  readonly body: Layer;
  readonly objective: Objective;

  /** The layers, and their parameters, belong to this model until it is released. */
  constructor(
    readonly backend: Backend,
    { input, body, objective }: ModelParts,
  ) {
    bound.add(input);
    this.input = input;
    this.body = body;
    this.objective = objective;
    this.store = new ParameterStore(
      [...input.parameters(), ...body.parameters(), ...objective.parameters()],
      backend,
    );
  }

  /** Gives the layers free for another model; this one must not be used any more. */
  release(): void {
    bound.delete(this.input);
  }

  get vocab(): number {
    return this.objective.vocab;
  }

  /** `row` means token-wise: the whole network is a function of the token id. */
  get coupling(): Coupling {
    return couplingOf(this);
  }

  /** A sequence of this model can't be longer than its planner's `context`. */
  get growsToContext(): boolean {
    return growsToContext(this);
  }

  /**
   * After every change of the parameters: quantise and pack the weights, for gradients of this precision, at this share of the
   * run; without it as they are when training has ended.
   */
  prepare(gradients: Precision = 'f32', progress = 1): void {
    const { kernels, watch } = this.backend;
    const context = { kernels, gradients, progress, watch };
    this.input.prepare?.(context);
    this.body.prepare?.(context);
    this.objective.prepare?.(context);
  }
}

/** `row` where the network is a function of the token alone, in training too. */
export function couplingOf({ input, body }: Pick<Model, 'input' | 'body'>): Coupling {
  return joinCouplings([input, body]);
}

/** Whether a layer of the model, at any depth, carries something that grows with the sequence. */
export function growsToContext({ input, body }: Pick<Model, 'input' | 'body'>): boolean {
  const grows = ({ growsTo, children = [] }: Pick<Layer, 'growsTo' | 'children'>): boolean =>
    growsTo === 'context' || children.some(grows);
  return grows(input) || grows(body);
}
