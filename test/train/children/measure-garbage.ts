import { createReferenceBackend } from '../../../src/backends/reference/index.ts';
import type { Kernels } from '../../../src/core/kernels.ts';
import { OP_NAMES } from '../../../src/core/ops.ts';
import { Random } from '../../../src/core/random.ts';
import { composeModel } from '../../../src/recipes/compose.ts';
import { loadRecipe } from '../../../src/recipes/load.ts';
import { TextGenerator } from '../../../src/train/generate.ts';
import { Sampler, type SamplingOptions } from '../../../src/train/sampling.ts';

// Prints how many bytes of heap one draw, and one generated token besides its kernels, take. The young generation is so
// large (--min-semi-space-size) that nothing is collected while it is measured.
const WARM = 20_000;
const TURN = 2000;

/** The least of several turns: code that the engine has not compiled for good yet makes garbage of its own. */
function bytesEach(act: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < WARM; i++) act();
  for (let turn = 0; turn < 10; turn++) {
    globalThis.gc!();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < TURN; i++) act();
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / TURN);
  }
  return least;
}

const nothing = () => undefined;
const kernels = Object.fromEntries(OP_NAMES.map((op) => [op, nothing])) as unknown as Kernels;
const OPTIONS: readonly SamplingOptions[] = [
  { temperature: 0 },
  { temperature: 1 },
  { temperature: 0.8, topK: 40 },
  { temperature: 0.8, topP: 0.9 },
];

const random = new Random(1);
const logits = Float32Array.from({ length: 1024 }, () => 3 * random.normal());
const results: Record<string, number> = {};
for (const options of OPTIONS) {
  const sampler = new Sampler(logits.length, options, random, new Set([0, 1]));
  results[`a draw ${JSON.stringify(options)}`] = bytesEach(() => sampler.sample(logits));
}
for (const name of ['v61', 'shift']) {
  const model = composeModel(await loadRecipe(name), { ...createReferenceBackend('f32'), kernels });
  const sampler = new Sampler(model.vocab, { temperature: 0 }, random, new Set([3]));
  const tokens = new TextGenerator(model).generate([5], 3, 10 * WARM, sampler)[Symbol.iterator]();
  results[`a token of ${name}`] = bytesEach(() => tokens.next());
}
console.log(JSON.stringify(results));
