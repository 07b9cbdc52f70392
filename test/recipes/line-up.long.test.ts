import { expect, it } from 'vitest';
import { loadRecipe } from '../../src/recipes/load.ts';
import { checkGradients, isRight } from '../../src/verify/gradient-check.ts';
import { LINE_UP } from './line-up.ts';

// In `npm test` the twins of test/golden hold the same gradients to 1e-9.
it.each(LINE_UP)(
  'the gradients of $name agree with differences of its loss, in its debug form',
  async ({ name }) => {
    const results = checkGradients(await loadRecipe(`${name}-debug`), { probes: 8 });
    expect(results.filter((result) => !isRight(result))).toEqual([]);
    expect(results.length).toBeGreaterThan(10);
  },
);
