import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkArguments } from '../../src/backends/checked/check-arguments.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { type Component, EXAMPLE_COLS } from '../../src/core/component.ts';
import type { Layer, StepContext } from '../../src/core/layer.ts';
import { Parameter } from '../../src/core/parameter.ts';
import type { Mat } from '../../src/core/tensor.ts';
import { createRegistry } from '../../src/recipes/builtins.ts';
import { RecipeError } from '../../src/recipes/errors.ts';
import { checkLayer, type GradientResult, isRight } from '../../src/verify/gradient-check.ts';
import { LayerCase } from '../../src/verify/layer-case.ts';
import { ExampleCase } from '../gradients/layer-case.ts';

const backend = checkArguments(createReferenceBackend('f64'));
const registry = createRegistry();
// Containers take as many columns as they give: their examples say how many.
const LAYERS = registry.all('layer').filter(({ type }) => type !== 'residual' && type !== 'repeat');

const ROWS = ['random', 'equal', 'zero', 'tiny', 'huge'] as const;
const FILL: Readonly<Record<(typeof ROWS)[number], (x: number, i: number, cols: number) => number>> = {
  random: (x) => x,
  equal: (_, i, cols) => Math.sin(1 + (i % cols)),
  zero: () => 0,
  tiny: (x) => 1e-3 * x,
  huge: (x) => 1e3 * x,
};

/** Of the asked width, or the smallest multiple of it that the layer takes; of the suites' width where it takes only that. */
function smallCase(
  component: Component,
  example: Readonly<Record<string, unknown>>,
  size: { readonly cols: number; readonly sequences: number; readonly seqLen: number },
): ExampleCase {
  for (let cols = size.cols; cols <= 6 * size.cols; cols += size.cols) {
    try {
      return new ExampleCase(registry, component, example, { ...size, cols });
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
    }
  }
  return new ExampleCase(registry, component, example, { ...size, cols: EXAMPLE_COLS });
}

const wrong = (results: readonly GradientResult[]) => results.filter((result) => !isRight(result));

describe('gradcheck', () => {
  it.each(LAYERS.map((c) => [c.type, c] as const))(
    'gradcheck finds nothing wrong with %s, however few rows and columns it has',
    (_, component) => {
      fc.assert(
        fc.property(
          fc.constantFrom(...component.examples),
          fc.record({
            cols: fc.integer({ min: 1, max: 3 }),
            sequences: fc.integer({ min: 1, max: 2 }),
            seqLen: fc.integer({ min: 1, max: 3 }),
          }),
          fc.constantFrom(...ROWS),
          (example, size, rows) => {
            // At 0 it has no derivative.
            if (component.type === 'relu' && rows === 'zero') return;
            const test = smallCase(component, example, size);
            const { data, cols } = test.x;
            for (let i = 0; i < data.length; i++) data[i] = FILL[rows](data[i]!, i, cols);
            expect(wrong(checkLayer(test, backend.kernels))).toEqual([]);
          },
        ),
        { numRuns: 40, seed: 1 },
      );
    },
  );

  it('gradcheck finds a norm with a wrong gradient near zero', () => {
    const norm = registry.get('layer', 'rms_norm')!;
    const { kernels } = backend;
    const wrongKernels = {
      ...kernels,
      rmsNormGrad: (dx: Mat, ...rest: [Mat | null, Mat, Mat, Mat | null, Mat]) => {
        kernels.rmsNormGrad(dx, ...rest);
        for (let i = 0; i < dx.data.length; i++) dx.data[i]! *= 1.5;
      },
    };
    const test = new ExampleCase(registry, norm, norm.examples[0]!, { cols: 1 });
    expect(wrong(checkLayer(test, wrongKernels)).map(({ of }) => of)).toEqual(['x']);
  });
});

describe('a layer that changes what it may only read', () => {
  it.each([
    ['forward', 'x', 1],
    ['forward', 'unused.weight', -1],
    ['backward', 'x', 1],
    ['backward', 'y', 2],
    ['backward', 'dy', 3],
    ['backward', 'unused.weight', -1],
  ] as const)('a layer is named that changes what it must only read: %s changes %s', (pass, label, at) => {
    const layer = new Unused(0);
    const run = layer[pass].bind(layer) as (...args: unknown[]) => void;
    layer[pass] = (...args: unknown[]) => {
      run(...args);
      const changed = at < 0 ? layer.parameters()[0]!.value : (args[at] as Mat);
      changed.data[0] = 3;
    };
    const test = new LayerCase(layer, backend, { sequences: 1, seqLen: 3 });
    expect(() => checkLayer(test, backend.kernels)).toThrow(
      `${pass} of unused changed ${label}, which it may only read`,
    );
  });
});

describe('a gradient that is not a number has its cause beside it', () => {
  const causes = (
    change: (layer: Unused, args: Mat[]) => void,
    pass: 'forward' | 'backward' = 'backward',
  ) => {
    const layer = new Unused(0);
    const run = layer[pass].bind(layer) as (...args: unknown[]) => void;
    layer[pass] = (...args: unknown[]) => {
      run(...args);
      change(layer, args as Mat[]);
    };
    const test = new LayerCase(layer, backend, { sequences: 1, seqLen: 3 });
    return checkLayer(test, backend.kernels, 1).map(({ of, cause }) => [of, cause]);
  };

  it('a NaN gradient is explained if backward reads an x or a y that the layer does not keep', () => {
    const addZero =
      (...at: readonly number[]) =>
      (_: Unused, args: Mat[]) => {
        for (const i of at) args[4]!.data[0]! += 0 * args[i]!.data[0]!;
      };
    const says = (read: string, keeps: string) => [
      ['x', `backward reads ${read}, which the layer says it does not keep; give it keeps: { ${keeps} }`],
      ['unused.weight', undefined],
    ];
    expect(causes(addZero(1))).toEqual(says('x', 'input: true, output: false'));
    expect(causes(addZero(2))).toEqual(says('y', 'input: false, output: true'));
    expect(causes(addZero(1, 2))).toEqual(says('x and y', 'input: true, output: true'));
  });

  it('a NaN gradient is explained if a pass does not write it, even between probed elements', () => {
    const forward = causes((_, args) => void args[2]!.data.fill(NaN, 2, 3), 'forward');
    for (const [, cause] of forward) expect(cause).toBe('forward left NaN in y (row 0, column 2)');
    expect(causes((_, args) => void args[4]!.data.fill(NaN, 2, 3))[0]![1]).toBe(
      'backward left NaN in dx (row 0, column 2)',
    );
    expect(causes((layer) => void layer.parameters()[0]!.grad.data.fill(Infinity, 3))[1]![1]).toBe(
      'backward left Infinity in grad(unused.weight) (row 1, column 1)',
    );
  });
});

/** `y = x + 0 * unused`; `wrote` is what backward adds to the gradient of the parameter. */
class Unused implements Layer<null> {
  readonly path = 'unused';
  readonly type = 'unused';
  readonly inCols = 4;
  readonly outCols = 4;
  readonly coupling = 'row';
  readonly keeps = { input: false, output: false };
  readonly macs = 0;
  private readonly parameter = new Parameter('unused.weight', 2, 2, { normal: 1 }, { matrix: true });

  constructor(private readonly wrote: number) {}

  parameters() {
    return [this.parameter];
  }

  plan() {
    return null;
  }

  forward(_: StepContext, x: Mat, y: Mat): void {
    for (let i = 0; i < x.data.length; i++) y.data[i] = x.data[i]!;
  }

  backward(_: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    for (let i = 0; i < dy.data.length; i++) dx.data[i] = dy.data[i]!;
    this.parameter.grad.data[3]! += this.wrote;
  }
}

describe('a parameter that has no effect', () => {
  const check = (wrote: number) => {
    const test = new LayerCase(new Unused(wrote), backend, { sequences: 1, seqLen: 3 });
    return checkLayer(test, backend.kernels).find(({ of }) => of === 'unused.weight')!;
  };

  it('a parameter without effect has a correct gradient of zero, which is reported', () => {
    const result = check(0);
    expect(result).toMatchObject({ worst: 0, zero: true, probes: 4 });
    expect(isRight(result)).toBe(true);
  });

  it.each([1, 1e-6, NaN])(
    'a parameter without effect whose backward writes %d has a wrong gradient',
    (wrote) => {
      const result = check(wrote);
      expect(isRight(result)).toBe(false);
      expect(result.zero).toBe(false);
    },
  );
});
