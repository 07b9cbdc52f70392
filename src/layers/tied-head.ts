import { z } from 'zod';
import { component } from '../core/component.ts';
import type { StepContext } from '../core/layer.ts';
import type { Parameter, ParameterUse } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';
import { LOGITS_OPTIONS, LogitsHead, type LogitsOptions } from './logits-head.ts';

/**
 * Logits from the embedding's own table, `z = h . E^T`, and cross-entropy (Press and Wolf 2017). The gradient of E is
 * added to what the embedding adds: one parameter, two uses.
 */
export class TiedHead extends LogitsHead<null> {
  readonly type = 'tied_head';
  readonly inCols: number;
  readonly vocab: number;
  readonly macs: number;
  private readonly use: ParameterUse;

  constructor(
    path: string,
    private readonly embedding: Parameter,
    options: LogitsOptions = { softCap: null, zLoss: 0 },
  ) {
    super(path, options);
    this.use = embedding.share();
    this.vocab = embedding.rows;
    this.inCols = embedding.cols;
    this.macs = embedding.size;
  }

  /** None of its own. */
  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(): null {
    return null;
  }

  protected table() {
    return { value: this.embedding.value, grad: this.use.grad };
  }

  protected rows(_ctx: StepContext, h: Mat): Mat {
    return h;
  }
}

export const tiedHead = component({
  kind: 'objective',
  type: 'tied_head',
  summary: "Logits from the embedding's own table, and cross-entropy.",
  schema: z.strictObject(LOGITS_OPTIONS),
  examples: [{}, { soft_cap: 15, z_loss: 1e-4 }],
  create: ({ soft_cap, z_loss }, { path, inCols, parameterOf, fail }) => {
    const table = parameterOf('embedding') ?? fail('tied_head needs an embedding as the first layer');
    if (table.cols !== inCols) {
      fail(`${inCols} columns come in, but the embedding it is tied to has dim ${table.cols}`);
    }
    return new TiedHead(path, table, { softCap: soft_cap, zLoss: z_loss });
  },
});
