import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { StraightThrough } from '../../src/backends/straight-through.ts';
import { composeModel } from '../../src/compose/run.ts';
import type { Kernels } from '../../src/core/kernels.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { BatchRunner } from '../../src/runtime/batch-runner.ts';
import { DenseRows } from '../../src/runtime/rows.ts';
import { randomTokens } from '../properties/models.ts';
import { SwitchedKernels } from './switched-kernels.ts';

const TOKENS = 24;
const SEQ_LEN = 6;
/** Elements of each parameter that are looked at. */
const PROBES = 40;
const STEP = 1e-4;

const EMBEDDING = '{embedding: {vocab: 260, dim: 6, init: {normal: 0.5}}}';

/** Models by what they are, each as the layers after the embedding. */
const MODELS: readonly (readonly [what: string, layers: string])[] = [
  [
    'two blocks that mix rows, and a head that shares the table of the embedding',
    '{repeat: 2, layers: [{residual: [rms_norm, token_shift, {ternary_linear: {out: 10, activations: int8}}, ' +
      'silu, {ternary_linear: {out: 6}}]}]}, rms_norm, tied_head',
  ],
  ['a tied head with capped logits and z-loss', 'rms_norm, {tied_head: {soft_cap: 2, z_loss: 0.05}}'],
  ['a float head with capped logits and z-loss', 'rms_norm, {head: {soft_cap: 2, z_loss: 0.05}}'],
  [
    'a ternary head with a scale for each token and int8 rows',
    'rms_norm, {head: {weights: absmean, scale: row, activations: int8, soft_cap: 3}}',
  ],
  ['a ternary head with one scale', 'rms_norm, {head: {weights: absmedian, z_loss: 0.01}}'],
];

const recipeOf = (layers: string) =>
  loadRecipe('shift', {
    set: [`model=[${EMBEDDING}, ${layers}]`, 'tokenizer.vocab=260', `data.seq_len=${SEQ_LEN}`],
  });

describe('a whole model', () => {
  // In blocks of two sequences, so that gradients add up over blocks, and a table that is used twice.
  it.each(MODELS)('%s has the gradient of its loss, for every parameter', async (_, layers) => {
    const recipe = await recipeOf(layers);
    const reference = createReferenceBackend('f64');
    const switched = new SwitchedKernels(reference);
    const model = composeModel(recipe, switched.backend);
    const runner = new BatchRunner(model, {
      seqLen: SEQ_LEN,
      blockRows: 2 * SEQ_LEN,
      maxRows: TOKENS,
      maxEntries: TOKENS,
      training: true,
    });
    const { ids, targets } = randomTokens(TOKENS, 260, 5);
    const rows = new DenseRows(TOKENS).of(ids, targets, TOKENS);
    const run = (k: Kernels): number => {
      switched.kernels = k;
      model.prepare();
      model.store.zeroGrads();
      return runner.train(rows, 1 / TOKENS, { kernels: k, training: true }) / TOKENS;
    };

    const smooth = new StraightThrough(reference.kernels);
    run(smooth.record());
    const grads = new Map(model.store.all.map((p) => [p, p.grad.data.slice()]));
    const loss = (): number => {
      const kernels = smooth.replay();
      switched.kernels = kernels;
      model.prepare();
      return runner.evaluate(rows, { kernels, training: true }) / TOKENS;
    };
    for (const p of model.store.all) {
      const grad = grads.get(p)!;
      const rms = Math.sqrt(Float64Array.from(grad).reduce((sum, g) => sum + g * g, 0) / p.size);
      expect(rms, p.name).toBeGreaterThan(0);
      for (let probe = 0; probe < Math.min(PROBES, p.size); probe++) {
        // The table's first rows are the tokens that occur: those have both of their gradients.
        const i = p.size <= PROBES || p.table === 'embedding' ? probe : Math.floor((probe * p.size) / PROBES);
        const at = p.value.data[i]!;
        p.value.data[i] = at + STEP;
        const up = loss();
        p.value.data[i] = at - STEP;
        const slope = (up - loss()) / (2 * STEP);
        p.value.data[i] = at;
        expect(Math.abs(grad[i]! - slope) / (Math.abs(slope) + rms), `${p.name}[${i}]`).toBeLessThan(1e-5);
      }
    }
  });
});
