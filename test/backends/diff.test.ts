import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checked } from '../../src/backends/checked/checked.ts';
import { DisagreementError, diff } from '../../src/backends/diff/diff.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { OpName } from '../../src/core/kernels.ts';
import { flatArgs, flatValues } from '../../src/core/ops/calls.ts';
import { inputsOf } from '../../src/core/ops/inputs.ts';
import { dimsNear } from '../../src/core/ops/op-dims.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { type Mat, mat, type Tensor } from '../../src/core/tensor.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { loadRecording, saveRecording } from '../../src/verify/recording-file.ts';
import { replay } from '../../src/verify/replay.ts';
import { BACKENDS, RECIPES } from '../properties/models.ts';
import { spoil, trainOn } from './training.ts';

const f64 = createReferenceBackend('f64');
const f32 = createReferenceBackend('f32');
const small = await loadRecipe('v61-debug', { set: ['backend=reference'] });

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-diff-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe.each(BACKENDS)('diff(%s)', (_, create) => {
  it.each(RECIPES)('diff against reference:f64 agrees on %s and changes no loss', async (_, recipe) => {
    const plain = await trainOn(await recipe, create());
    const events = await trainOn(await recipe, diff(f64)(create()));
    expect(events.map(({ loss }) => loss)).toEqual(plain.map(({ loss }) => loss));
  });
});

async function disagreement(backend: Backend): Promise<DisagreementError> {
  const error = await trainOn(small, backend, 5).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(DisagreementError);
  return error as DisagreementError;
}

/** Every op with something that is compared, and one element of it made wrong. */
const spoilt = OP_NAMES.filter((op) => op !== 'packTernary').map((op) => [op] as const);

describe('a wrong element', () => {
  it.each(spoilt)(
    'diff finds a wrong element in %s, and its saved recording reproduces the error',
    async (op) => {
      const dims = dimsNear(op, () => 5);
      const wrong = plant(f32, op);
      const both = diff(f64)(wrong);
      let error: unknown;
      try {
        runOp(both, op, inputsOf({ op, dims, seed: 0, variant: 0 }));
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(DisagreementError);
      const { recording } = error as DisagreementError;
      const loaded = await loadRecording(await saveRecording(recording, join(dir, op)));
      expect(loaded).toEqual(recording);
      const again = replay(loaded, wrong, f64);
      expect(again.deviations.some((d) => d.mismatch)).toBe(true);
      expect(again.sameAsRecorded).toBe(true);
      const right = replay(loaded, f32, f64);
      expect(right.deviations.filter((d) => d.mismatch)).toEqual([]);
      expect(right.sameAsRecorded).toBe(false);
    },
  );

  it.each([true, false])(
    'an error of a call with shared memory (in place: %s) is replayed with shared memory',
    async (isInPlace) => {
      // Clears its output before it reads, as a kernel may that takes its arguments to be apart.
      const wrong = spoilBefore(f32, 'add', ([out]) => void (out as Mat).data.fill(0));
      const [x, y, other] = ['x', 'y', 'other'].map((label) => mat('f32', 3, 4, label));
      x!.data.fill(2);
      y!.data.fill(1);
      const call = () => diff(f64)(wrong).kernels.add(isInPlace ? x! : other!, x!, y!);
      if (!isInPlace) return expect(call).not.toThrow();
      const error = (await Promise.resolve()
        .then(call)
        .catch((caught) => caught)) as DisagreementError;
      expect(error.message).toMatch(/^add: 'out' \(row 0, column 0\) is 1 on .*, 3 on reference:f64/);
      const loaded = await loadRecording(await saveRecording(error.recording, join(dir, 'in-place')));
      expect(loaded.inputs[0]).toMatchObject({ data: (loaded.inputs[1] as Mat).data });
      const again = replay(loaded, wrong, f64);
      expect(again.deviations[0]!.mismatch).toMatchObject({ actual: 1, expected: 3 });
      expect(again.sameAsRecorded).toBe(true);
      expect(replay(loaded, f32, f64).deviations[0]!.mismatch).toBeNull();
    },
  );

  it('diff reports a wrong element with its op, layer, step and index', async () => {
    let calls = 0;
    const wrong = spoil(f32, 'multiply', (values) => {
      const dx = values[0] as Tensor;
      // Block 0 is the second of two, in the third step.
      if (++calls === 6) dx.data[dx.cols + 3]! += 1;
    });
    const error = await disagreement(checked(diff(f64)(wrong)));
    expect(error.message).toMatch(
      /^multiply: 'out' \(row 1, column 3\) is \S+ on spoilt\(reference\), \S+ on reference:f64; they may differ by /,
    );
    expect(error.where).toBe('blocks.0.silu, backward, step 3; tensor blocks.0.up/grad');
    expect(error.recording).toMatchObject({
      op: 'multiply',
      step: 2,
      layer: { path: 'blocks.0.silu', pass: 'backward' },
    });
  });

  it('diff with `every` compares one step out of so many', async () => {
    let step = 0;
    const wrong = (when: number) =>
      spoil(f32, 'gatherRows', (values) => {
        if (step++ === when) (values[0] as Tensor).data[0]! += 1;
      });
    await expect(trainOn(small, diff(f64, { every: 3 })(wrong(1)), 3)).resolves.toHaveLength(3);
    step = 0;
    await expect(trainOn(small, diff(f64, { every: 3 })(wrong(3)), 4)).rejects.toThrow(/^gatherRows: 'out'/);
  });
});

/** Does something to the arguments of an op before its kernel reads them. */
function spoilBefore(inner: Backend, op: OpName, before: (values: readonly unknown[]) => void): Backend {
  const kernel = inner.kernels[op] as (...values: unknown[]) => unknown;
  const wrong = (...values: unknown[]): unknown => {
    before(values);
    return kernel(...values);
  };
  return { ...inner, name: `planted(${inner.name})`, kernels: { ...inner.kernels, [op]: wrong } };
}

/** Spoils the last element of an op's first result. */
function plant(inner: Backend, op: OpName): Backend {
  const at = flatArgs(op).findIndex((arg) => arg.kind === 'tensor' && arg.role !== 'in' && !arg.packs);
  const kernel = inner.kernels[op] as (...values: unknown[]) => unknown;
  const wrong = (...values: unknown[]): unknown => {
    const returned = kernel(...values);
    if (at < 0) return (returned as number) + 1;
    const { data } = flatValues(op, values)[at] as Tensor;
    data[data.length - 1]! += 1;
    return returned;
  };
  return { ...inner, name: `planted(${inner.name})`, kernels: { ...inner.kernels, [op]: wrong } };
}

describe('backends that cannot be compared', () => {
  it('diff refuses a float32 backend as the reference of a float64 backend', () => {
    const coarse: Backend = { ...f32, anyReal: undefined };
    expect(() => diff(coarse)(f64)).toThrow(/can't be compared against reference, which is float32/);
  });
});

describe('a file that is not a recording', () => {
  it('a file that is not a recording is rejected by name', async () => {
    const path = join(dir, 'no.safetensors');
    await writeFile(path, 'not a safetensors file');
    await expect(loadRecording(path)).rejects.toMatchObject({ name: 'FlashError', where: path });
  });
});
