import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { shapeOf } from '../../src/bench/op-case.ts';
import {
  type Assumed,
  assumedOf,
  type CallGroup,
  callsOn,
  predictStep,
  type SingleCore,
} from '../../src/bench/prediction.ts';
import { sharedOut } from '../../src/bench/sharing.ts';
import { StreamBatches } from '../../src/bench/token-stream.ts';
import { recipeTraining } from '../../src/compose/recipe-training.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { loadRecipe } from '../../src/recipes/load.ts';

/** Of AVX2 and AVX-512. */
const TILES = [
  { rows: 6, cols: 16 },
  { rows: 8, cols: 48 },
];
const tile = TILES[1]!;
const backend = createReferenceBackend('f32');
const keepsUp: Assumed = { tile, fork: 1e-6, memory: Number.POSITIVE_INFINITY, ownCache: 2 ** 20 };

const calls: CallGroup[] = OP_NAMES.map((op, i) => ({ op, dims: shapeOf(op), count: i + 1 }));
const one: SingleCore = {
  tokens: 1000,
  ops: OP_NAMES.map((op, i) => ({ op, seconds: 0.01 * (i + 1) })),
  binding: 0.02,
  typescript: 0.03,
  calls,
  idleTypescript: 0.015,
};
const kernels = one.ops.reduce((sum, { seconds }) => sum + seconds, 0);

describe('a predicted step', () => {
  it('a step predicted for one core is the measured one, whatever memory gives', () => {
    const on = { cores: 1, calls, idleTypescript: one.idleTypescript };
    for (const memory of [1, 1e9, Number.POSITIVE_INFINITY]) {
      const step = predictStep(one, on, { ...keepsUp, memory }, backend);
      expect(step.seconds).toBeCloseTo(kernels + 0.05, 12);
      expect(step.tokensPerSecond).toBeCloseTo(1000 / (kernels + 0.05), 6);
      expect(step.forks).toBe(0);
    }
  });

  it('a predicted step adds up, and kernels only gain from more cores and memory bandwidth', () => {
    const cores = fc.integer({ min: 1, max: 512 });
    fc.assert(
      fc.property(cores, cores, fc.double({ min: 1e8, max: 1e12, noNaN: true }), (a, b, memory) => {
        const at = (count: number, of = memory) =>
          predictStep(
            one,
            { cores: count, calls, idleTypescript: 0.02 },
            { ...keepsUp, memory: of },
            backend,
          );
        const [few, many] = [at(Math.min(a, b)), at(Math.max(a, b))];
        expect(few.kernels + few.forks + few.outside).toBeCloseTo(few.seconds, 12);
        // Pieces that do not divide evenly may wait for one more, never for more than on one core.
        expect(many.kernels).toBeLessThanOrEqual(kernels + 1e-9);
        expect(many.kernels).toBeGreaterThanOrEqual(kernels / Math.max(a, b) - 1e-9);
        expect(few.outside).toBe(many.outside);
        expect(at(a, Number.POSITIVE_INFINITY).seconds).toBeLessThanOrEqual(at(a).seconds + 1e-12);
      }),
    );
  });

  it('with unlimited pieces and cores a predicted step is its serial parts and its forks', () => {
    const many = 2 ** 40;
    const huge: CallGroup[] = [
      { op: 'add', dims: { M: 2 ** 40, D: 2 ** 30 }, count: 3 },
      { op: 'ternaryMatmul', dims: { M: 2 ** 8, N: 2 ** 8, K: 2 ** 45 }, count: 0 },
    ];
    const single: SingleCore = { ...one, ops: [{ op: 'add', seconds: 5 }], calls: huge };
    const on = { cores: many, calls: huge, idleTypescript: one.idleTypescript };
    const step = predictStep(single, on, keepsUp, backend);
    expect(step.kernels).toBeLessThan(1e-11);
    // A fork of 2^40 threads is 40 doublings.
    expect(step.forks).toBeCloseTo(3 * 40e-6, 12);
    expect(step.seconds).toBeCloseTo(0.05 + 3 * 40e-6, 9);
  });

  it('a predicted step is no faster than shared memory moves what caches do not hold', () => {
    const dims = { M: 2 ** 20, D: 2 ** 10 };
    const bytes = 3 * 4 * dims.M * dims.D;
    const group: CallGroup[] = [{ op: 'add', dims, count: 1 }];
    const single: SingleCore = { ...one, ops: [{ op: 'add', seconds: 10 }], calls: group };
    const on = { cores: 64, calls: group, idleTypescript: one.idleTypescript };
    const at = (memory: number, ownCache: number) =>
      predictStep(single, on, { ...keepsUp, memory, ownCache }, backend).kernels;
    expect(at(bytes / 2, 1000)).toBeCloseTo(2);
    expect(at(bytes / 2, bytes / 64)).toBeCloseTo(10 / 64);
    expect(at(bytes / 100, 1000)).toBe(10);
  });

  it('predicted TypeScript and binding time falls with fewer calls and blocks', () => {
    const fewer = calls.map((group) => ({ ...group, count: group.count / 2 }));
    const step = predictStep(one, { cores: 2, calls: fewer, idleTypescript: 0.005 }, keepsUp, backend);
    expect(step.outside).toBeCloseTo(0.02 / 2 + 0.03 / 3, 12);
  });
});

describe('the shares of cores', () => {
  it.each(OP_NAMES)('%s: one core gives no speedup, and n cores at most n', (op) => {
    for (const each of TILES) {
      const { parts, forks } = sharedOut(op, shapeOf(op), each, 2);
      expect(forks).toBeGreaterThanOrEqual(0);
      for (const part of parts) {
        expect(part.cost).toBeGreaterThan(0);
        expect(part.speedup(1)).toBe(1);
        for (const cores of [2, 3, 7, 96, 1000]) {
          expect(part.speedup(cores)).toBeGreaterThanOrEqual(1);
          expect(part.speedup(cores)).toBeLessThanOrEqual(cores);
        }
      }
    }
  });

  it('adding cores stops helping when there are no more pieces', () => {
    const most = (
      op: 'scatterAddRows' | 'headLoss' | 'ternaryMatmulGradW',
      dims: Record<string, number>,
      cores: number,
    ) => Math.max(...sharedOut(op, dims, tile, cores).parts.map((part) => part.speedup(cores)));
    // 192 columns, 16 at a time; rows of the head in tiles of 32; 192 tiles of the weights.
    expect(most('scatterAddRows', { M: 2 ** 16, D: 192, V: 1024 }, 96)).toBe(12);
    expect(most('headLoss', { M: 2 ** 16, D: 192, V: 1024, Z: 2 ** 16 }, 96)).toBe(96);
    expect(most('ternaryMatmulGradW', { M: 2 ** 16, N: 384, K: 192 }, 96)).toBe(96);
    const gradient = sharedOut('ternaryMatmulGradW', { M: 2 ** 20, N: 384, K: 192 }, tile, 1000).parts.at(
      -1,
    )!;
    expect(gradient.speedup(1000)).toBe(192);
  });
});

describe('calls of a step on more cores', () => {
  it('calls of a step predicted for more cores have larger blocks, and no kernel runs', async () => {
    const recipe = await loadRecipe('v61', { set: ['data.seq_len=16', 'data.batch=128'] });
    const tokens = 2048;
    const variant = { compute: 'f32', make: recipeTraining(recipe, new StreamBatches(1024, tokens), tokens) };
    const rowsOf = async (cores: number) => {
      const { calls: found, idleTypescript } = await callsOn(backend, cores, 'dense', variant);
      expect(idleTypescript).toBeGreaterThan(0);
      const heads = found.filter(({ op }) => op === 'headLoss');
      return heads.map(({ dims, count }) => [dims.M, count]);
    };
    expect(await rowsOf(1)).toEqual([[1024, 2]]);
    expect(await rowsOf(2)).toEqual([[2048, 1]]);
    expect(await rowsOf(96)).toEqual([[2048, 1]]);
    const collapsed = await callsOn(backend, 8, 'collapsed', variant);
    expect(collapsed.calls.some(({ op }) => op === 'ternaryMatmulGradW')).toBe(true);
  });
});

describe('what is assumed', () => {
  it.runIf(nativeStatus().available)(
    'a prediction assumes the limits of all threads and the caches of one core',
    () => {
      const limits = [1, 4].map((threads) => ({
        isa: 'avx2',
        threads,
        floatOps: 1,
        bf16Ops: null,
        integerOps: 1,
        ternaryOps: null,
        forkSeconds: threads * 1e-6,
        memory: [{ name: 'DRAM', capacity: null, measured: 1, read: 9, triad: 10 * threads }],
      }));
      const caches = [
        { level: 1, bytes: 100, cpus: 1 },
        { level: 2, bytes: 1000, cpus: 1 },
        { level: 3, bytes: 9999, cpus: 8 },
      ];
      expect(assumedOf(limits, 'native:scalar', caches)).toEqual({
        // TILE_ROWS, TILE_VECS and LANES of native/simd/scalar.h.
        tile: { rows: 4, cols: 4 },
        fork: 2e-6,
        memory: 40,
        ownCache: 1000,
      });
    },
  );
});
