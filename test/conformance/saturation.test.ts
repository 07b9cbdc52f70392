import { describe, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { nativeVariants } from './backends.ts';
import {
  expectHugeTies,
  expectLargeRowsNormalised,
  expectNanPasses,
  expectSaturation,
} from './saturation.ts';

const backends = [
  { name: 'reference', create: () => createReferenceBackend('f32') },
  ...nativeVariants().map(({ name, create }) => ({ name, create: () => create(1) })),
];

describe.each(backends)('$name', ({ create }) => {
  it('has the loss and the gradients of logits whose exponentials overflow', () => {
    expectSaturation(create());
  });

  it('shares the probability of huge logits that are tied', () => {
    expectHugeTies(create());
  });

  it('normalises rows whose squares overflow', () => {
    expectLargeRowsNormalised(create());
  });

  it('lets every NaN pass', () => {
    expectNanPasses(create());
  });
});
