import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Kernels } from '../core/kernels.ts';
import type { Optimizer, SlottedParameter } from '../core/optimizer.ts';
import { lr, weightDecay } from './options.ts';

export interface SgdOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Stochastic gradient descent with momentum: `v = mu v + g + decay p`, `p -= lr v`. */
export class Sgd implements Optimizer {
  readonly type = 'sgd';
  readonly slots = ['velocity'];
  readonly lr: number;

  constructor(private readonly options: SgdOptions) {
    this.lr = options.lr;
  }

  update(k: Kernels, parameters: readonly SlottedParameter[], lr: number): void {
    const { momentum, weightDecay } = this.options;
    for (const { parameter, slots } of parameters) {
      k.sgdMomentum(
        parameter.value,
        slots[0]!,
        parameter.grad,
        lr,
        momentum,
        parameter.decay ? weightDecay : 0,
      );
    }
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
