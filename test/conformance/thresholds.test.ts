import { describe, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { nativeVariants } from './backends.ts';
import { expectThresholds } from './thresholds.ts';

const backends = [
  { name: 'reference', create: () => createReferenceBackend('f32') },
  ...nativeVariants().map(({ name, create }) => ({ name, create: () => create(1) })),
];

describe.each(backends)('$name', ({ create }) => {
  it('quantisers keep values just above a threshold, and none on or below it', () => {
    expectThresholds(create());
  });
});
