import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Memory } from '../core/memory.ts';
import type { Optimizer, OptimizerPlan } from '../core/optimizer.ts';
import type { Parameter } from '../core/parameter.ts';
import { beta, lr, weightDecay } from './options.ts';
import { allocateSlot } from './slots.ts';

export interface LionOptions {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly weightDecay: number;
}

/** Steps of the same size for all values, in the direction of a mean of gradients (Chen et al. 2023). */
export class Lion implements Optimizer {
  readonly type = 'lion';
  readonly lr: number;

  constructor(private readonly options: LionOptions) {
    this.lr = options.lr;
  }

  plan(parameters: readonly Parameter[], memory: Memory): OptimizerPlan {
    const { betas, weightDecay } = this.options;
    const mean = allocateSlot('mean', parameters, memory);
    return {
      slots: [mean],
      scratch: [],
      update(k, { lr, decayFactor }) {
        for (const { parameter: p, values } of mean.parts) {
          k.lion(p.value, values, p.grad, lr, betas[0], betas[1], p.decay ? weightDecay * decayFactor : 0);
        }
      },
    };
  }
}

export const lion = component({
  kind: 'optimizer',
  type: 'lion',
  summary: 'Steps in the direction of the sign of a mean of gradients.',
  schema: z.strictObject({
    lr,
    betas: z
      .tuple([beta, beta])
      .default([0.9, 0.99])
      .describe('Shares of the mean kept: for the direction, and from step to step.'),
    weight_decay: weightDecay,
  }),
  examples: [{ lr: 0.0003 }, { lr: 0.0003, betas: [0.95, 0.98], weight_decay: 1 }],
  create: ({ weight_decay, ...options }) => new Lion({ ...options, weightDecay: weight_decay }),
});
