import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Kernels } from '../core/kernels.ts';
import type { Optimizer, SlottedParameter } from '../core/optimizer.ts';
import { beta, lr, weightDecay } from './options.ts';

export interface AdamWOptions {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
}

/** Adam with decoupled weight decay and bias correction (Loshchilov and Hutter 2019). */
export class AdamW implements Optimizer {
  readonly type = 'adamw';
  readonly slots = ['mean', 'square'];
  readonly lr: number;

  constructor(private readonly options: AdamWOptions) {
    this.lr = options.lr;
  }

  update(k: Kernels, parameters: readonly SlottedParameter[], lr: number, step: number): void {
    const { betas, eps, weightDecay } = this.options;
    for (const { parameter: p, slots } of parameters) {
      const decay = p.decay ? weightDecay : 0;
      k.adamW(p.value, slots[0]!, slots[1]!, p.grad, lr, betas[0], betas[1], eps, decay, step);
    }
  }
}

export const adamw = component({
  kind: 'optimizer',
  type: 'adamw',
  summary: 'Adam with decoupled weight decay.',
  schema: z.strictObject({
    lr,
    betas: z
      .tuple([beta, beta])
      .default([0.9, 0.95])
      .describe('Shares of the running mean and mean square kept.'),
    eps: z.number().positive().default(1e-8).describe('Added to the root mean square.'),
    weight_decay: weightDecay,
  }),
  examples: [{ lr: 0.001 }, { lr: 0.004, betas: [0.9, 0.99], weight_decay: 0.01 }],
  create: ({ weight_decay, ...options }) => new AdamW({ ...options, weightDecay: weight_decay }),
});
