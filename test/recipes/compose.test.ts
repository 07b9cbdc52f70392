import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { EngineOptions } from '../../src/backends/native/index.ts';
import * as nativeKernels from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeBackend, composeRun, composeTraining } from '../../src/compose/run.ts';
import { runLimits, scheduleMeasure } from '../../src/compose/run-limits.ts';
import { FlashError } from '../../src/core/errors.ts';
import { parseBackend } from '../../src/recipes/create.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { folder, VALID } from './helpers.ts';

/** What `native` finds: this machine without its kernels, and with kernels that are the reference's. */
const native = { available: false, asked: [] as EngineOptions[] };
vi.spyOn(nativeKernels, 'nativeStatus').mockImplementation(() => ({
  available: native.available,
  isas: [],
  reasons: ['not built'],
  build: 'build it',
}));
vi.spyOn(nativeKernels, 'createNativeBackend').mockImplementation((options = {}) => {
  native.asked.push(options);
  if (!native.available) throw new FlashError('the native backend is not available');
  return {
    ...createReferenceBackend(),
    name: `native:${options.isa ?? 'best'}`,
    threads: options.threads ?? 7,
  };
});
afterAll(() => {
  vi.restoreAllMocks();
});

const load = (set: readonly string[] = []) =>
  loadRecipe(join(folder({ 'recipe.yaml': VALID }), 'recipe.yaml'), { set });

describe('a run', () => {
  it('a run consists of parts that belong together, each created once', async () => {
    const run = composeTraining(await load());
    expect(run.backend.name).toBe('reference');
    expect(run.model.backend).toBe(run.backend);
    expect(run.model).toBe(run.model);
    expect(run.optimizer).toMatchObject({ type: 'sgd', lr: 0.01 });
    const [velocity] = run.optimizerPlan.slots;
    expect(velocity!.parts.map(({ parameter }) => parameter)).toEqual(run.model.store.all);
    expect(run.schedule).toMatchObject({ type: 'cosine', warmupSteps: 10 });
    expect(run.registry).toBe(run.recipe.registry);
    expect(run.notices).toEqual([]);
  });

  it('two runs share nothing, and may have different backends', async () => {
    const recipe = await load();
    const one = composeRun(recipe);
    const other = composeRun(recipe, { backend: 'reference:f64' });
    expect(one.backend.real).toBe('f32');
    expect(other.backend.real).toBe('f64');
    expect(one.model.store.values.data).toBeInstanceOf(Float32Array);
    expect(other.model.store.values.data).toBeInstanceOf(Float64Array);
    // The same first values, each in its own precision.
    expect(Float32Array.from(other.model.store.values.data)).toEqual(one.model.store.values.data);
  });

  it('the initial weights of a run depend on the seed', async () => {
    const values = async (seed: number) =>
      composeRun(await load([`train.seed=${seed}`])).model.store.values.data;
    expect(await values(3)).toEqual(await values(3));
    expect(await values(3)).not.toEqual(await values(4));
  });

  it('a run frees its backend, if it has one', async () => {
    const recipe = await load();
    composeRun(recipe).dispose();
    const run = composeRun(recipe);
    const dispose = vi.spyOn(run.backend, 'dispose');
    run.dispose();
    run.dispose();
    expect(dispose).toHaveBeenCalledOnce();
  });
});

describe('the backend', () => {
  it('the backend native falls back with a notice, a named instruction set never does', async () => {
    native.available = false;
    const recipe = await load(['backend=native']);
    const run = composeBackend(recipe);
    expect(run.notices).toEqual([expect.stringMatching(/can't be loaded.*reference backend.*not built/)]);
    expect(run.backend.name).toBe('reference');
    expect(() => composeBackend(recipe, { backend: 'native:avx2' })).toThrow('not available');
  });

  it('the backend native gets its instruction set and its threads', async () => {
    native.available = true;
    native.asked.length = 0;
    const names = ['native', 'native:avx512+vnni', '{ type: native, isa: scalar, threads: 3 }'].map(
      async (name) => {
        return composeBackend(await load([`backend=${name}`, 'train.threads=2'])).backend.name;
      },
    );
    expect((await Promise.all(names)).sort()).toEqual(['native:avx512+vnni', 'native:best', 'native:scalar']);
    expect(native.asked).toEqual(
      expect.arrayContaining([
        { threads: 2 },
        { isa: 'avx512+vnni', threads: 2 },
        { isa: 'scalar', threads: 3 },
      ]),
    );
  });

  it('the backend is wrapped in decorators, by expression or by map', async () => {
    for (const backend of ['checked(reference:f64)', '{ type: reference, real: f64, wrap: [checked] }']) {
      expect(composeBackend(await load([`backend=${backend}`])).backend.name).toBe('checked(reference:f64)');
    }
    expect(composeBackend(await load(), { backend: 'checked(checked(reference))' }).backend.name).toBe(
      'checked(checked(reference))',
    );
  });

  it.each([
    ['natve', "unknown backend 'natve'; did you mean 'native'?"],
    ['reference:f16', "'reference' must be f32 or f64, found 'f16'"],
    [
      'native:AVX2',
      "'native' has the wrong form: expected an instruction set such as avx2 or avx512+vnni, found 'AVX2'",
    ],
    ['cheked(native)', "unknown decorator 'cheked'; did you mean 'checked'?"],
    ['checked()', "the backend 'checked()' is not well formed: a name is missing before ')'"],
    ['checked(native', "the backend 'checked(native' is not well formed: ')' is missing"],
    ['native)', "the backend 'native)' is not well formed: ')' comes after its end"],
    [
      'checked(native, reference)',
      "the backend 'checked(native, reference)' is not well formed: checked takes one backend",
    ],
    ['', "the backend '' is not well formed: a name is missing before 'the end'"],
    [`${'checked('.repeat(50)}native`, expect.stringContaining('too many brackets')],
  ])('the backend %s is refused', async (name, message) => {
    const { registry } = await load();
    const error = (() => {
      try {
        return parseBackend(name, registry);
      } catch (e) {
        return (e as Error).message.slice(`--backend ${name}: `.length);
      }
    })();
    expect(error).toEqual(message);
  });
});

describe('the limits of a run', () => {
  it('the limits of a run are those that are set, and the schedule follows the first', async () => {
    const none = Number.POSITIVE_INFINITY;
    const timed = await load(['train.steps=null', 'train.budget=1.5h']);
    expect(runLimits(timed)).toEqual({ steps: none, tokens: none, epochs: none, seconds: 5400 });
    expect(scheduleMeasure(timed)).toBe('seconds');
    const both = await load(['train.budget=90s', 'train.tokens=1e6']);
    expect(runLimits(both)).toEqual({ steps: 20, tokens: 1e6, epochs: none, seconds: 90 });
    expect(scheduleMeasure(both)).toBe('steps');
    expect(scheduleMeasure(await load(['train.budget=90s', 'schedule.over=time']))).toBe('seconds');
  });
});
