import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Memory } from '../core/memory.ts';
import type { Optimizer, OptimizerPlan } from '../core/optimizer.ts';
import type { Parameter } from '../core/parameter.ts';
import { lr, weightDecay } from './options.ts';
import { allocateSlot } from './slots.ts';

export interface SgdOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Stochastic gradient descent with momentum: `v = mu v + g + decay p`, `p -= lr v`. */
export class Sgd implements Optimizer {
  readonly type = 'sgd';
  readonly lr: number;

  constructor(private readonly options: SgdOptions) {
    this.lr = options.lr;
  }

  plan(parameters: readonly Parameter[], memory: Memory): OptimizerPlan {
    const { momentum, weightDecay } = this.options;
    const velocity = allocateSlot('velocity', parameters, memory);
    return {
      slots: [velocity],
      scratch: [],
      update(k, { lr, decayFactor }) {
        for (const { parameter: p, values } of velocity.parts) {
          k.sgdMomentum(p.value, values, p.grad, lr, momentum, p.decay ? weightDecay * decayFactor : 0);
        }
      },
    };
  }
}

export const sgd = component({
  kind: 'optimizer',
  type: 'sgd',
  summary: 'Stochastic gradient descent with momentum.',
  schema: z.strictObject({
    lr,
    momentum: z.number().min(0).lt(1).default(0).describe('Share of the last update that is kept.'),
    weight_decay: weightDecay,
  }),
  examples: [{ lr: 0.01, momentum: 0.9 }],
  create: ({ lr, momentum, weight_decay }) => new Sgd({ lr, momentum, weightDecay: weight_decay }),
});
