import { z } from 'zod';
import { checked as checkedBackend } from '../../backends/decorators/checked.ts';
import { component } from '../component.ts';

export const checked = component({
  kind: 'decorator',
  type: 'checked',
  summary: 'Checks the arguments of every call against the op table, and every result for NaN and infinity.',
  schema: z.strictObject({}),
  examples: [{}],
  create: () => checkedBackend,
});
