import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createNativeBackend } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { mat, tensor } from '../../src/core/tensor.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Blocks } from '../../src/runtime/blocks.ts';
import { DenseRows } from '../../src/runtime/rows.ts';
import { nativeVariants } from '../conformance/backends.ts';
import { gradients } from '../properties/batch-gradients.ts';
import { modelOf, RECIPES, randomTokens } from '../properties/models.ts';
import { rowsOf } from '../properties/sequences.ts';
import { anyCall, makePool, type PoolCall } from './random-calls.ts';

const THREADS = [1, 3];

/** Runs a program; calls that are refused are left out, whoever refuses them. */
function run(backend: Backend, rows: number, program: readonly PoolCall[], defer: boolean): Buffer[] {
  const pool = makePool(backend, rows, rows);
  const calls = () => {
    for (const call of program) {
      try {
        call(backend.kernels, pool);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  };
  if (defer) backend.defer!(calls);
  else calls();
  return pool.memory.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
}

describe.each(nativeVariants())('$name', ({ create }) => {
  const backends = THREADS.map(create);
  afterAll(() => {
    for (const backend of backends) backend.dispose();
  });

  it.each(THREADS.map((threads, i) => [threads, backends[i]!] as const))(
    'deferred calls give the bits of calls that run at once, %i threads',
    (_, backend) => {
      const program = fc.array(anyCall, { minLength: 2, maxLength: 12 });
      // About as many rows as tiles and chunks of sums end at, and so few that calls do not share tiles.
      const rows = fc.oneof(
        fc.integer({ min: 64, max: 600 }),
        fc.constantFrom(1, 64, 191, 192, 256, 257, 512, 700, 768),
      );
      fc.assert(
        fc.property(rows, program, (count, calls) => {
          const expected = run(
            backend,
            count,
            calls.map(({ call }) => call),
            false,
          );
          const found = run(
            backend,
            count,
            calls.map(({ call }) => call),
            true,
          );
          expect(
            found.every((bytes, i) => bytes.equals(expected[i]!)),
            calls.map(({ text }) => text).join(', '),
          ).toBe(true);
        }),
        { numRuns: 150, seed: 20261126 },
      );
    },
  );
});

describe('a deferred region', () => {
  const backend = createNativeBackend({ threads: 2 });
  afterAll(() => backend.dispose());
  const { kernels: k } = backend;
  const defer = backend.defer!;
  const rows = 256;
  const of = (value: number) => {
    const m = mat('f32', rows, 8, `of ${value}`);
    m.data.fill(value);
    return m;
  };

  it('a deferred region runs its calls at its end with the effect of their order', () => {
    const [a, b, c] = [of(1), of(2), of(0)];
    defer(() => {
      k.add(c, a, b);
      k.add(c, c, b);
      expect(c.data[0]).toBe(0);
    });
    expect(new Set(c.data)).toEqual(new Set([5]));
  });

  it('a call that returns a number runs at once in a deferred region, after the calls before it', () => {
    const [a, b, c] = [of(1), of(2), of(0)];
    defer(() => {
      k.add(c, a, b);
      k.add(c, c, b);
      expect(k.sumSquares(c)).toBe(25 * c.data.length);
      k.add(c, c, b);
    });
    expect(c.data[0]).toBe(7);
  });

  it('a nested deferred region runs its calls when the outermost region ends', () => {
    const [a, b, c] = [of(1), of(2), of(0)];
    defer(() => {
      defer(() => k.add(c, a, b));
      expect(c.data[0]).toBe(0);
    });
    expect(c.data[0]).toBe(3);
  });

  it('a deferred region rejects wrong calls when they are made, and runs the others', () => {
    const [a, b, c] = [of(1), of(2), of(0)];
    expect(() =>
      defer(() => {
        k.add(c, a, b);
        k.add(c, a, mat('f32', 1, 8, 'short'));
      }),
    ).toThrow(/add: 'b' has 1 rows/);
    expect(c.data[0]).toBe(3);
    k.add(c, c, b);
    expect(c.data[0]).toBe(5);
  });

  it('a deferred region runs no call on detached memory', () => {
    const [a, b, c] = [of(1), of(2), of(0)];
    expect(() =>
      defer(() => {
        k.add(c, a, b);
        structuredClone(a.data.buffer, { transfer: [a.data.buffer as ArrayBuffer] });
      }),
    ).toThrow(TypeError);
    expect(c.data[0]).toBe(0);
    k.add(c, c, b);
    expect(c.data[0]).toBe(2);
  });

  it('a call that cannot be deferred runs no earlier call on detached memory', () => {
    const [a, b, c] = [of(1), of(2), of(0)];
    expect(() =>
      defer(() => {
        k.add(c, a, b);
        structuredClone(a.data.buffer, { transfer: [a.data.buffer as ArrayBuffer] });
        k.sumSquares(b);
      }),
    ).toThrow(/transferred/);
    expect(c.data[0]).toBe(0);
  });

  it('a deferred region checks indices when the call runs, not when it is made', () => {
    const [a, b, c] = [of(1), of(2), of(0)];
    const ids = tensor('i32', rows, 1, 'ids', new Uint8Array(c.data.buffer as ArrayBuffer));
    const [offsets, pairs] = [tensor('i32', rows + 1, 1, 'offsets'), () => tensor('i32', rows, 1, 'pairs')];
    expect(() =>
      defer(() => {
        k.add(c, a, b);
        k.countPairs(offsets, pairs(), pairs(), ids, ids, rows);
      }),
    ).toThrow(/countPairs: 'ids' holds/);
  });

  it('a deferred lookup stays within its table where its ids were changed after they were checked', () => {
    const [a, b, c, out, sum] = [of(1), of(2), of(0), of(0), of(0)];
    const ids = tensor('i32', rows, 1, 'ids', new Uint8Array(c.data.buffer as ArrayBuffer));
    defer(() => {
      k.add(c, a, b);
      k.gatherRows(out, a, ids);
      k.scatterAddRows(sum, a, ids);
    });
    expect(new Set(out.data)).toEqual(new Set([1]));
    expect(sum.data.at(-1)).toBe(rows);
  });

  it('a deferred region looks rows up tile by tile, and writes no rows that only tiled calls use', () => {
    const [table, b, out, sum] = [of(0), of(2), of(0), of(0)];
    table.data.forEach((_, i, data) => {
      data[i] = Math.floor(i / 8);
    });
    const found = { ...of(0), transient: true as const };
    const ids = tensor('i32', rows, 1, 'ids');
    ids.data.forEach((_, i, data) => {
      data[i] = (7 * i) % 5;
    });
    defer(() => {
      k.gatherRows(found, table, ids);
      k.add(out, found, b);
      k.scatterAddRows(sum, b, ids);
    });
    expect([...out.data]).toEqual(Array.from(out.data, (_, i) => ((7 * Math.floor(i / 8)) % 5) + 2));
    expect(new Set(found.data)).toEqual(new Set([0]));
    expect(Array.from(sum.data).reduce((total, value) => total + value, 0)).toBe(2 * 8 * rows);
  });

  it('a wrong shape gives the same error in a deferred region as outside, and earlier calls run', () => {
    const [a, b, c] = [of(1), of(2), of(0)];
    const wrong = { ...c, rows: rows - 1 };
    expect(() =>
      defer(() => {
        k.add(c, a, b);
        k.activation(wrong, null, a, 'silu');
      }),
    ).toThrow(/activation: 'out' has 2048 values/);
    expect(c.data[0]).toBe(3);
  });

  it('a deferred region never writes transient tensors that only tiled calls use', () => {
    const [a, b, out] = [of(1), of(2), of(0)];
    const [first, second] = [0, 0].map((value) => ({ ...of(value), transient: true as const }));
    const sum = mat('f32', 8, 8, 'sum');
    defer(() => {
      k.add(first!, a, b);
      k.add(second!, first!, b);
      k.add(out, second!, first!);
      k.matmulTransA(sum, second!, a, 'f32');
    });
    expect(new Set(out.data)).toEqual(new Set([8]));
    expect(new Set(first!.data)).toEqual(new Set([0]));
    // A call that comes after them reads it.
    expect(new Set(second!.data)).toEqual(new Set([5]));
    expect(new Set(sum.data)).toEqual(new Set([5 * rows]));
  });

  it('a deferred region reports the time of each call', () => {
    const [a, b, c] = [of(1), of(2), of(0)];
    let seconds: Float64Array = new Float64Array();
    defer(
      () => {
        k.add(c, a, b);
        k.sumSquares(c);
        k.activation(a, null, c, 'silu');
        k.add(c, c, a);
        k.scale(c, 2);
      },
      (times) => {
        seconds = times;
      },
    );
    expect([...seconds].map((time) => time > 0)).toEqual([false, false, true, true, true]);
  });

  const EMBEDDINGS = [
    'embeddings inside blocks',
    loadRecipe('shift', {
      set: [
        'model=[{embedding: {vocab: 512, dim: 24}}, ' +
          '{residual: [rms_norm, {bigram_embedding: {rows: 40, init: {normal: 1}}}, {linear: {out: 24}}]}, ' +
          '{residual: [rms_norm, {linear: {out: 26}}, {value_embedding: {vocab: 512, gates: 2}}]}, ' +
          '{residual: [rms_norm, position_embedding, {value_embedding: {vocab: 512}}, silu]}, rms_norm, tied_head]',
      ],
    }),
  ] as const;

  it('blocks with embeddings inside are deferred regions', async () => {
    const { body } = modelOf(await EMBEDDINGS[1], backend);
    const blocks = body.children!.filter(({ type }) => type === 'residual');
    expect(blocks.map(({ throughKernels }) => throughKernels)).toEqual([true, true, true]);
  });

  it.each([...RECIPES, EMBEDDINGS])(
    '%s: a deferred step gives the bits of a step that is not',
    async (_, loading) => {
      const recipe = await loading;
      const count = 1024;
      const { ids, targets } = randomTokens(count, 300, 1);
      const batch = new DenseRows(count).of(ids, targets, count);
      const { defer: __, ...plain } = createNativeBackend({ threads: 2 });
      const expected = gradients(recipe, plain, batch, count);
      const found = gradients(recipe, createNativeBackend({ threads: 2 }), batch, count);
      expect(found.nats).toBe(expected.nats);
      expect(found.grads).toEqual(expected.grads);
    },
  );
});

describe('a model', () => {
  it('a model defers calls of training and of many rows, and makes those of a few that are written at once', async () => {
    const recipe = await loadRecipe('shift', {
      set: ['model.0.embedding.dim=24', 'model.1.residual.4.ternary_linear.out=24'],
    });
    let regions = 0;
    const reference = createReferenceBackend('f32');
    const model = modelOf(recipe, {
      ...reference,
      defer: (calls) => {
        regions++;
        calls();
      },
    });
    model.prepare();
    const regionsOf = (rows: number, training: boolean): number => {
      const blocks = new Blocks(model, { rows, seqLen: rows, training, targetCapacity: 1 });
      const block = blocks.block(rows, rows);
      block.load(rowsOf(randomTokens(rows, model.vocab, 1).ids));
      regions = 0;
      block.forward();
      return regions;
    };
    expect([1, 64, 65].map((rows) => regionsOf(rows, false) > 0)).toEqual([false, false, true]);
    expect(regionsOf(1, true)).toBeGreaterThan(0);
  });
});
