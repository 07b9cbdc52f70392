import { z } from 'zod';
import { checked as checkedBackend } from '../../backends/checked/checked.ts';
import { diff as diffBackend } from '../../backends/diff/diff.ts';
import { timed as timedBackend } from '../../backends/timed/timed.ts';
import { component } from '../../core/component.ts';
import { count } from '../../core/options.ts';
import { componentOf } from '../../core/slots.ts';

export const checked = component({
  kind: 'decorator',
  type: 'checked',
  summary:
    'Checks every call against the op table, all memory it may touch, what it writes, and what layers save for backward.',
  schema: z.strictObject({}),
  examples: [{}],
  create: () => checkedBackend,
});

export const diff = component({
  kind: 'decorator',
  type: 'diff',
  summary: 'Runs every call on a second backend too and stops at the first result that differs.',
  main: 'against',
  schema: z.strictObject({
    against: componentOf('backend', 'The backend that is right.')
      .default('reference:f64' as never)
      .describe('The backend that is right.'),
    every: count.default(1).describe('Compare in one training step out of this many.'),
  }),
  examples: [{ against: 'reference' }, { against: 'reference:f64', every: 50 }],
  create: ({ against, every }, scope) => diffBackend(scope.build(against), { every }),
});

export const timed = component({
  kind: 'decorator',
  type: 'timed',
  summary: 'Times every kernel call, by op and by layer; a run prints it at its end.',
  schema: z.strictObject({}),
  examples: [{}],
  create: () => timedBackend,
});
