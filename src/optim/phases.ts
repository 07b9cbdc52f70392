import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Schedule } from '../core/schedule.ts';
import { componentOf } from '../core/slots.ts';
import {
  constant,
  cosine,
  DESCENT,
  endFrom,
  linear,
  oneMinusSqrt,
  schedule,
  warmup_steps,
} from './schedules.ts';

/** A schedule for a share of the run. */
export interface Phase {
  /** Of the run after warm-up; the shares of all phases add up to 1. */
  readonly share: number;
  /** Multiplies the peak. */
  readonly peak?: number;
  readonly schedule: Schedule;
}

/** One schedule after another. */
export function phases(type: string, warmupSteps: number, list: readonly Phase[]): Schedule {
  let end = 0;
  const ends = list.map(({ share }) => (end += share));
  return schedule(type, warmupSteps, (peak, done, step) => {
    const found = ends.findIndex((end) => done < end);
    const index = found < 0 ? list.length - 1 : found;
    const { share, peak: factor = 1, schedule: inner } = list[index]!;
    const within = Math.min(1, (done - (ends[index]! - share)) / share);
    return inner.rate(peak * factor, step, within);
  });
}

const SHAPES = { linear, cosine, one_minus_sqrt: oneMinusSqrt } as const;

export const phasesSchedule = component({
  kind: 'schedule',
  type: 'phases',
  summary: 'One schedule after another, each for a share of the run.',
  schema: z.strictObject({
    warmup_steps,
    phases: z
      .array(
        z.strictObject({
          share: z.number().gt(0).max(1).describe('Of the run after the warm-up; all of them add up to 1.'),
          peak: z.number().min(0).default(1).describe('Multiplies the peak.'),
          schedule: componentOf('schedule', 'The schedule within the phase; it takes no warm-up.'),
        }),
      )
      .min(1)
      .describe('From first to last.'),
  }),
  examples: [
    {
      warmup_steps: 10,
      phases: [
        { share: 0.5, schedule: { type: 'linear', floor: 0.5 } },
        { share: 0.5, peak: 0.25, schedule: 'cosine' },
      ],
    },
  ],
  create({ warmup_steps, phases: list }, scope) {
    const sum = list.reduce((total, { share }) => total + share, 0);
    if (Math.abs(sum - 1) > 1e-6)
      scope.fail(`the shares of the phases add up to ${Number(sum.toPrecision(6))}, not to 1`, 'phases');
    const made = list.map(({ schedule, ...phase }, i): Phase => {
      if (schedule.common.over !== 'auto')
        scope.fail(`phases.${i}: 'over' belongs to the whole schedule, not to a phase`, 'phases');
      const inner = scope.build(schedule);
      if (inner.warmupSteps > 0)
        scope.fail(`phases.${i}: a phase has no warm-up steps; give them to the whole schedule`, 'phases');
      return { ...phase, schedule: inner };
    });
    return phases('phases', warmup_steps, made);
  },
});

export const wsdSchedule = component({
  kind: 'schedule',
  type: 'wsd',
  summary: 'Warm-up, the peak rate, and a decay at the end.',
  schema: z.strictObject({
    ...DESCENT,
    decay: z.number().gt(0).lt(1).default(0.2).describe('Share of the run that the decay takes.'),
    shape: z.enum(['linear', 'cosine', 'one_minus_sqrt']).default('linear').describe('Of the decay.'),
  }),
  examples: [{ warmup_steps: 10 }, { decay: 0.4, shape: 'one_minus_sqrt', floor: 0.01 }],
  create: ({ decay, shape, ...options }) =>
    phases('wsd', options.warmup_steps, [
      { share: 1 - decay, schedule: constant(0) },
      { share: decay, schedule: SHAPES[shape](0, endFrom(options)) },
    ]),
});

export const twoStageSchedule = component({
  kind: 'schedule',
  type: 'two_stage',
  summary: 'Two straight lines, the second from a lower rate (BitNet b1.58).',
  schema: z.strictObject({
    ...DESCENT,
    at: z.number().gt(0).lt(1).default(0.5).describe('Share of the run after which the second stage begins.'),
    first_end: z
      .number()
      .gt(0)
      .max(1)
      .default(2 / 3)
      .describe('Where the first stage ends, as a share of the peak.'),
    second_start: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe('Where the second stage begins, as a share of the peak; default where the first ends.'),
  }),
  examples: [{ warmup_steps: 10 }, { first_end: 0.8, second_start: 0.5, floor: 0.01 }],
  create: ({ at, first_end, second_start = first_end, min_lr, floor, warmup_steps }) =>
    phases('two_stage', warmup_steps, [
      { share: at, schedule: linear(0, (peak) => peak * first_end) },
      {
        share: 1 - at,
        peak: second_start,
        schedule: linear(0, floor === undefined ? min_lr : (start) => (start * floor) / second_start),
      },
    ]),
});
