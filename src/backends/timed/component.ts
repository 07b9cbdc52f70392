import { z } from 'zod';
import { component } from '../../core/component.ts';
import { timed as timedBackend } from './timed.ts';

export const timed = component({
  kind: 'decorator',
  type: 'timed',
  summary: 'Times every kernel call, by op and by layer; a run prints it at its end.',
  schema: z.strictObject({}),
  examples: [{}],
  create: () => timedBackend,
});
