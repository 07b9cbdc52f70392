import { afterEach, expect, it, vi } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { recipeTraining } from '../../src/compose/recipe-training.ts';
import { composeModel } from '../../src/compose/run.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { BatchRunner } from '../../src/runtime/batch-runner.ts';
import { DenseRows } from '../../src/runtime/rows.ts';
import { Evaluator } from '../../src/train/evaluate.ts';
import type { EvaluationText } from '../../src/train/scorer.ts';
import { compareTraining } from '../../src/verify/backend-comparison.ts';
import { checkCausality } from '../../src/verify/causality.ts';
import { checkGradients } from '../../src/verify/gradient-check.ts';

const TINY = ['model.1.repeat=1', 'data.batch=2', 'data.seq_len=8'];

afterEach(() => vi.restoreAllMocks());

/** Shares that a bar can show: they grow, in steps of less than `largest`, to the end. */
function expectSteady(shares: readonly number[], largest: number): void {
  const jumps = [...shares, 1].map((share, i) => share - (shares[i - 1] ?? 0));
  expect(Math.min(...jumps)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...jumps)).toBeLessThan(largest);
}

function textOf(documents: readonly Int32Array[]): EvaluationText {
  return {
    split: 'valid',
    eos: 0,
    tokens: () => documents,
    count: documents.reduce((sum, { length }) => sum + length, 0),
    characters: 1,
    bytes: 1,
  };
}

it.each([
  ['v61-debug', 'auto'],
  ['v61-debug', 'never'],
  ['shift', 'auto'],
] as const)(
  'an evaluation of %s (collapse: %s) reports its progress after each block',
  async (name, collapse) => {
    const recipe = await loadRecipe(name, { set: ['data.seq_len=16'] });
    const evaluator = new Evaluator(composeModel(recipe, createReferenceBackend('f32')), {
      seqLen: 16,
      collapse,
      blockRows: 20,
      causal: true,
    });
    const ids = Int32Array.from({ length: 300 }, (_, i) => (i * 7) % 300);
    const shares: number[] = [];
    const text = textOf([ids.subarray(0, 120), ids.subarray(120)]);
    const event = await evaluator.evaluateInPieces(text, 0, (share) => shares.push(share));
    expect(event).toEqual(evaluator.evaluate(text, 0));
    expectSteady(shares, 0.2);
  },
);

it('diff reports its progress after each layer, within a step too', async () => {
  const recipe = await loadRecipe('v61-debug', { set: TINY });
  const batches = {
    fill(_: number, ids: Int32Array, targets: Int32Array) {
      for (let i = 0; i < ids.length; i++) [ids[i], targets[i]] = [i, i + 1];
    },
  };
  const [backend, against] = [createReferenceBackend('f32'), createReferenceBackend('f64')];
  const shares: number[] = [];
  const make = recipeTraining(recipe, batches, 16);
  await compareTraining(make, 'dense', backend, against, 2, (share) => shares.push(share));
  // The head, whose vocabulary is far wider than the layers, is most of a step.
  expectSteady(shares, 0.45);
  expect(shares.length).toBeGreaterThan(20);
  expect(shares.at(-1)).toBe(1);
});

it('gradcheck reports its progress after each derivative', async () => {
  const shares: number[] = [];
  checkGradients(await loadRecipe('v61-debug', { set: TINY }), {
    probes: 2,
    onProgress: (share) => shares.push(share),
  });
  expectSteady(shares, 0.25);
});

it('the causality check reports its progress before each change', async () => {
  const shares: number[] = [];
  const recipe = await loadRecipe('v61-debug', { set: TINY });
  checkCausality(recipe, createReferenceBackend('f32'), { onProgress: (share) => shares.push(share) });
  expectSteady(shares, 0.2);
});

it('a long training step reports how many of its rows are done', async () => {
  const recipe = await loadRecipe('v61-debug', { set: TINY });
  const model = composeModel(recipe, createReferenceBackend('f32'));
  const runner = new BatchRunner(model, {
    seqLen: 8,
    blockRows: 16,
    maxRows: 64,
    maxEntries: 64,
    training: true,
  });
  model.prepare();
  const ids = Int32Array.from({ length: 64 }, (_, i) => i);
  const rows = new DenseRows(64).of(ids, ids, 64);
  const done: number[] = [];
  const quiet = await runner.trainInPieces(rows, 1, {}, (count) => done.push(count));
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 1000;
    return now;
  });
  done.length = 0;
  expect(await runner.trainInPieces(rows, 1, {}, (count) => done.push(count))).toBe(quiet);
  expect(done).toEqual([16, 32, 48, 64]);
});
