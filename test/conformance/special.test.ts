import { describe, it } from 'vitest';
import { nativeVariants } from './backends.ts';
import { expectDecayUnbiased, expectDigitsKept } from './special.ts';
import { SPECIAL_CALLS } from './special-calls.ts';

describe.each(nativeVariants().map(({ name, create }) => ({ name, backend: create(1) })))(
  '$name',
  ({ backend }) => {
    it.each(SPECIAL_CALLS)('$claim', (call) => expectDigitsKept(backend, call));

    it("AdamW's decay is unbiased where it changes only a weight's last digits", () =>
      expectDecayUnbiased(backend));
  },
);
