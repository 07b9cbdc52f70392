import { z } from 'zod';
import { component } from '../../core/component.ts';
import { checked as checkedBackend } from './checked.ts';

export const checked = component({
  kind: 'decorator',
  type: 'checked',
  summary:
    'Checks every call against the op table, all memory it may touch, what it writes, and what layers save for backward.',
  schema: z.strictObject({}),
  examples: [{}],
  create: () => checkedBackend,
});
