import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { headRowsAtOnce, headScratchBytes } from '../../src/backends/native/head-scratch.ts';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { describeModel } from '../../src/compose/describe.ts';
import { FLOAT_PRECISIONS } from '../../src/core/compute.ts';
import { loadRecipe } from '../../src/recipes/load.ts';

const THREADS = 2;
/** What else the process may grow by: pages of code, stacks of threads. */
const NOISE = 2 ** 24;
const CHILD = fileURLToPath(new URL('children/head-growth.ts', import.meta.url));

describe("the head's scratch memory", () => {
  it('headRowsAtOnce takes fewer rows the larger the vocabulary, to bound the size of dz', () => {
    expect(headRowsAtOnce(2, 1024)).toBe(1024);
    expect(headRowsAtOnce(96, 1024)).toBe(12_288);
    expect(headRowsAtOnce(96, 10_000)).toBe(1536);
    expect(headRowsAtOnce(96, 128_000)).toBe(256);
  });

  it("the head's scratch memory holds a table packed twice, rows of dz and h, and logits for each thread", () => {
    const packed = 2 * 1024 * 192 + 1024 * (1024 + 192);
    expect(headScratchBytes(1024, 192, 1024, 2, 1)).toBe(4 * (packed + 2 * 32 * 1024));
    expect(headScratchBytes(1024, 192, 1024, 2, 2)).toBe(4 * (packed / 2 + 2 * 32 * 1024));
    // Whole chunks of dz, and logits for no more threads than get rows.
    expect(headScratchBytes(40, 192, 1024, 96, 1)).toBe(
      4 * (2 * 1024 * 192 + 256 * 1024 + 40 * 192 + 2 * 32 * 1024),
    );
  });

  it.each(nativeStatus().available ? FLOAT_PRECISIONS : [])(
    "the estimate of the head's scratch memory is within 10% of what a call takes in %s",
    (precision) => {
      const printed = execFileSync(process.execPath, ['--import', 'tsx', CHILD, precision], {
        encoding: 'utf8',
      });
      const { expected, taken } = JSON.parse(printed) as { expected: number; taken: number };
      expect(taken).toBeGreaterThan(0.9 * expected - NOISE);
      expect(taken).toBeLessThan(1.1 * expected + NOISE);
    },
  );

  it("the memory of a recipe on native kernels includes the head's scratch and the rows that a block packs", async () => {
    const recipe = await loadRecipe('v61', { set: ['compute=bf16'] });
    expect(describeModel(recipe, createReferenceBackend('f32')).memory.scratch).toBe(0);
    if (!nativeStatus().available) return;
    const backend = createNativeBackend({ threads: THREADS });
    const { total, largest, ...parts } = describeModel(recipe, backend).memory;
    const precision = backend.accelerates.has('bf16') ? 'bf16' : 'f32';
    const packed = (left: number, right: number) => backend.packedRowsBytes!(1024, left, right, precision);
    const block = packed(384, 192) + packed(192, 384);
    expect(parts.scratch).toBe(backend.headScratchBytes!(1024, 192, 1024, precision) + block);
    expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
    expect(largest).toBeLessThan(total);
    backend.dispose();
  });
});
