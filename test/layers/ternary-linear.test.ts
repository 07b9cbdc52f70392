import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { FLOAT32 } from '../../src/core/compute.ts';
import { ParameterStore } from '../../src/core/parameter-store.ts';
import { mat } from '../../src/core/tensor.ts';
import { blendShare, TernaryLinear } from '../../src/layers/ternary-linear.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { DenseRows } from '../../src/runtime/rows.ts';
import { checkLayer, isRight } from '../../src/verify/gradient-check.ts';
import { LayerCase } from '../../src/verify/layer-case.ts';
import { gradients } from '../properties/batch-gradients.ts';
import { randomTokens } from '../properties/models.ts';

const backend = createReferenceBackend('f64');
const { kernels } = backend;

function prepared(scale: 'tensor' | 'row', weights: 'absmean' | 'absmedian', values: readonly number[]) {
  const options = { weights, scale, activations: 'none', init: { normal: 1 } } as const;
  const layer = new TernaryLinear('up', values.length / 2, 2, options);
  new ParameterStore([layer.weight], backend).initialize(1);
  layer.weight.value.data.set(values);
  layer.prepare({ kernels, gradients: 'f32', progress: 1, watch: undefined });
  return layer;
}

describe('ternary_linear', () => {
  it('with a scale a row, each row of weights has the mean of its own magnitudes', () => {
    const { codes, rowScale, scale } = prepared('row', 'absmean', [1, -2, 3, 10, 0, 50]).weight.ternary;
    expect([...rowScale!.data]).toEqual([2, 20]);
    expect([...scale.data]).toEqual([1]);
    // The thresholds are half of them: a tie is 0.
    expect([...codes.data]).toEqual([0, -1, 1, 0, 0, 1]);
  });

  it('with a scale a row, absmedian takes the median of each row', () => {
    const { codes, rowScale } = prepared('row', 'absmedian', [1, -2, 90, 10, 0, -50]).weight.ternary;
    expect([...rowScale!.data]).toEqual([2, 10]);
    expect([...codes.data]).toEqual([0, -1, 1, 1, 0, -1]);
  });

  it('a row of zeros has the published smallest scale, 1e-5, and codes of 0', () => {
    const { codes, rowScale } = prepared('row', 'absmean', [0, 0, 0, 1, 1, 1]).weight.ternary;
    expect([...rowScale!.data]).toEqual([1e-5, 1]);
    expect([...codes.data]).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('with a scale a row, outputs and input gradients are those of the weights as numbers', () => {
    const layer = prepared('row', 'absmean', [1, -2, 3, 10, 0, 50]);
    const dense = [0, -2, 2, 0, 0, 20];
    const ctx = { kernels, compute: FLOAT32 } as never;
    const [x, y] = [mat('f64', 1, 3, 'x'), mat('f64', 1, 2, 'y')];
    x.data.set([1, 10, 100]);
    layer.forward(ctx, x, y, null);
    expect([...y.data]).toEqual([2 * (100 - 10), 20 * 100]);
    const [dy, dx] = [mat('f64', 1, 2, 'dy'), mat('f64', 1, 3, 'dx')];
    dy.data.set([1, 1000]);
    layer.backward(ctx, x, y, dy, dx, null);
    expect([...dx.data]).toEqual([0, 1, 2].map((k) => dense[k]! + 1000 * dense[3 + k]!));
    // Straight through: the gradient by the weights as numbers.
    expect([...layer.weight.grad.data]).toEqual([1, 10, 100, 1000, 10_000, 100_000]);
  });

  it('with one scale, weights are quantised as before a scale a row existed', () => {
    const { rowScale, scale } = prepared('tensor', 'absmean', [1, -2, 3, 10, 0, 50]).weight.ternary;
    expect(rowScale).toBe(null);
    expect([...scale.data]).toEqual([11 + 1e-8]);
  });

  it('a blend is float until its start, ternary from its end, and between them in proportion', () => {
    const shares = [0, 0.1, 0.2, 0.3, 0.4, 1].map((progress) =>
      blendShare({ start: 0.2, end: 0.4 }, progress),
    );
    expect(shares).toEqual([0, 0, 0, expect.closeTo(0.5), 1, 1]);
    // A start and no fade: float, then ternary.
    expect([0, 0.29, 0.3, 1].map((progress) => blendShare({ start: 0.3, end: 0.3 }, progress))).toEqual([
      0, 0, 1, 1,
    ]);
    // Nothing to blend, and a run that is over.
    expect(blendShare(null, 0)).toBe(1);
    expect(blendShare({ start: 0, end: 0 }, 0)).toBe(1);
  });

  const BLENDED = [
    { activations: 'none', scale: 'tensor', progress: 0 },
    { activations: 'none', scale: 'row', progress: 0.3 },
    { activations: 'int8', scale: 'tensor', progress: 0.3 },
    { activations: 'ternary', scale: 'row', progress: 0.9 },
  ] as const;
  it.each(BLENDED)(
    'has the gradient of its smooth function in a blend: $activations, $scale, $progress of the run',
    ({ activations, scale, progress }) => {
      const blend = { start: 0.1, end: 1 };
      const layer = new TernaryLinear('up', 8, 6, {
        weights: 'absmean',
        scale,
        activations,
        blend,
        init: { normal: 0.4 },
      });
      const test = new LayerCase(layer, backend, { sequences: 2, seqLen: 5, progress });
      const results = checkLayer(test, kernels);
      expect(results.filter((result) => !isRight(result) || result.zero)).toEqual([]);
      expect(results.map(({ of }) => of)).toEqual(['x', 'up.weight']);
    },
  );

  it('multiplies by W + share (What - W) in a blend', () => {
    const options = { weights: 'absmean', activations: 'none', init: { normal: 1 } } as const;
    const layer = new TernaryLinear('up', 2, 1, { ...options, blend: { start: 0, end: 1 } });
    new ParameterStore([layer.weight], backend);
    const run = (progress: number): number => {
      layer.weight.value.data.set([4, 1]);
      layer.prepare({ kernels, gradients: 'f32', progress, watch: undefined });
      const [x, y] = [mat('f64', 1, 2, 'x'), mat('f64', 1, 1, 'y')];
      x.data.set([1, 100]);
      layer.forward({ kernels, compute: FLOAT32 } as never, x, y, null);
      return y.data[0]!;
    };
    // gamma is 2.5: What is [2.5, 0].
    expect([0, 0.5, 1].map(run)).toEqual([104, expect.closeTo(53.25), expect.closeTo(2.5)]);
  });

  it('learned scales begin at twice the mean of first weights, one or one a row, and are not decayed', () => {
    const options = { weights: 'learned', activations: 'none', init: { normal: 0.5 } } as const;
    const [weight, one] = new TernaryLinear('up', 4, 3, options).parameters();
    expect(weight).toMatchObject({ name: 'up.weight', quantised: true });
    expect(one).toMatchObject({ name: 'up.scale', rows: 1, cols: 1, decay: false, matrix: false });
    expect(one!.init).toEqual({ constant: expect.closeTo(2 * 0.5 * Math.sqrt(2 / Math.PI)) });
    const [, rows] = new TernaryLinear('up', 4, 3, { ...options, scale: 'row' }).parameters();
    expect(rows).toMatchObject({ rows: 3, cols: 1 });
  });

  it("a learned scale's gradient is LSQ's: w/scale off the code inside, the outer code outside, over a root", () => {
    const options = { weights: 'learned', activations: 'none', init: { normal: 1 } } as const;
    const layer = new TernaryLinear('up', 4, 1, options);
    const [, scale] = layer.parameters();
    const store = new ParameterStore([...layer.parameters()], backend);
    layer.weight.value.data.set([0.2, 1.2, -3, 5]);
    scale!.value.data.set([2]);
    layer.prepare({ kernels, gradients: 'f32', progress: 1, watch: undefined });
    expect([...layer.weight.ternary.codes.data]).toEqual([0, 1, -1, 1]);
    const [x, y, dy, dx] = [
      mat('f64', 1, 4, 'x'),
      mat('f64', 1, 1, 'y'),
      mat('f64', 1, 1, 'dy'),
      mat('f64', 1, 4, 'dx'),
    ];
    x.data.set([1, 10, 100, 1000]);
    dy.data.set([1]);
    layer.backward({ kernels, compute: FLOAT32 } as never, x, y, dy, dx, null);
    store.foldUses(kernels);
    expect([...layer.weight.grad.data]).toEqual([1, 10, 0, 0]);
    const expected = (1 * -0.1 + 10 * (1 - 0.6) - 100 + 1000) / Math.sqrt(4);
    expect([...scale!.grad.data]).toEqual([expect.closeTo(expected, 10)]);
    // Of the next batch no gradient is left over.
    store.foldUses(kernels);
    expect([...scale!.grad.data]).toEqual([expect.closeTo(expected, 10)]);
  });

  it('norm: layer is a layer norm without parameters before the linear, whether or not several share it', async () => {
    const linear = (name: string, norm: string) =>
      `{ternary_linear: {name: ${name}, out: 8, norm: ${norm}, weights: absmedian, activations: int8}}`;
    // First values follow from names: a linear with a norm inside is called `A.linear`, as one in a block A is.
    const blocks = ['A', 'B'].map((name) => `${name}: {layers: [${linear('linear', 'none')}]}`);
    const model = (...layers: string[]) =>
      loadRecipe('v61-debug', {
        set: [
          `blocks={${blocks.join(', ')}}`,
          `model=[{embedding: {vocab: 300, dim: 8, init: {normal: 1}}}, ${layers.join(', ')}, tied_head]`,
          'data.seq_len=6',
        ],
      });
    const withNorm = (norm: string) => model(`{product: [${linear('A', norm)}, ${linear('B', norm)}]}`);
    const inside = await withNorm('layer');
    const before = await model('{layer_norm: {gain: false, bias: false}}', '{product: [A, B]}');
    const { ids, targets } = randomTokens(12, 300, 5);
    const [found, expected] = [inside, before].map((recipe) =>
      gradients(recipe, backend, new DenseRows(12).of(ids, targets, 12), 12),
    );
    expect(found!.nats).toBeCloseTo(expected!.nats, 10);
    expect(found!.grads.length).toBe(expected!.grads.length);
    found!.grads.forEach((value, i) => {
      expect(value).toBeCloseTo(expected!.grads[i]!, 10);
    });
    const wide = await withNorm('{layer: {eps: 10}}');
    expect(gradients(wide, backend, new DenseRows(12).of(ids, targets, 12), 12).nats).not.toBeCloseTo(
      expected!.nats,
      3,
    );
  });
});
