import { z } from 'zod';
import { component } from '../../core/component.ts';
import { AdamW } from '../../optim/adamw.ts';
import { Sgd } from '../../optim/sgd.ts';

const lr = z.number().positive().describe('Peak learning rate.');
const weightDecay = z
  .number()
  .min(0)
  .default(0)
  .describe('Pulls matrices towards zero; gains are left alone.');
const beta = z.number().min(0).lt(1);

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
