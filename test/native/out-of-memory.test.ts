import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNativeBackend } from '../../src/backends/native/index.ts';
import { backendOf } from '../../src/backends/native/native-backend.ts';
import type { Backend } from '../../src/core/backend.ts';
import { FlashError } from '../../src/core/errors.ts';
import type { Kernels } from '../../src/core/kernels.ts';
import { inputsOf, someVariants } from '../../src/core/ops/inputs.ts';
import { dimsNear } from '../../src/core/ops/op-dims.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { type Mat, mat } from '../../src/core/tensor.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { anyCall, makePool, type Pool, type PoolCall } from '../backends/random-calls.ts';
import { expectSameBits } from '../conformance/compare.ts';
import { Seam } from './seam/index.ts';

const THREADS = 2;

/** Allocations are made to fail by wrapping functions with the GNU linker. */
describe.runIf(process.platform === 'linux')('when memory runs out', () => {
  let seam: Seam;
  beforeAll(async () => {
    seam = await Seam.open();
  });

  const create = (): Backend => backendOf(seam.addon, new seam.addon.Engine({ threads: THREADS }));

  /** What `run` throws, if anything: a person's error about memory. */
  function failure(run: () => void): FlashError | null {
    try {
      run();
      return null;
    } catch (error) {
      expect(error).toBeInstanceOf(FlashError);
      expect((error as FlashError).message).toMatch(/^out of memory: /);
      return error as FlashError;
    }
  }

  it.each(OP_NAMES)(
    '%s throws when any of its allocations fails, and works when it is called again',
    (op) => {
      const given: Readonly<Record<string, number>> = { M: 520, T: 4, S: 130 };
      const dims = dimsNear(op, (s) => given[s] ?? 70);
      for (const variant of someVariants(op, 0)) {
        const inputs = inputsOf({ op, dims, seed: 6, variant });
        const expected = runOp(create(), op, inputs);
        const backend = create();
        const allocations = seam.allocationsOf(() => runOp(backend, op, inputs));
        for (let first = 1; first <= allocations; first++) {
          const backend = create();
          failure(() =>
            expectSameBits(
              seam.without(first, 1, () => runOp(backend, op, inputs)),
              expected,
            ),
          );
          expectSameBits(runOp(backend, op, inputs), expected);
          backend.dispose();
        }
      }
    },
  );

  it('an out-of-memory error names the op and the bytes', () => {
    const [a, out] = [mat('f32', 512, 64, 'a'), mat('f32', 64, 64, 'out')];
    const backend = create();
    // Node-API's wrapper allocates first, as a product has more arguments than it has room for.
    const call = () => backend.kernels.matmulTransA(out, a, a, 'f32');
    expect(failure(() => seam.without(1, 1, call))?.message).toBe('out of memory: matmulTransA');
    const { message } = failure(() => seam.without(2, 1, call))!;
    expect(message).toMatch(/^out of memory: matmulTransA needs \d+ bytes to work in$/);
    expect(Number(/\d+/.exec(message)![0])).toBeGreaterThanOrEqual(4 * 2 * 512 * 64);
  });

  it('scratch memory grows to what the largest call needs, and is freed with the backend', () => {
    const backend = create();
    const before = seam.bytes;
    const product = (rows: number) => {
      const a = mat('f32', rows, 64, 'a');
      backend.kernels.matmulTransA(mat('f32', 64, 64, 'out'), a, a, 'f32');
      return seam.bytes - before;
    };
    product(256);
    product(1024);
    // The first call after it joins the blocks.
    const kept = product(1024);
    expect(kept).toBeLessThan(2 * 4 * 2 * 1024 * 64);
    for (let i = 0; i < 20; i++) expect(product(i % 2 ? 256 : 1024)).toBe(kept);
    backend.dispose();
    expect(seam.bytes).toBe(before);
  });

  it('a product of one row with a table does not pack the whole table', () => {
    const backend = create();
    const before = seam.bytes;
    const table = mat('f32', 4096, 64, 'table');
    backend.kernels.matmulTransB(mat('f32', 1, 4096, 'out'), mat('f32', 1, 64, 'a'), table, 'f32');
    expect(seam.bytes - before).toBeLessThan(table.data.byteLength / 8);
    backend.dispose();
  });

  describe('in a deferred region', () => {
    const ROWS = 320;
    const pool = makePool(createNativeBackend({ threads: 1 }), ROWS, 1);
    /** All that programs may write, including tensors that are not compared. */
    const memory = [
      ...[...pool.mats, ...pool.rstd, pool.gain, ...pool.gainSums, ...pool.weightSums].map(
        ({ data }) => data,
      ),
      ...pool.quantized.flatMap(({ codes, scale }) => [codes.data, scale.data]),
      ...(pool.memory as readonly Mat['data'][]),
    ].map((data) => ({ data, first: data.slice() }));

    /** What a program leaves in memory; calls that are refused are left out. */
    const run = (backend: Backend, program: readonly PoolCall[], first = 0, count = 0): Buffer => {
      for (const { data, first } of memory) data.set(first);
      const calls = () => {
        for (const call of program) {
          try {
            call(backend.kernels, pool);
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
          }
        }
      };
      seam.without(first, count, () => backend.defer!(calls));
      return Buffer.concat(
        pool.memory.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
      );
    };
    /** The calls of a layer: they need tile buffers, packed operands, sums over rows and scratch. */
    const block = {
      text: 'a block of a model',
      call: (
        k: Kernels,
        { mats: [a, b, x, y, z], rstd, gain, gainSums, weightSums, quantized, weights }: Pool,
      ) => {
        k.rmsNorm(a!, rstd[0]!, x!, gain, 1e-6);
        k.quantizeRows(quantized[0]!.codes, quantized[0]!.scale, a!, 'int8');
        k.ternaryMatmul(b!, quantized[0]!, weights[0]!);
        k.activation(y!, null, b!, 'silu');
        k.ternaryMatmulGradX(z!, y!, weights[1]!, 'int8');
        k.ternaryMatmulGradW(weightSums[0]!, y!, quantized[0]!, 'bf16');
        k.rmsNormGrad(x!, gainSums[0]!, z!, y!, gain, rstd[0]!);
      },
    };
    const random = fc.sample(fc.array(anyCall, { minLength: 5, maxLength: 10 }), {
      numRuns: 3,
      seed: 20261130,
    });
    const programs = [[block], ...random];

    it.each(programs.map((program) => [program.map(({ text }) => text).join(', '), program] as const))(
      'a deferred region computes everything or throws, whichever allocation fails: %s',
      (_, program) => {
        const calls = program.map(({ call }) => call);
        const expected = run(create(), calls);
        const counting = create();
        const allocations = seam.allocationsOf(() => void run(counting, calls));
        let failures = 0;
        for (let first = 1; first <= allocations; first++) {
          for (const count of [1, 1e9]) {
            const backend = create();
            const error = failure(() => {
              expect(run(backend, calls, first, count).equals(expected), `allocation ${first}`).toBe(true);
            });
            failures += Number(error !== null);
            expect(run(backend, calls).equals(expected), `after allocation ${first}`).toBe(true);
            backend.dispose();
          }
        }
        expect(failures).toBeGreaterThan(allocations);
      },
    );

    it('working memory does not grow with the number of deferred regions', () => {
      const backend = create();
      const before = seam.bytes;
      const after = (blocks: number) => {
        for (let i = 0; i < blocks; i++)
          for (const program of programs)
            run(
              backend,
              program.map(({ call }) => call),
            );
        return seam.bytes - before;
      };
      after(2);
      const kept = after(1);
      expect(kept).toBeGreaterThan(0);
      expect(after(30)).toBe(kept);
      backend.dispose();
      expect(seam.bytes).toBe(before);
    });
  });
});
