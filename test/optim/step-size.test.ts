import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { fingerprint } from '../../src/app/fingerprint.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { memoryOf } from '../../src/core/memory.ts';
import { Parameter } from '../../src/core/parameter.ts';
import { ParameterStore } from '../../src/core/parameter-store.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { RECIPE, TinyRun } from '../faults/tiny-run.ts';
import { stepOf } from './updates.ts';

const made: TinyRun[] = [];
afterEach(() => {
  for (const tiny of made.splice(0)) tiny.remove();
});

/** Trains the tiny recipe with changes; its steps, and the bytes of its last checkpoint's weights and slots. */
async function trained(...changes: readonly (readonly [string, string])[]) {
  const tiny = new TinyRun(changes.reduce((text, [from, to]) => text.replace(from, to), RECIPE));
  made.push(tiny);
  const steps: unknown[] = [];
  await tiny.train({
    report: (event) => {
      if (event.event === 'step')
        steps.push([event.step, event.tokens, event.loss, event.gradNorm, event.lr]);
    },
  });
  const folder = (await tiny.latest())!;
  const files = ['model', 'optimizer'].map((name) =>
    readFileSync(`${folder}/checkpoints/step-00000006/${name}.safetensors`).toString('latin1'),
  );
  return { steps, files };
}

it('accumulating several batches is one step of their mean gradient, with the bits of one large batch', async () => {
  const accumulated = await trained(['seed: 1', 'seed: 1, accumulate: 3']);
  expect(accumulated).toEqual(await trained(['batch: 2', 'batch: 6']));
  expect(accumulated.steps).toHaveLength(6);
  // 6 sequences of 8 tokens.
  expect(accumulated.steps.map((step) => (step as number[])[1])).toEqual([48, 96, 144, 192, 240, 288]);
});

it('the decay schedule turns weight decay off for a part of the run', async () => {
  const adam = (decay: number): readonly [string, string] => ['lr: 0.01', `lr: 0.01, weight_decay: ${decay}`];
  const schedule = (peak: number, then: number): readonly [string, string] => [
    'train:',
    `weight_decay_schedule: { type: phases, phases: [{ share: 0.5, peak: ${peak}, schedule: constant }, ` +
      `{ share: 0.5, peak: ${then}, schedule: constant }] }\ntrain:`,
  ];
  const on = await trained(adam(0.5));
  const off = await trained(adam(0));
  const half = await trained(adam(0.5), schedule(1, 0));
  const none = await trained(adam(0.5), schedule(0, 0));
  expect(none.files[0]).toBe(off.files[0]);
  // Steps 1 to 3 have it: the losses of steps up to 4 follow from them.
  expect(half.steps.slice(0, 4)).toEqual(on.steps.slice(0, 4));
  expect(half.steps[4]).not.toEqual(on.steps[4]);
  expect(half.files[0]).not.toBe(off.files[0]);
});

it.each([
  ['{ type: cosine, warmup_steps: 5 }', 'weight_decay_schedule has no warm-up steps'],
  ['{ type: linear, min_lr: 0.001 }', "weight_decay_schedule ends at a factor, not at a rate: give 'floor'"],
  ['{ type: linear, over: steps }', "weight_decay_schedule goes along with the learning rate's"],
])('the weight decay schedule %s is refused', async (schedule, message) => {
  const set = [`weight_decay_schedule=${schedule}`];
  await expect(loadRecipe('v61-debug', { set })).rejects.toThrow(message);
});

it('accumulation and the decay schedule are among the settings that affect weights, unless at their defaults', async () => {
  const hash = async (...set: string[]) => fingerprint(await loadRecipe('v61-debug', { set }));
  const plain = await hash();
  expect(await hash('train.accumulate=1', 'weight_decay_schedule=constant')).toBe(plain);
  expect(await hash('train.accumulate=2')).not.toBe(plain);
  expect(await hash('weight_decay_schedule=linear')).not.toBe(plain);
});

/** A weight after two updates of AdamW on steps of so many tokens. */
function afterTwo(tokens: number, options: { betas: [number, number]; beta2HalfLife?: number }): number {
  const backend = createReferenceBackend('f64');
  const p = new Parameter('weight', 1, 1, { constant: 1 });
  new ParameterStore([p], backend).initialize(1);
  const adamw = new AdamW({ lr: 0.1, eps: 1e-8, weightDecay: 0, ...options });
  const plan = adamw.plan([p], memoryOf(backend));
  for (const step of [1, 2]) {
    p.grad.data[0] = step;
    plan.update(backend.kernels, { ...stepOf(step, 0.1), tokens });
  }
  return p.value.data[0]!;
}

it('the second beta of AdamW can be given as a half-life in tokens', async () => {
  // Two steps of 500 tokens forget as much as one of 1000: half.
  expect(afterTwo(1000, { betas: [0.9, 0.99], beta2HalfLife: 1000 })).toBe(
    afterTwo(1, { betas: [0.9, 0.5] }),
  );
  expect(afterTwo(500, { betas: [0.9, 0.99], beta2HalfLife: 1000 })).toBeCloseTo(
    afterTwo(1, { betas: [0.9, Math.SQRT1_2] }),
    12,
  );
  const text = 'optimizer={ type: adamw, lr: 0.01, beta2_half_life: 10M }';
  const { optimizer } = await loadRecipe('v61-debug', { set: [text] });
  expect(optimizer.options.beta2_half_life).toBe('10M');
  await expect(loadRecipe('v61-debug', { set: [text.replace('10M', '10X')] })).rejects.toThrow(
    'expected a number of tokens such as 500k or 10M',
  );
});
