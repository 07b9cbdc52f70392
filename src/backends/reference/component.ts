import { z } from 'zod';
import { component } from '../../core/component.ts';
import { createReferenceBackend } from './index.ts';

export const reference = component({
  kind: 'backend',
  type: 'reference',
  summary: 'Scalar TypeScript, plain to read: what every other backend is compared with. Slow.',
  main: 'real',
  schema: z.strictObject({
    real: z.enum(['f32', 'f64']).default('f32').describe('Type that results are stored in.'),
  }),
  examples: [{}, { real: 'f64' }],
  create: ({ real }) => createReferenceBackend(real),
});
