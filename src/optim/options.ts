import { z } from 'zod';

// Options that several optimisers have.

export const lr = z.number().positive().describe('Peak learning rate.');
export const weightDecay = z
  .number()
  .min(0)
  .default(0)
  .describe('Pulls matrices towards zero; gains are left alone.');
export const beta = z.number().min(0).lt(1);
