import { z } from 'zod';
import { component } from '../../core/component.ts';
import { count } from '../../core/options.ts';
import { createReferenceBackend } from '../reference/index.ts';
import { createNativeBackend, nativeStatus } from './index.ts';

export const native = component({
  kind: 'backend',
  type: 'native',
  summary:
    "SIMD kernels; where they can't be loaded and no instruction set is asked for, the reference backend.",
  main: 'isa',
  schema: z.strictObject({
    isa: z
      .string()
      .regex(/^[a-z0-9]+(\+[a-z0-9]+)*$/, 'expected an instruction set such as avx2 or avx512+vnni')
      .default('auto')
      .describe('Instruction set: scalar, avx2, avx512, neon; auto: the best that this machine has.'),
    threads: z
      .union([z.literal('auto'), count])
      .default('auto')
      .describe('Threads; auto: as train.threads says.'),
  }),
  examples: [{}, { isa: 'scalar', threads: 1 }],
  create: ({ isa, threads }, scope) => {
    const wanted = threads === 'auto' ? scope.threads : threads;
    if (isa !== 'auto') return createNativeBackend({ isa, threads: wanted });
    const { available, reasons, build } = nativeStatus();
    if (available) return createNativeBackend({ threads: wanted });
    scope.notice(
      `The native kernels can't be loaded, the slow reference backend runs instead (${reasons.join('; ')}); build them with: ${build}`,
    );
    return createReferenceBackend('f32');
  },
});
