import { z } from 'zod';
import { component } from '../../core/component.ts';
import { count } from '../../core/options.ts';
import { componentOf } from '../../core/slots.ts';
import { diff as diffBackend } from './diff.ts';

export const diff = component({
  kind: 'decorator',
  type: 'diff',
  summary: 'Runs every call on a second backend too and stops at the first result that differs.',
  main: 'against',
  schema: z.strictObject({
    against: componentOf('backend', 'The backend to compare with.')
      .default('reference:f64' as never)
      .describe('The backend to compare with.'),
    every: count.default(1).describe('Compare in one training step out of this many.'),
  }),
  examples: [{ against: 'reference' }, { against: 'reference:f64', every: 50 }],
  create: ({ against, every }, scope) => diffBackend(scope.build(against), { every }),
});
