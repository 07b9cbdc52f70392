import { describe, it } from 'vitest';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { nativeVariants } from './backends.ts';
import { expectSpecialsPass } from './not-finite.ts';

describe.each(nativeVariants().map(({ name, create }) => ({ name, backend: create(1) })))(
  '$name',
  ({ backend }) => {
    it.each(OP_NAMES)('NaN, infinity and subnormal numbers go where the reference lets them: %s', (op) =>
      expectSpecialsPass(backend, op),
    );
  },
);
