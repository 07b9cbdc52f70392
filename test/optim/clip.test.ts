import { describe, it } from 'vitest';
import { clipGradients } from '../../src/optim/clip.ts';
import { BACKENDS } from '../properties/models.ts';
import { expectClipping } from './clipping.ts';

describe.each(BACKENDS)('%s', (_, create) => {
  it('clips to the norm and in the direction, where float32 squares overflow too', () => {
    expectClipping(clipGradients, create());
  });
});
