import type { Engine } from '../../../src/backends/native/addon.ts';
import { deferringKernels } from '../../../src/backends/native/kernels.ts';
import { createReferenceBackend } from '../../../src/backends/reference/index.ts';
import { OpArguments } from '../../../src/bench/op-arguments.ts';
import { opCases } from '../../../src/bench/op-case.ts';
import { composeModel } from '../../../src/compose/run.ts';
import type { Kernels } from '../../../src/core/kernels.ts';
import type { Dims } from '../../../src/core/ops/dims.ts';
import { complete, freeSymbols } from '../../../src/core/ops/op-dims.ts';
import { OP_NAMES } from '../../../src/core/ops/table.ts';
import { Random } from '../../../src/core/random.ts';
import { loadRecipe } from '../../../src/recipes/load.ts';
import { TextGenerator } from '../../../src/train/generate.ts';
import { Sampler, type SamplingOptions } from '../../../src/train/sampling.ts';

// Prints how many bytes of heap one draw, one generated token besides its kernels, and one call of a native kernel besides
// the kernel take. The young generation is so large (--min-semi-space-size) that nothing is collected while it is measured.
const WARM = 5000;
const TURN = 2000;
const TURNS = 60;

/**
 * The least of several turns, as many as it takes to get to `most`: code that the engine has not compiled for good yet
 * makes garbage of its own, and how long that takes depends on what else the machine does.
 */
function bytesEach(most: number, act: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < WARM; i++) act();
  for (let turn = 0; turn < TURNS && least > most; turn++) {
    globalThis.gc!();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < TURN; i++) act();
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / TURN);
  }
  return least;
}

/** What each may take: a draw boxes a few numbers, 16 bytes each; what an iterator gives takes 40 bytes. */
const MAX_BYTES = { draw: 128, token: 64, call: 16 } as const;
const results: { what: string; bytes: number; most: number }[] = [];
/** With arguments only what they name is measured. */
const wanted = new Set(process.argv.slice(2));
function measure(kind: keyof typeof MAX_BYTES, what: string, act: () => unknown): void {
  if (wanted.size > 0 && !wanted.has(what)) return;
  results.push({ what, bytes: bytesEach(MAX_BYTES[kind], act), most: MAX_BYTES[kind] });
}

const nothing = () => undefined;
const kernels = Object.fromEntries(OP_NAMES.map((op) => [op, nothing])) as unknown as Kernels;
const OPTIONS: readonly SamplingOptions[] = [
  { temperature: 0 },
  { temperature: 1 },
  { temperature: 0.8, topK: 40 },
  { temperature: 0.8, topP: 0.9 },
  { temperature: 0.8, minP: 0.05, repetitionPenalty: 1.2 },
];

const random = new Random(1);
const logits = Float32Array.from({ length: 1024 }, () => 3 * random.normal());
const seen = new Set(Array.from({ length: 50 }, (_, i) => 7 * i));
for (const options of OPTIONS) {
  const sampler = new Sampler(logits.length, options, random, new Set([0, 1]));
  measure('draw', `a draw ${JSON.stringify(options)}`, () => sampler.sample(logits, random, seen));
}
for (const name of ['v61', 'shift']) {
  const model = composeModel(await loadRecipe(name), { ...createReferenceBackend('f32'), kernels });
  const sampler = new Sampler(model.vocab, { temperature: 0 }, random, new Set([3]));
  const tokens = new TextGenerator(model)
    .generate([5], 3, WARM + TURN * TURNS + 1, sampler)
    [Symbol.iterator]();
  measure('token', `a token of ${name}`, () => tokens.next());
}

const engine = Object.fromEntries(OP_NAMES.map((op) => [op, nothing])) as unknown as Engine;
const native = deferringKernels(engine).kernels;
const small: Dims = { M: 4, D: 4, V: 4, N: 4, K: 4, S: 2, T: 2, Z: 4 };
for (const op of OP_NAMES) {
  const [each] = opCases([op]);
  const free = freeSymbols(op).map((symbol) => [symbol, small[symbol] ?? 1]);
  const dims = complete(op, Object.fromEntries(free));
  const values = new OpArguments(createReferenceBackend('f32')).of({ ...each!, dims });
  // Bound: spread in each call, the values would be in an array of this test.
  measure('call', `a call of ${op}`, (native[op] as () => unknown).bind(null, ...(values as [])));
}
console.log(JSON.stringify(results));
