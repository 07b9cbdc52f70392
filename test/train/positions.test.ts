import { expect, it, vi } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { StepContext } from '../../src/core/layer.ts';
import { TokenShift } from '../../src/layers/token-shift.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { trainOn } from '../backends/training.ts';

it('in training, forward and backward both see that every sequence begins at position 0', async () => {
  const seen: number[][] = [];
  const note = ({ position }: StepContext) => void seen.push([...position.data]);
  const [forward, backward] = [TokenShift.prototype.forward, TokenShift.prototype.backward];
  const spies = [
    vi.spyOn(TokenShift.prototype, 'forward').mockImplementation(function (this: TokenShift, ctx, ...rest) {
      note(ctx);
      forward.call(this, ctx, ...rest);
    }),
    vi.spyOn(TokenShift.prototype, 'backward').mockImplementation(function (this: TokenShift, ctx, ...rest) {
      note(ctx);
      backward.call(this, ctx, ...rest);
    }),
  ];
  try {
    const recipe = await loadRecipe('shift', { set: ['data.seq_len=8', 'data.batch=2'] });
    await trainOn(recipe, createReferenceBackend('f32'), 2, 1);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  expect(seen.length).toBeGreaterThanOrEqual(4);
  expect(seen.flat().every((position) => position === 0)).toBe(true);
});
