import { describe, expect, it } from 'vitest';
import { checked } from '../../src/backends/checked/checked.ts';
import { diff } from '../../src/backends/diff/diff.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { FlashError } from '../../src/core/errors.ts';
import type { OpName } from '../../src/core/kernels.ts';
import type { Layer } from '../../src/core/layer.ts';
import { Parameter } from '../../src/core/parameter.ts';
import { ParameterStore } from '../../src/core/parameter-store.ts';
import { type Mat, mat, type Tensor, tensor } from '../../src/core/tensor.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { stepContext } from '../../src/runtime/context.ts';
import { SequenceState } from '../../src/runtime/sequence-state.ts';
import { WatchedLayer } from '../../src/runtime/watched-layer.ts';
import { Workspace } from '../../src/runtime/workspace.ts';
import { BACKENDS, RECIPES } from '../properties/models.ts';
import { spoil, trainOn } from './training.ts';

const reference = createReferenceBackend('f32');
const small = await loadRecipe('v61-debug', { set: ['backend=reference'] });

async function failure(backend: Backend, recipe = small): Promise<FlashError> {
  const error = await trainOn(recipe, backend).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(FlashError);
  return error as FlashError;
}

describe.each(BACKENDS)('checked(%s)', (_, create) => {
  it.each(RECIPES)(
    'checked finds no fault when training %s, and changes no loss and no gradient norm',
    async (_, recipe) => {
      const plain = await trainOn(await recipe, create());
      const backend = checked(create());
      const events = await trainOn(await recipe, backend);
      expect(events.map(({ loss, gradNorm }) => ({ loss, gradNorm }))).toEqual(
        plain.map(({ loss, gradNorm }) => ({ loss, gradNorm })),
      );
      expect(events[0]!.backend).toBe(backend.name);
    },
  );
});

describe('checked on a faulty kernel', () => {
  const tensor = (values: readonly unknown[], i: number) => values[i] as Tensor;
  it.each<[string, OpName, (values: readonly unknown[]) => void, RegExp, RegExp]>([
    [
      'an output that is not written in full',
      'activation',
      (values) => void tensor(values, 0).data.fill(Number.NaN, 5, 6),
      /^activation wrote NaN or nothing into blocks\.0\.silu\/out \(row 0, column 5\)$/,
      /^blocks\.0\.silu, forward/,
    ],
    [
      'an infinite output',
      'rmsNormGrad',
      (values) => void tensor(values, 0).data.fill(Number.POSITIVE_INFINITY, 0, 1),
      /^rmsNormGrad wrote Infinity into /,
      /^rms_norm, backward/,
    ],
    [
      'a changed input',
      'ternaryMatmulGradX',
      (values) => void tensor(values, 1).data.fill(7, 3, 4),
      /^ternaryMatmulGradX changed its input 'dy' \(/,
      /^blocks\.1\.down, backward/,
    ],
    [
      'a write past the end of an output',
      'gatherRows',
      (values) => {
        const { buffer, byteOffset, byteLength } = tensor(values, 0).data;
        new Uint8Array(buffer)[byteOffset + byteLength] = 1;
      },
      /^gatherRows wrote outside embedding\/out: past its end$/,
      /^embedding, forward$/,
    ],
    [
      'a write before the start of an output',
      'quantizeRows',
      (values) => {
        const { buffer, byteOffset } = tensor(values, 0).data;
        new Uint8Array(buffer)[byteOffset - 1] = 1;
      },
      /^quantizeRows wrote outside blocks\.0\.up\/x\.codes: before its start$/,
      /^blocks\.0\.up, forward$/,
    ],
  ])('checked reports %s with its op, layer and tensor', async (_, op, after, message, where) => {
    const error = await failure(checked(spoil(reference, op, after)));
    expect(error.message).toMatch(message);
    expect(error.where).toMatch(where);
  });

  it('checked reports a saved activation that is overwritten before backward, and the kernel that did it', async () => {
    // As FlashLM's RMSNorm did: something later writes over what a norm's backward still has to read.
    let victim: Tensor | undefined;
    const backend = spoil(reference, 'rmsNorm', (values) => {
      victim ??= values[2] as Tensor;
    });
    const worse = spoil(backend, 'headLoss', () => {
      victim!.data[0]! += 1;
      victim = undefined;
    });
    expect((await failure(checked(worse))).message).toBe(
      'embedding/out was changed outside the kernels between forward and backward of blocks.0.norm',
    );
    let saved: Tensor | undefined;
    const remembering = spoil(checked(reference), 'rmsNorm', (values) => {
      saved ??= values[1] as Tensor;
    });
    const reusing = spoil(remembering, 'headLoss', () => {
      const other = mat('f32', saved!.rows, saved!.cols, 'other');
      remembering.kernels.add(saved as Mat, other, other);
    });
    expect((await failure(reusing)).message).toBe(
      'blocks.0.norm/rstd was overwritten by add (tied_head, loss) between forward and backward of blocks.0.norm',
    );
  });
});

describe('checked on private layouts', () => {
  /** Codes as bytes, `left` of them not written, and room for more after them. */
  const packing = (left: number): Backend => ({
    ...reference,
    packedTernaryBytes: (rows, cols) => rows * cols + 8,
    kernels: {
      ...reference.kernels,
      packTernary: (out, codes) => {
        for (let i = 0; i < codes.data.length; i++) if (i !== left) out.data[i] = codes.data[i]! + 1;
      },
    },
  });

  it('checked reports a byte of a private layout that is not written', async () => {
    const error = await failure(checked(packing(7)));
    expect(error.message).toBe(
      'packTernary left bytes of blocks.0.up.weight/packed unwritten, from byte 7 on',
    );
    expect(error.where).toBe('blocks.0.up, prepare');
  });

  it('the second call that checked makes for private layouts is not counted by inner decorators', async () => {
    const backend = checked(diff(reference)(packing(-1)));
    await trainOn(small, backend);
    const counts = backend.findings!().map((line) => /([\d,]+) kernel calls/.exec(line)?.[1]);
    expect(counts[0]).toBe(counts[1]);
  });

  it('checked accepts a private layout that is shorter than its memory, and leaves poison in the rest', async () => {
    const packed: Uint8Array[] = [];
    const inner = packing(-1);
    const backend = checked(
      spoil(inner, 'ternaryMatmul', (values) => {
        packed.push((values[2] as { packed: Tensor<'u8'> }).packed.data);
      }),
    );
    await trainOn(small, backend);
    expect(packed.length).toBeGreaterThan(0);
    for (const data of packed) expect([...data.slice(-8)]).toEqual(Array(8).fill(0xff));
  });

  it('checked reports an integer output that is not written', async () => {
    const spoilt = spoil(reference, 'countPairs', (values) => {
      (values[1] as Tensor<'i32'>).data[3] = -(2 ** 31);
    });
    expect((await failure(checked(spoilt))).message).toMatch(
      /^countPairs wrote -2147483648 or nothing into /,
    );
  });
});

/** A layer that computes in loops instead of kernels; tests replace parts of it. */
function layerOf(parts: Partial<Layer<{ scratch: Mat }>>): Layer<{ scratch: Mat }> {
  return {
    path: 'own',
    type: 'own',
    inCols: 2,
    outCols: 2,
    coupling: 'row',
    keeps: { input: true, output: false },
    macs: 0,
    parameters: () => [],
    plan: (rows, p) => {
      const scratch = p.scratch('own/scratch', rows, 2);
      p.release(scratch);
      return { scratch };
    },
    forward: (_ctx, x, y) => void (y.data as Float32Array).set(x.data),
    backward: (_ctx, _x, _y, dy, dx) => void (dx.data as Float32Array).set(dy.data),
    ...parts,
  };
}

function runLayer(parts: Partial<Layer<{ scratch: Mat }>>): Record<'x' | 'y' | 'dy' | 'dx', Mat> {
  const backend = checked(reference);
  const layer = new WatchedLayer(layerOf(parts));
  const [x, y, dy, dx] = ['x', 'y', 'dy', 'dx'].map((label) => mat('f32', 3, 2, label)) as [
    Mat,
    Mat,
    Mat,
    Mat,
  ];
  x.data.fill(1);
  dy.data.fill(2);
  const state = new SequenceState(backend, 3);
  const ids = tensor('i32', 3, 1, 'ids');
  const cache = new Workspace(backend).plan({ training: true, seqLen: 1, state }, (p) => layer.plan(3, p));
  const ctx = stepContext(
    backend,
    { seqLen: 1, position: state.position, ids, sequence: state.position },
    { training: true },
  );
  layer.prepare({ kernels: backend.kernels, gradients: 'f32', progress: 1, watch: backend.watch });
  layer.forward(ctx, x, y, cache);
  layer.backward(ctx, x, y, dy, dx, cache);
  return { x, y, dy, dx };
}

describe('checked on a layer without kernels', () => {
  it('checked accepts a correct layer that calls no kernels', () => {
    const { dx } = runLayer({});
    expect([...dx.data]).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it('checked reports a layer that does not write all of y or dx', () => {
    expect(() => runLayer({ forward: (_c, _x, y) => void y.data.fill(1, 0, 1) })).toThrow(
      'forward of own left NaN in y (row 0, column 1)',
    );
    expect(() => runLayer({ backward: (_c, _x, _y, _dy, dx) => void dx.data.fill(0, 0, 5) })).toThrow(
      'backward of own left NaN in dx (row 2, column 1)',
    );
  });

  it('checked reports a layer that changes its input in forward', () => {
    const forward: Layer['forward'] = (_c, x, y) => {
      (y.data as Float32Array).set(x.data);
      x.data[3]! *= 2;
    };
    expect(() => runLayer({ forward })).toThrow('forward of own changed x, which it may only read');
  });

  it('checked reports a layer whose backward changes its kept x or y, or dy', () => {
    const keeps = { input: true, output: true };
    for (const at of [1, 2, 3] as const) {
      const backward: Layer<{ scratch: Mat }>['backward'] = (...args) => {
        (args[4].data as Float32Array).set(args[3].data);
        args[at].data[0]! += 1;
      };
      expect(() => runLayer({ keeps, backward })).toThrow(
        `backward of own changed ${['x', 'y', 'dy'][at - 1]}, which it may only read`,
      );
    }
  });

  it('checked reports a layer that changes its parameters in any pass', () => {
    for (const pass of ['prepare', 'forward', 'backward'] as const) {
      const weight = new Parameter('own.weight', 1, 2, { constant: 1 }, { matrix: true });
      new ParameterStore([weight], reference).initialize(1);
      const spoilt =
        (run: (...args: never[]) => void) =>
        (...args: never[]) => {
          run(...args);
          weight.value.data[1] = 2;
        };
      const { [pass]: before = () => {} } = layerOf({});
      expect(() => runLayer({ parameters: () => [weight], [pass]: spoilt(before) })).toThrow(
        `${pass} of own changed own.weight, which it may only read`,
      );
    }
  });

  it('checked blames the layer that changed an input, not the kernel that reads it next', () => {
    const forward: Layer['forward'] = ({ kernels: k }, x, y) => {
      x.data[3] = Number.NaN;
      k.add(y, x, x);
    };
    expect(() => runLayer({ forward })).toThrow('forward of own changed x, which it may only read');
  });

  it('checked reports a layer whose backward reads an x that it does not keep', () => {
    const square: Partial<Layer<{ scratch: Mat }>> = {
      backward: (_c, x, _y, dy, dx) =>
        void (dx.data as Float32Array).set(dy.data.map((g: number, i: number) => g * x.data[i]!)),
    };
    expect(() => runLayer(square)).not.toThrow();
    expect(() => runLayer({ ...square, keeps: { input: false, output: false } })).toThrow('left NaN in dx');
  });

  it('checked reports a layer that expects scratch memory to survive from forward to backward', () => {
    expect(() =>
      runLayer({
        forward: (_c, x, y, { scratch }) => {
          (scratch.data as Float32Array).set(x.data);
          (y.data as Float32Array).set(x.data);
        },
        backward: (_c, _x, _y, _dy, dx, { scratch }) => void (dx.data as Float32Array).set(scratch.data),
      }),
    ).toThrow('left NaN in dx');
  });

  it('checked accepts a layer that runs an undeclared inner layer on its own input', () => {
    const backend = checked(reference);
    const inner = new WatchedLayer(layerOf({ path: 'own.inner' }));
    const outer = new WatchedLayer(
      layerOf({
        plan: (rows, p) => inner.plan(rows, p) as never,
        forward: (ctx, x, y, cache) => inner.forward(ctx, x, y, cache as never),
        backward: (ctx, x, y, dy, dx, cache) => inner.backward(ctx, x, y, dy, dx, cache as never),
      }),
    );
    const [x, y, dy, dx] = ['x', 'y', 'dy', 'dx'].map((label) => mat('f32', 3, 2, label)) as Mat[];
    const state = new SequenceState(backend, 3);
    const ids = tensor('i32', 3, 1, 'ids');
    const cache = new Workspace(backend).plan({ training: true, seqLen: 1, state }, (p) => outer.plan(3, p));
    const ctx = stepContext(
      backend,
      { seqLen: 1, position: state.position, ids, sequence: state.position },
      { training: true },
    );
    outer.forward(ctx, x!, y!, cache);
    expect(() => outer.backward(ctx, x!, y!, dy!, dx!, cache)).not.toThrow();
  });
});
