import { describe, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { nativeVariants } from './backends.ts';
import {
  expectDroppedNanPasses,
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
  it('logits whose exponentials overflow get the right loss and gradients', () => {
    expectSaturation(create());
  });

  it('huge logits that are tied share the probability', () => {
    expectHugeTies(create());
  });

  it('rmsNorm normalises rows whose squares overflow', () => {
    expectLargeRowsNormalised(create());
  });

  it('activations, losses and bf16 products pass on every NaN', () => {
    expectNanPasses(create());
  });

  it('NaN that dropout drops stays NaN', () => {
    expectDroppedNanPasses(create());
  });
});
