import { describe, it } from 'vitest';
import { clipGradients } from '../../src/optim/clip.ts';
import { BACKENDS } from '../properties/models.ts';
import { expectClipping } from './clipping.ts';

describe.each(BACKENDS)('%s', (_, create) => {
  it('clipping keeps the direction and reaches the norm, even where float32 squares overflow', () => {
    expectClipping(clipGradients, create());
  });
});
