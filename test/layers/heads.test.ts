import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeModel } from '../../src/compose/run.ts';
import { FLOAT32 } from '../../src/core/compute.ts';
import type { StepContext } from '../../src/core/layer.ts';
import { ParameterStore } from '../../src/core/parameter-store.ts';
import { mat } from '../../src/core/tensor.ts';
import { Head } from '../../src/layers/head.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { BatchRunner } from '../../src/runtime/batch-runner.ts';
import { Blocks } from '../../src/runtime/blocks.ts';
import type { Model } from '../../src/runtime/model.ts';
import { DenseRows } from '../../src/runtime/rows.ts';
import { randomTokens } from '../properties/models.ts';

const VOCAB = 260;
const DIM = 6;
const TOKENS = 12;
const backend = createReferenceBackend('f64');

async function modelWith(head: string, init = 2): Promise<Model> {
  const recipe = await loadRecipe('v61-debug', {
    set: [
      `model=[{embedding: {vocab: ${VOCAB}, dim: ${DIM}, init: {normal: ${init}}}}, rms_norm, ${head}]`,
      `tokenizer.vocab=${VOCAB}`,
      'data.seq_len=6',
    ],
  });
  const model = composeModel(recipe, backend);
  model.store.initialize(3);
  return model;
}

const { ids, targets } = randomTokens(TOKENS, VOCAB, 5);
const rows = () => new DenseRows(TOKENS).of(ids, targets, TOKENS);
const sizes = { seqLen: 6, blockRows: TOKENS, maxRows: TOKENS, maxEntries: TOKENS };

function nats(model: Model, training: boolean): number {
  model.prepare();
  return new BatchRunner(model, { ...sizes, training }).evaluate(rows());
}

function logits(model: Model): Float64Array {
  model.prepare();
  const block = new Blocks(model, { rows: TOKENS, seqLen: 6, training: false, targetCapacity: TOKENS }).block(
    TOKENS,
  );
  block.load(rows());
  block.forward();
  const out = mat('f64', TOKENS, VOCAB, 'logits');
  block.logits(out);
  return out.data as Float64Array;
}

/** The nats that logits give the targets. */
function natsOf(z: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < TOKENS; i++) {
    const row = z.subarray(i * VOCAB, (i + 1) * VOCAB);
    sum += Math.log(row.reduce((total, v) => total + Math.exp(v), 0)) - row[targets[i]!]!;
  }
  return sum;
}

/** The sum over rows of logsumexp(z)^2. */
function squares(z: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < TOKENS; i++) {
    const row = z.subarray(i * VOCAB, (i + 1) * VOCAB);
    sum += Math.log(row.reduce((total, v) => total + Math.exp(v), 0)) ** 2;
  }
  return sum;
}

describe.each([
  ['tied_head', 'tied_head: {', '}'],
  ['head', 'head: {init: {normal: 2}, ', '}'],
  ['a ternary head', 'head: {init: {normal: 2}, weights: absmean, scale: row, activations: int8, ', '}'],
])('%s', (name, open, close) => {
  const entry = (options: string) => `{${open}${options}${close}}`;

  it(`the logits of ${name} for generation are capped, and its loss is that of capped logits`, async () => {
    const [free, capped] = [await modelWith(entry('soft_cap: null')), await modelWith(entry('soft_cap: 3'))];
    const [z, zCapped] = [logits(free), logits(capped)];
    expect(Math.max(...z)).toBeGreaterThan(3);
    zCapped.forEach((value, i) => {
      expect(value).toBeCloseTo(3 * Math.tanh(z[i]! / 3), 10);
    });
    expect(nats(free, false)).toBeCloseTo(natsOf(z), 8);
    expect(nats(capped, false)).toBeCloseTo(natsOf(zCapped), 8);
  });

  it(`${name} adds the z-loss in training and leaves it out of evaluation`, async () => {
    const model = await modelWith(entry('z_loss: 0.01'));
    const pure = nats(model, false);
    expect(nats(model, true)).toBeCloseTo(pure + 0.01 * squares(logits(model)), 8);
    expect(pure).toBeCloseTo(natsOf(logits(model)), 8);
  });
});

describe('head', () => {
  it('a ternary head multiplies by exactly the codes and scales of its weights', () => {
    const own = new Head('head', DIM, VOCAB, {
      weights: 'absmean',
      scale: 'row',
      activations: 'none',
      bias: false,
      init: { normal: 1 },
      softCap: null,
      zLoss: 0,
    });
    new ParameterStore([own.weight], backend).initialize(1);
    own.prepare({ kernels: backend.kernels, gradients: 'f32', progress: 1, watch: undefined });
    const { codes, rowScale } = own.weight.ternary;
    expect(new Set(codes.data)).toEqual(new Set([-1, 0, 1]));
    const h = mat('f64', 1, DIM, 'h');
    h.data.set([1, -2, 3, 0.5, 4, -1]);
    const out = mat('f64', 1, VOCAB, 'out');
    const ctx = { kernels: backend.kernels, compute: FLOAT32 } as StepContext;
    own.logits(ctx, out, h, null);
    const expected = Array.from({ length: VOCAB }, (_, v) =>
      (h.data as Float64Array).reduce(
        (sum, x, k) => sum + x * rowScale!.data[v]! * codes.data[v * DIM + k]!,
        0,
      ),
    );
    expected.forEach((z, v) => {
      expect(out.data[v]).toBeCloseTo(z, 10);
    });
  });

  it('the weights of a head decay, are its own, and are left to another optimiser than Muon', async () => {
    const model = await modelWith('{head: {weights: absmean}}');
    const weight = [...model.objective.parameters()][0]!;
    expect(weight).toMatchObject({ name: 'head.weight', rows: VOCAB, cols: DIM, decay: true, matrix: false });
    expect(weight.quantised).toBe(true);
    expect(model.store.all).toContain(weight);
  });

  it('refuses a scale of rows for float weights, and says where', async () => {
    await expect(modelWith('{head: {scale: row}}')).rejects.toThrow(/float weights have no scale/);
  });

  it.each([
    ['float', '{head: {init: {normal: 2}, bias: true}}'],
    ['capped float', '{head: {init: {normal: 2}, bias: true, soft_cap: 3}}'],
    ['ternary', '{head: {init: {normal: 2}, bias: true, weights: absmean, scale: row}}'],
  ])('a %s head with a bias has the loss, logits and gradients of a loop over tokens', async (_, entry) => {
    const model = await modelWith(entry);
    const parameter = (name: string) => model.store.all.find((p) => p.name === name)!;
    const [table, gain, weight, bias] = ['embedding.weight', 'rms_norm.gain', 'head.weight', 'head.bias'].map(
      parameter,
    );
    bias!.value.data.forEach((_, v, data) => {
      data[v] = Math.sin(v);
    });
    const z = logits(model);
    const { codes, rowScale } = weight!.ternary ?? {};
    const cap = entry.includes('soft_cap') ? 3 : null;
    const multiplied = Array.from(weight!.value.data, (w, i) =>
      codes ? rowScale!.data[Math.floor(i / DIM)]! * codes.data[i]! : w,
    );
    const [dWeight, dBias] = [new Float64Array(VOCAB * DIM), new Float64Array(VOCAB)];
    let nats = 0;
    for (let i = 0; i < TOKENS; i++) {
      const x = Array.from({ length: DIM }, (_, k) => table!.value.data[ids[i]! * DIM + k]!);
      const rms = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / DIM + 1e-6);
      const h = x.map((v, k) => (v / rms) * gain!.value.data[k]!);
      const row = Array.from({ length: VOCAB }, (_, v) => {
        const sum = h.reduce((all, value, k) => all + value * multiplied[v * DIM + k]!, bias!.value.data[v]!);
        return cap ? cap * Math.tanh(sum / cap) : sum;
      });
      row.forEach((value, v) => {
        expect(z[i * VOCAB + v]).toBeCloseTo(value, 10);
      });
      const lse = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      nats += lse - row[targets[i]!]!;
      row.forEach((value, v) => {
        const slope = cap ? 1 - (value / cap) ** 2 : 1;
        const dz = ((Math.exp(value - lse) - (v === targets[i] ? 1 : 0)) * slope) / TOKENS;
        dBias[v]! += dz;
        for (let k = 0; k < DIM; k++) dWeight[v * DIM + k]! += dz * h[k]!;
      });
    }
    model.store.zeroGrads();
    const runner = new BatchRunner(model, { ...sizes, training: true });
    expect(runner.train(rows(), 1 / TOKENS)).toBeCloseTo(nats, 9);
    dBias.forEach((value, v) => {
      expect(bias!.grad.data[v]).toBeCloseTo(value, 11);
    });
    dWeight.forEach((value, i) => {
      expect(weight!.grad.data[i]).toBeCloseTo(value, 11);
    });
  });
});
