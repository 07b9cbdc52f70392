import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { type Mat, mat, tensor } from '../../src/core/tensor.ts';
import { Dropout } from '../../src/layers/dropout.ts';
import { type Pass, type Place, stepContext } from '../../src/runtime/context.ts';

const ROWS = 8;
const COLS = 20;
const backend = createReferenceBackend('f32');
const position = tensor('i32', 1, 1, 'position');
const ids = tensor('i32', ROWS, 1, 'ids');

const ones = (): Mat => {
  const m = mat('f32', ROWS, COLS, 'ones');
  m.data.fill(1);
  return m;
};

/** What a layer makes of ones, forward or backward. */
function passed(layer: Dropout, pass: Pass, way: 'forward' | 'backward' = 'forward', place?: Partial<Place>) {
  const ctx = stepContext(backend, { seqLen: ROWS, position, ids, sequence: position, ...place }, pass);
  const out = mat('f32', ROWS, COLS, 'out');
  if (way === 'forward') layer.forward(ctx, ones(), out);
  else layer.backward(ctx, ones(), ones(), ones(), out);
  return [...out.data];
}

const layer = new Dropout('blocks.0.dropout', COLS, 0.5);
const training = { training: true, rng: { seed: 3, step: 4 } };

describe('dropout', () => {
  it('dropout changes no rows outside training', () => {
    expect(passed(layer, { rng: training.rng })).toEqual([...ones().data]);
  });

  it('dropout passes the gradient where forward passed the value, with the same factor', () => {
    const forward = passed(layer, training);
    expect(new Set(forward)).toEqual(new Set([0, 2]));
    expect(passed(layer, training, 'backward')).toEqual(forward);
  });

  it('dropout drops different elements for another step, seed or layer, and in later rows of the step', () => {
    const first = passed(layer, training);
    const others = [
      passed(layer, { ...training, rng: { seed: 3, step: 5 } }),
      passed(layer, { ...training, rng: { seed: 4, step: 4 } }),
      passed(new Dropout('blocks.1.dropout', COLS, 0.5), training),
      passed(layer, training, 'forward', { firstRow: ROWS }),
    ];
    for (const other of others) expect(other).not.toEqual(first);
  });

  it('dropout keeps a model from being collapsed, unless its rate is 0', () => {
    expect(layer.coupling).toBe('random');
    expect(new Dropout('dropout', COLS, 0).coupling).toBe('row');
  });
});
