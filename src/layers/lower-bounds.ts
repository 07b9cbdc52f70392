import { z } from 'zod';
import type { LayerScope } from '../core/component.ts';
import { Parameter, type ParameterUse } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

/**
 * Lower bounds of gates that rise from layer to layer: softmax over the layers, added up (Qin et al. 2023). The layers of a
 * model share the logits, a row for each of them, in the order in which the model has them.
 */
class LearnedBounds {
  private layers = 0;
  private made: Parameter | undefined;

  constructor(
    private readonly name: string,
    private readonly cols: number,
  ) {}

  /** The next layer's place. */
  next(): number {
    return this.layers++;
  }

  get count(): number {
    return this.layers;
  }

  /** Only once all layers are made is it known how many there are. */
  get logits(): Parameter {
    this.made ??= new Parameter(this.name, this.layers, this.cols, { constant: 0 });
    return this.made;
  }
}

/** The lower bound of one layer's gate: a number, or the layer's share of what all learn. */
export class LowerBound {
  private readonly layer: number;
  private use: Parameter | ParameterUse | undefined;

  constructor(
    /** The bound where it is not learned. */
    readonly floor: number,
    private readonly learned: LearnedBounds | null,
  ) {
    this.layer = learned?.next() ?? 0;
  }

  /** The logits belong to the first layer; the others only use them. */
  *parameters(): Iterable<Parameter> {
    if (!this.learned) return;
    const { logits } = this.learned;
    this.use ??= this.layer === 0 ? logits : logits.share();
    if (this.layer === 0) yield logits;
  }

  /** As the arguments of a kernel. */
  get logits(): Mat | null {
    return this.learned?.logits.value ?? null;
  }

  get gradient(): Mat | null {
    return this.use?.grad ?? null;
  }

  get place(): readonly [layer: number, layers: number] {
    return [this.layer, this.learned?.count ?? 1];
  }
}

export const lowerBound = z
  .union([z.number().min(0).lt(1), z.literal('learned')])
  .default(0)
  .describe(
    'The least that the gate lets through; learned: rising from layer to layer, from 0 in the first, by logits that all layers share.',
  );

/** The bound that the option `lower_bound` asks for, for a gate of `cols` columns. */
export function boundOf(
  option: z.output<typeof lowerBound>,
  cols: number,
  { shared }: Pick<LayerScope, 'shared'>,
): LowerBound {
  if (option !== 'learned') return new LowerBound(option, null);
  const name = `lower_bounds.${cols}`;
  return new LowerBound(
    0,
    shared(name, () => new LearnedBounds(name, cols)),
  );
}
