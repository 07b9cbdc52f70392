import type { Backend } from '../../src/core/backend.ts';
import { type Compute, FLOAT32 } from '../../src/core/compute.ts';
import type { Recipe } from '../../src/recipes/load.ts';
import { BatchRunner } from '../../src/runtime/batch-runner.ts';
import type { Rows } from '../../src/runtime/rows.ts';
import { modelOf } from './models.ts';

/** Loss and all gradients of one batch whose rows and targets are no more than `tokens`. */
export function gradients(
  recipe: Recipe,
  backend: Backend,
  rows: Rows,
  tokens: number,
  { blockRows = 'auto', compute = FLOAT32 }: { blockRows?: number | 'auto'; compute?: Compute } = {},
) {
  const model = modelOf(recipe, backend);
  model.prepare(compute.gradients);
  const runner = new BatchRunner(model, {
    seqLen: recipe.data.seq_len,
    blockRows,
    maxRows: tokens,
    maxEntries: tokens,
    training: true,
    compute,
  });
  const nats = runner.train(rows, 1 / tokens);
  return { nats, grads: model.store.grads.data };
}

/** Of whole vectors. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}
