import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Schedule } from '../core/schedule.ts';

type Decay = (peak: number, done: number) => number;

function schedule(type: string, warmupSteps: number, decay: Decay): Schedule {
  return {
    type,
    warmupSteps,
    rate: (peak, step, done) =>
      step < warmupSteps ? (peak * (step + 1)) / warmupSteps : decay(peak, Math.min(1, Math.max(0, done))),
  };
}

export const constant = (warmupSteps: number): Schedule => schedule('constant', warmupSteps, (peak) => peak);

/** Straight down to `minLr`. */
export const linear = (warmupSteps: number, minLr: number): Schedule =>
  schedule('linear', warmupSteps, (peak, done) => peak + (minLr - peak) * done);

/** Half a cosine down to `minLr` (Loshchilov and Hutter 2017). */
export const cosine = (warmupSteps: number, minLr: number): Schedule =>
  schedule(
    'cosine',
    warmupSteps,
    (peak, done) => minLr + 0.5 * (peak - minLr) * (1 + Math.cos(Math.PI * done)),
  );

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
