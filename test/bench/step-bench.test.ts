import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { timed } from '../../src/backends/timed/timed.ts';
import { benchSteps, breakDown, StepBench, Stopwatch } from '../../src/bench/step-bench.ts';
import { StreamBatches, tokenStream } from '../../src/bench/token-stream.ts';
import { recipeTraining } from '../../src/compose/recipe-training.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { mat } from '../../src/core/tensor.ts';
import { BigramCounts } from '../../src/data/collapse.ts';
import { loadRecipe } from '../../src/recipes/load.ts';

describe('the token stream', () => {
  it('the token stream is the same each time, with ids inside the vocabulary', () => {
    const stream = tokenStream(50, 1000);
    expect(tokenStream(50, 1000)).toEqual(stream);
    expect(tokenStream(50, 1000, 2)).not.toEqual(stream);
    expect(stream.every((id) => id >= 0 && id < 50)).toBe(true);
  });

  it('the token stream is about as repetitive as its description says', () => {
    const batches = new StreamBatches(1024, 65_536, 1);
    const { distinctTokens, distinctPairs } = batches.workload;
    expect(distinctTokens).toBeGreaterThan(800);
    expect(distinctPairs / 17_300).toBeCloseTo(1, 1);
    const ids = new Int32Array(65_536);
    const targets = new Int32Array(65_536);
    batches.fill(0, ids, targets);
    const counts = new BigramCounts(createReferenceBackend(), 1024);
    counts.add(ids, targets, ids.length);
    expect(counts.floor()).toBeCloseTo(3.0, 0);
  });

  it('batches of the token stream have the next tokens as targets, and wrap around', () => {
    const batches = new StreamBatches(50, 8, 3);
    const batch = (step: number) => {
      const [ids, targets] = [new Int32Array(8), new Int32Array(8)];
      batches.fill(step, ids, targets);
      return { ids, targets };
    };
    const stream = tokenStream(50, 25);
    expect(batch(1)).toEqual({ ids: stream.slice(8, 16), targets: stream.slice(9, 17) });
    expect(batch(3)).toEqual(batch(0));
  });
});

const inner = createReferenceBackend('f32');
const decorated = timed(inner);
const stopwatch = new Stopwatch(inner);

describe.each([
  ['timed', decorated.kernels, () => decorated.clock.take().ops],
  ['the stopwatch', stopwatch.backend.kernels, () => stopwatch.take()],
] as const)('%s', (_name, kernels, take) => {
  it('a timed backend counts calls and their time by op until they are read', () => {
    const [a, b] = [mat('f32', 2, 2, 'a'), mat('f32', 2, 2, 'b')];
    b.data.fill(3);
    kernels.add(a, a, b);
    kernels.add(a, a, b);
    expect(kernels.sumSquares(a)).toBe(4 * 36);
    const times = take();
    expect(Object.fromEntries(times.map(({ op, calls }) => [op, calls]))).toEqual({ add: 2, sumSquares: 1 });
    expect(times.every(({ seconds }) => seconds >= 0)).toBe(true);
    expect(times).toEqual([...times].sort((x, y) => y.seconds - x.seconds));
    expect(take()).toEqual([]);
  });
});

const total = (parts: readonly { readonly seconds: number }[]) =>
  parts.reduce((sum, part) => sum + part.seconds, 0);

describe('the breakdown of a step', () => {
  it('the breakdown of a step adds up to the step, and no op is charged more than its time', () => {
    const op = fc.record({
      op: fc.constantFrom(...OP_NAMES),
      calls: fc.integer({ min: 1, max: 1000 }),
      seconds: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const ops = fc.uniqueArray(op, { selector: (each) => each.op });
    const rest = fc.double({ min: 1e-6, max: 1, noNaN: true });
    fc.assert(
      fc.property(ops, rest, fc.double({ min: 0, max: 1e-2, noNaN: true }), (times, outside, callSeconds) => {
        const seconds = total(times) + outside;
        const { ops: parts, binding, typescript } = breakDown({ seconds, ops: times }, callSeconds);
        expect(total([...parts, binding, typescript])).toBeCloseTo(seconds, 9);
        const shares = [...parts, binding, typescript].reduce((sum, { share }) => sum + share, 0);
        expect(shares).toBeCloseTo(1, 9);
        expect(parts.every((part) => part.seconds >= 0)).toBe(true);
        expect(typescript.seconds).toBeCloseTo(outside, 9);
      }),
    );
  });
});

describe('training steps', () => {
  it('training steps are measured in the mode of their name, part by part', async () => {
    const recipe = await loadRecipe('v61-debug', { set: ['data.seq_len=8', 'data.batch=4', 'compute=bf16'] });
    const batches = new StreamBatches(300, 32);
    const backend = createReferenceBackend('f32');
    const variants = [{ compute: 'f32', make: recipeTraining(recipe, batches, 32) }];
    const effort = { rounds: 1, seconds: 0.001, stepRounds: 2, stepSeconds: 0.001 };
    const results = await benchSteps([backend], variants, ['dense', 'collapsed'], [1e-7], effort);
    expect(results.map(({ path }) => path)).toEqual(['dense', 'collapsed']);
    for (const result of results) {
      const { ops, binding, typescript } = result.breakdown;
      expect(result).toMatchObject({
        backend: backend.name,
        threads: 1,
        compute: 'f32',
        seconds: { count: 2 },
      });
      expect(result.tokensPerSecond).toBeCloseTo(32 / result.seconds.median);
      expect(binding.calls).toBe(ops.reduce((sum, { calls }) => sum + calls, 0));
      // Two quantised matrices in each of two blocks; one update for each of the 7 parameters.
      const calls = Object.fromEntries(ops.map(({ op, calls: count }) => [op, count]));
      expect(calls).toMatchObject({ ternaryMatmul: 4, quantizeWeight: 4, headLoss: 1, sgdMomentum: 7 });
      expect(typescript.seconds).toBeGreaterThan(0);
      expect(result.outsideShare).toBeCloseTo(binding.share + typescript.share);
    }
  });

  it('the call costs of a backend are charged to its steps, in order', async () => {
    const recipe = await loadRecipe('v61-debug', { set: ['data.seq_len=4', 'data.batch=1'] });
    const make = recipeTraining(recipe, new StreamBatches(300, 4), 4);
    const variants = ['f32', 'other'].map((compute) => ({ compute, make }));
    const effort = { rounds: 1, seconds: 0.001, stepRounds: 1, stepSeconds: 0.001 };
    const backends = [createReferenceBackend('f32'), createReferenceBackend('f32')];
    const results = await benchSteps(backends, variants, ['dense'], [0, 1e-6], effort);
    expect(results.map(({ compute }) => compute)).toEqual(['f32', 'other', 'f32', 'other']);
    expect(results.map(({ breakdown }) => breakdown.binding.seconds > 0)).toEqual([false, false, true, true]);
  });

  it('the breakdown is of the step with the median time', async () => {
    const recipe = await loadRecipe('v61-debug', { set: ['data.seq_len=4', 'data.batch=1'] });
    const make = recipeTraining(recipe, new StreamBatches(300, 4), 4);
    const bench = new StepBench(createReferenceBackend('f32'), 'dense', { compute: 'f32', make });
    const step = (seconds: number) => ({
      seconds,
      ops: [{ op: 'add', calls: 1, seconds: seconds / 2 } as const],
    });
    const { seconds, breakdown } = bench.result([step(4), step(1), step(2)], 0);
    expect(seconds.median).toBe(2);
    expect(total([...breakdown.ops, breakdown.binding, breakdown.typescript])).toBe(2);
  });
});
