import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Schedule } from '../core/schedule.ts';

/** The rate after the warm-up, which ends at `peak`. `done`: share of the training that is done, in [0, 1]. `step`: since the
 * warm-up. */
export type Shape = (peak: number, done: number, step: number) => number;
/** The rate at the end of a schedule: a number, or a function of the peak rate. */
export type End = number | ((peak: number) => number);

const endOf = (end: End, peak: number): number => (typeof end === 'number' ? end : end(peak));

/** A shape after a linear warm-up. */
export function schedule(type: string, warmupSteps: number, shape: Shape): Schedule {
  return {
    type,
    warmupSteps,
    rate: (peak, step, done) =>
      step < warmupSteps
        ? (peak * (step + 1)) / warmupSteps
        : shape(peak, Math.min(1, Math.max(0, done)), step - warmupSteps),
  };
}

export const constant = (warmupSteps: number): Schedule => schedule('constant', warmupSteps, (peak) => peak);

/** Straight down to `end`. */
export const linear = (warmupSteps: number, end: End): Schedule =>
  schedule('linear', warmupSteps, (peak, done) => peak + (endOf(end, peak) - peak) * done);

/** Half a cosine down to `end` (Loshchilov and Hutter 2017). */
export const cosine = (warmupSteps: number, end: End): Schedule =>
  schedule('cosine', warmupSteps, (peak, done) => {
    const min = endOf(end, peak);
    return min + 0.5 * (peak - min) * (1 + Math.cos(Math.PI * done));
  });

/** Down to `end` as 1 - sqrt(done): steep at first (Hägele et al. 2024). */
export const oneMinusSqrt = (warmupSteps: number, end: End): Schedule =>
  schedule('one_minus_sqrt', warmupSteps, (peak, done) => {
    const min = endOf(end, peak);
    return min + (peak - min) * (1 - Math.sqrt(done));
  });

/** Half cosines of `steps` steps, each from a peak that is `factor` times the one before; never below `end`. */
export const cycles = (warmupSteps: number, end: End, steps: number, factor: number): Schedule =>
  schedule('cycles', warmupSteps, (peak, _, step) => {
    const min = endOf(end, peak);
    const top = Math.max(min, peak * factor ** Math.floor(step / steps));
    return min + 0.5 * (top - min) * (1 + Math.cos((Math.PI * (step % steps)) / steps));
  });

/** Options that several schedules share. */
export const warmup_steps = z
  .int()
  .min(0)
  .default(0)
  .describe('Steps over which the rate rises from 0 to its peak.');
const min_lr = z.number().min(0).default(0).describe('Rate at the end.');
const floor = z
  .number()
  .min(0)
  .max(1)
  .optional()
  .describe('The end as a share of the peak, in place of min_lr.');
export const DESCENT = { warmup_steps, min_lr, floor };

/** The end that the options ask for. `floor` wins over `min_lr`. */
export const endFrom = ({ min_lr, floor }: { min_lr: number; floor?: number }): End =>
  floor === undefined ? min_lr : (peak) => peak * floor;

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
  schema: z.strictObject(DESCENT),
  examples: [{ warmup_steps: 10, min_lr: 0.0001 }, { floor: 0.1 }],
  create: (options) => linear(options.warmup_steps, endFrom(options)),
});

export const cosineSchedule = component({
  kind: 'schedule',
  type: 'cosine',
  summary: 'Half a cosine from the peak rate down to min_lr.',
  schema: z.strictObject(DESCENT),
  examples: [{ warmup_steps: 100, min_lr: 0.001 }],
  create: (options) => cosine(options.warmup_steps, endFrom(options)),
});

export const oneMinusSqrtSchedule = component({
  kind: 'schedule',
  type: 'one_minus_sqrt',
  summary: 'From the peak rate down to min_lr, steep at first.',
  schema: z.strictObject(DESCENT),
  examples: [{ warmup_steps: 10, floor: 0.01 }],
  create: (options) => oneMinusSqrt(options.warmup_steps, endFrom(options)),
});

export const cyclesSchedule = component({
  kind: 'schedule',
  type: 'cycles',
  summary: 'Half cosines one after another, each from a lower peak.',
  schema: z.strictObject({
    ...DESCENT,
    steps: z.int().min(1).describe('Steps of a cycle.'),
    factor: z.number().gt(0).max(1).default(1).describe('Peak of a cycle, as a share of the one before.'),
  }),
  examples: [{ steps: 500, factor: 0.85, min_lr: 0.0001, warmup_steps: 100 }],
  create: ({ steps, factor, ...options }) => cycles(options.warmup_steps, endFrom(options), steps, factor),
});
