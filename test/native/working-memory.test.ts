import { afterAll, describe, expect, it } from 'vitest';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { StreamBatches } from '../../src/bench/token-stream.ts';
import { describeModel } from '../../src/compose/describe.ts';
import { recipeTraining } from '../../src/compose/recipe-training.ts';
import { tokensPerStep } from '../../src/compose/run-limits.ts';
import type { Backend } from '../../src/core/backend.ts';
import { inputsOf, someVariants } from '../../src/core/ops/inputs.ts';
import { dimsNear } from '../../src/core/ops/op-dims.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { type Codes, mat, tensor } from '../../src/core/tensor.ts';
import { libraryNames } from '../../src/recipes/library.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { effort } from '../effort.ts';

const THREADS = 2;
/** Working memory is taken by so many bytes at least, for the whole engine and for each thread. */
const BLOCK = 2 ** 16;
/** The small forms of the library's recipes: the same layers. */
const SMALL = libraryNames().filter((name) => name.endsWith('-debug'));
const RECIPES = effort(
  SMALL.filter((_, i) => i % 4 === 0),
  SMALL,
);

describe.runIf(nativeStatus().available)('the memory that kernels work in', () => {
  const backends: Backend[] = [];
  const create = (): Backend => {
    const backend = createNativeBackend({ threads: THREADS });
    backends.push(backend);
    return backend;
  };
  afterAll(() => {
    for (const backend of backends) backend.dispose();
  });
  const rehearsing = create();

  it.each(OP_NAMES)('%s takes as many bytes in a rehearsal as when it runs', (op) => {
    const given: Readonly<Record<string, number>> = { M: 520, T: 8, S: 130 };
    for (const variant of someVariants(op, 0)) {
      const inputs = inputsOf({ op, dims: dimsNear(op, (s) => given[s] ?? 70), seed: 6, variant });
      const backend = createNativeBackend({ threads: THREADS });
      runOp(backend, op, inputs);
      const taken = backend.workingBytes!();
      backend.dispose();
      expect(rehearsing.rehearse!((on) => runOp(on, op, inputs))).toBe(taken);
    }
  });

  it('a deferred region takes as many bytes in a rehearsal as when it runs', () => {
    const [rows, dim, hidden] = [1024, 192, 384];
    const [dy, wide] = [mat('f32', rows, dim, 'dy'), mat('f32', rows, hidden, 'wide')];
    const scale = mat('f32', rows, 1, 's');
    const quantized = (cols: number) => ({ codes: tensor('i8', rows, cols, 'codes') as Codes, scale });
    const other = { ...mat('f32', rows, dim, 'other'), transient: true as const };
    const region = ({ kernels, defer }: Backend) =>
      defer!(() => {
        kernels.add(other, dy, dy);
        kernels.add(dy, other, other);
        kernels.ternaryMatmulGradW(mat('f32', dim, hidden, 'a'), dy, quantized(hidden), 'f32');
        kernels.ternaryMatmulGradW(mat('f32', hidden, dim, 'b'), wide, quantized(dim), 'f32');
      });
    const backend = create();
    region(backend);
    // The operands of both sums packed, and for each thread a tile of what is transient.
    const packed = 4 * 2 * rows * (dim + hidden);
    expect(backend.workingBytes!()).toBeGreaterThanOrEqual(packed + THREADS * BLOCK);
    expect(rehearsing.rehearse!(region)).toBe(backend.workingBytes!());
  });

  it.each(['one by one', 'in a deferred region'])('calls that are rehearsed %s compute nothing', (how) => {
    const [a, b, c] = ['a', 'b', 'c'].map((label) => mat('f32', 300, 70, label));
    a!.data.fill(1);
    const calls = ({ kernels }: Backend) => {
      kernels.add(b!, a!, a!);
      kernels.add(c!, a!, b!);
    };
    rehearsing.rehearse!((on) => (how === 'one by one' ? calls(on) : on.defer!(() => calls(on))));
    expect([...b!.data, ...c!.data].every((x) => x === 0)).toBe(true);
  });

  it.each(RECIPES)('the parts of the memory of %s are what its training allocates', async (name) => {
    // Distinct tokens are fewer than they may be: the estimate is for the most.
    const recipe = await loadRecipe(name, { set: ['collapse=never'] });
    const native = create();
    const { memory } = describeModel(recipe, native);
    const allocated: number[] = [];
    const { rehearse: _, ...kept } = native;
    const counting: Backend = {
      ...kept,
      allocate: (bytes) => {
        allocated.push(bytes);
        return native.allocate(bytes);
      },
    };
    const tokens = tokensPerStep(recipe);
    const batches = new StreamBatches(describeModel(recipe).layers.at(-1)!.outCols, tokens);
    const make = recipeTraining(recipe, batches, tokens);
    const { parts, options } = make(counting, 'dense');
    const trainer = new Trainer(parts, options);
    await trainer.run(AbortSignal.abort());
    const { parameters, optimizer, activations, unwritten, scratch, batch } = memory;
    const estimate = parameters + optimizer + activations + unwritten + batch;
    const taken = allocated.reduce((sum, bytes) => sum + bytes, 0);
    expect(Math.abs(taken - estimate)).toBeLessThan(0.03 * taken + BLOCK);
    expect(Math.abs(native.workingBytes!() - scratch)).toBeLessThan(0.03 * scratch + (1 + THREADS) * BLOCK);
  });

  it('a backend without working memory has none to estimate', async () => {
    const recipe = await loadRecipe('v61-debug');
    expect(describeModel(recipe, createReferenceBackend('f32')).memory.scratch).toBe(0);
  });
});
