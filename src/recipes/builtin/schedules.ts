import { z } from 'zod';
import { component } from '../../core/component.ts';
import { constant, cosine, linear } from '../../optim/schedules.ts';

const warmup_steps = z
  .int()
  .min(0)
  .default(0)
  .describe('Steps over which the rate rises from 0 to its peak.');
const min_lr = z.number().min(0).default(0).describe('Rate at the end.');

export const constantSchedule = component({
  kind: 'schedule',
  type: 'constant',
  summary: 'The peak rate, after the warm-up.',
  schema: z.strictObject({ warmup_steps }),
  examples: [{}, { warmup_steps: 10 }],
  create: ({ warmup_steps }) => constant(warmup_steps),
});

export const linearSchedule = component({
  kind: 'schedule',
  type: 'linear',
  summary: 'A straight line from the peak rate down to min_lr.',
  schema: z.strictObject({ warmup_steps, min_lr }),
  examples: [{ warmup_steps: 10, min_lr: 0.0001 }],
  create: ({ warmup_steps, min_lr }) => linear(warmup_steps, min_lr),
});

export const cosineSchedule = component({
  kind: 'schedule',
  type: 'cosine',
  summary: 'Half a cosine from the peak rate down to min_lr.',
  schema: z.strictObject({ warmup_steps, min_lr }),
  examples: [{ warmup_steps: 100, min_lr: 0.001 }],
  create: ({ warmup_steps, min_lr }) => cosine(warmup_steps, min_lr),
});
