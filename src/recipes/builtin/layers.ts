import { z } from 'zod';
import { component } from '../../core/component.ts';
import { TokenShift } from '../../layers/token-shift.ts';

export const tokenShift = component({
  kind: 'layer',
  type: 'token_shift',
  summary: 'Mixes each row with the one before it, in a learned proportion for each channel.',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols }) => new TokenShift(path, inCols),
});
