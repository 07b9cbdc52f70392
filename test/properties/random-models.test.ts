import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { StraightThrough } from '../../src/backends/straight-through.ts';
import { composeModel } from '../../src/compose/run.ts';
import type { Backend } from '../../src/core/backend.ts';
import { ROW_CHUNK } from '../../src/core/kernels.ts';
import { Random } from '../../src/core/random.ts';
import { BatchRunner } from '../../src/runtime/batch-runner.ts';
import { DenseRows, findDocumentStarts, type Rows } from '../../src/runtime/rows.ts';
import { effort } from '../effort.ts';
import { SwitchedKernels } from '../gradients/switched-kernels.ts';
import { gradients } from './batch-gradients.ts';
import { BACKENDS, ISAS, modelOf, randomTokens } from './models.ts';
import { randomModel } from './random-models.ts';
import { allAtOnce, oneByOne, seesLater } from './sequences.ts';

const SEEDS = Array.from({ length: effort(3, 100) }, (_, i) => i);
const EOS = 3;
/** Of the differences that gradients are compared with. */
const STEPS = [1e-4, 1e-5, 1e-6, 1e-7, 1e-8];

/** Whole sequences, of documents where the seed is odd. */
function rowsOf(seed: number, tokens: number, seqLen: number): Rows {
  const { ids, targets } = randomTokens(tokens, 260, seed);
  if (seed % 2 === 0) return new DenseRows(tokens).of(ids, targets, tokens);
  const starts = new Int32Array(tokens);
  findDocumentStarts(starts, ids, EOS, seqLen);
  return new DenseRows(tokens).of(ids, targets, tokens, starts);
}

describe.each(SEEDS)('the random model %i', (seed) => {
  it.each(ISAS)(
    'has the same bits with any threads, blocks and without deferral on native:%s',
    async (isa) => {
      const { recipe, text } = await randomModel(seed);
      const seqLen = recipe.data.seq_len;
      const tokens = seqLen * Math.ceil(650 / seqLen);
      const rows = rowsOf(seed, tokens, seqLen);
      const [, create] = BACKENDS.find(([name]) => name === `native:${isa}`)!;
      // Sums over rows are formed by chunks of a block: only whole chunks of whole sequences may be cut off.
      const cut = ROW_CHUNK % seqLen === 0 ? ROW_CHUNK : 'auto';
      const expected = gradients(recipe, create(1), rows, tokens);
      expect(expected.nats).toBeGreaterThan(0);
      const { defer: _, ...direct } = create(2);
      for (const [backend, blockRows] of [
        [create(3), 'auto'],
        [create(2), cut],
        [direct, cut],
      ] as [Backend, number | 'auto'][]) {
        const found = gradients(recipe, backend, rows, tokens, { blockRows });
        const what = `${backend.threads} threads, blocks of ${blockRows}\n${text}`;
        expect(found.nats, what).toBe(expected.nats);
        expect(found.grads, what).toEqual(expected.grads);
      }
    },
  );

  it.each(BACKENDS)('writes token by token with the bits of all tokens at once on %s', async (_, create) => {
    const { recipe } = await randomModel(seed);
    const model = modelOf(recipe, create(2));
    if (seesLater(recipe.layers.parts.body)) return;
    model.prepare();
    const { ids } = randomTokens(Math.min(70, recipe.data.seq_len), model.vocab, seed);
    expect(oneByOne(model, ids)).toEqual(allAtOnce(model, ids));
  });

  it('has the gradient of its loss along any direction of each parameter', async () => {
    const { recipe, text } = await randomModel(seed);
    const seqLen = Math.min(8, recipe.data.seq_len);
    const reference = createReferenceBackend('f64');
    const switched = new SwitchedKernels(reference);
    const model = composeModel(recipe, switched.backend);
    const random = new Random(seed, 'directions');
    // Nothing is exactly 0: there some functions have no gradient, or a very steep one.
    for (const { value } of model.store.all)
      for (let i = 0; i < value.data.length; i++) value.data[i]! += 0.1 * random.normal();
    const tokens = 3 * seqLen;
    const [blockRows, maxRows, maxEntries] = [2 * seqLen, tokens, tokens];
    const runner = new BatchRunner(model, { seqLen, blockRows, maxRows, maxEntries, training: true });
    const rows = rowsOf(seed, tokens, seqLen);
    const smooth = new StraightThrough(reference.kernels);
    const kernels = smooth.record();
    switched.kernels = kernels;
    model.prepare();
    model.store.zeroGrads();
    runner.train(rows, 1, { kernels, training: true });
    const loss = (): number => {
      const kernels = smooth.replay();
      switched.kernels = kernels;
      model.prepare();
      return runner.evaluate(rows, { kernels, training: true });
    };
    for (const { name, value, grad } of model.store.all) {
      const [at, slope] = [value.data.slice(), grad.data.slice()];
      const direction = Float64Array.from(at, () => random.normal());
      const along = (step: number) => {
        for (let i = 0; i < at.length; i++) value.data[i] = at[i]! + step * direction[i]!;
        return loss();
      };
      const claimed = direction.reduce((sum, d, i) => sum + d * slope[i]!, 0);
      const bound = 1e-5 * Math.hypot(...slope) + 1e-9;
      // The difference is closer the smaller the step, until rounding shows; in some models a long way.
      const isNear = STEPS.some(
        (step) => Math.abs((along(step) - along(-step)) / (2 * step) - claimed) < bound,
      );
      value.data.set(at);
      expect(isNear, `${name}\n${text}`).toBe(true);
    }
  });
});
