import { describe, it } from 'vitest';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { nativeVariants } from './backends.ts';
import { expectSpecialsPass } from './not-finite.ts';

describe.each(nativeVariants().map(({ name, create }) => ({ name, backend: create(1) })))(
  '$name',
  ({ backend }) => {
    it.each(OP_NAMES)(
      'NaN, infinity and subnormal numbers reach the same outputs of %s as in the reference',
      (op) => expectSpecialsPass(backend, op),
    );
  },
);
