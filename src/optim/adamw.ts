import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Memory } from '../core/memory.ts';
import type { Optimizer, OptimizerPlan } from '../core/optimizer.ts';
import { amountOf, tokenCount } from '../core/options.ts';
import type { Parameter } from '../core/parameter.ts';
import { beta, lr, weightDecay } from './options.ts';
import { allocateSlot } from './slots.ts';

export interface AdamWOptions {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** Tokens after which the mean square has half forgotten, whatever the size of a step: in place of the second beta. */
  readonly beta2HalfLife?: number;
  readonly weightDecay: number;
}

/** Adam with decoupled weight decay and bias correction (Loshchilov and Hutter 2019). */
export class AdamW implements Optimizer {
  readonly type = 'adamw';
  readonly lr: number;

  constructor(private readonly options: AdamWOptions) {
    this.lr = options.lr;
  }

  plan(parameters: readonly Parameter[], memory: Memory): OptimizerPlan {
    const { betas, eps, weightDecay, beta2HalfLife } = this.options;
    const mean = allocateSlot('mean', parameters, memory);
    const square = allocateSlot('square', parameters, memory);
    return {
      slots: [mean, square],
      scratch: [],
      update(k, { lr, decayFactor, step, tokens }) {
        const beta2 = beta2HalfLife === undefined ? betas[1] : 0.5 ** (tokens / beta2HalfLife);
        for (const [i, { parameter: p, values }] of mean.parts.entries()) {
          const decay = p.decay ? weightDecay * decayFactor : 0;
          k.adamW(p.value, values, square.parts[i]!.values, p.grad, lr, betas[0], beta2, eps, decay, step);
        }
      },
    };
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
    beta2_half_life: tokenCount
      .optional()
      .describe('Tokens after which half of the mean square is forgotten: 10M. In place of the second beta.'),
    eps: z.number().positive().default(1e-8).describe('Added to the root mean square.'),
    weight_decay: weightDecay,
  }),
  examples: [
    { lr: 0.001 },
    { lr: 0.004, betas: [0.9, 0.99], weight_decay: 0.01 },
    { lr: 0.004, beta2_half_life: '10M' },
  ],
  create: ({ weight_decay, beta2_half_life: halfLife, ...options }) =>
    new AdamW({
      ...options,
      weightDecay: weight_decay,
      ...(halfLife !== undefined && { beta2HalfLife: amountOf(halfLife) }),
    }),
});
