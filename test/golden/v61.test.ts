import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { StepEvent } from '../../src/core/hook.ts';
import { memoryOf } from '../../src/core/memory.ts';
import { cosine } from '../../src/optim/schedules.ts';
import { Sgd } from '../../src/optim/sgd.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { effort } from '../effort.ts';
import { BATCH, buildV61, type Golden, goldenBatches, goldenTokens, SEED, STEPS } from './v61-golden.ts';

const folder = new URL('.', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('v61.json', folder), 'utf8')) as Golden;
const file = readFileSync(new URL('tokens.u16', folder));
const tokens = new Uint16Array(file.buffer, file.byteOffset, file.byteLength / 2);

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b);

/** Of every token, or of each distinct one, which is the same sum. */
type Collapse = 'auto' | 'never';

interface Steps {
  readonly events: readonly StepEvent[];
  /** Gradients of the first batch, by parameter. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

async function firstSteps(backend: Backend, collapse: Collapse, steps: number): Promise<Steps> {
  const model = buildV61(backend);
  model.store.initialize(SEED);
  const optimizer = new Sgd({ lr: 0.01, momentum: 0.9, weightDecay: 0 });
  const events: StepEvent[] = [];
  const gradients = new Map<string, Float64Array>();
  const stop = new AbortController();
  const trainer = new Trainer(
    {
      model,
      optimizer,
      optimizerPlan: optimizer.plan(model.store.all, memoryOf(backend)),
      schedule: cosine(100, 0.001),
      batches: goldenBatches(tokens),
    },
    {
      limits: { steps: 10452, tokens: Infinity, epochs: Infinity, seconds: Infinity },
      measure: 'steps',
      clip: null,
      collapse,
      seqLen: 256,
      tokensPerStep: BATCH,
      tokensPerEpoch: tokens.length,
      blockRows: collapse === 'auto' ? 'auto' : 512,
    },
    [
      {
        onStep: (event) => {
          events.push(event);
          if (event.step === 1)
            for (const { name, grad } of model.store.all) gradients.set(name, Float64Array.from(grad.data));
          if (event.step === steps) stop.abort();
        },
      },
    ],
  );
  await trainer.run(stop.signal);
  return { events, gradients };
}

/** `steps` at least: one run serves the test of its losses and the one of its gradients. */
const known = new Map<string, Promise<Steps>>();
function stepsOf(create: () => Backend, collapse: Collapse, steps: number): Promise<Steps> {
  const backend = create();
  const key = `${backend.name}, ${collapse}`;
  const run = known.get(key) ?? firstSteps(backend, collapse, steps);
  known.set(key, run);
  return run;
}

function expectGolden(events: readonly StepEvent[], bound: number): void {
  const lrs = golden.lrs.slice(0, events.length);
  expect(events.map((e) => e.lr)).toEqual(lrs.map((lr) => expect.closeTo(lr, 12)));
  events.forEach((event, i) => {
    expect(relative(event.loss, golden.losses[i]!), `loss of step ${i}`).toBeLessThan(bound);
    expect(relative(event.gradNorm, golden.gradNorms[i]!), `norm of step ${i}`).toBeLessThan(10 * bound);
    expect(event.loss).toBeGreaterThan(event.floor!);
  });
}

function expectGoldenGradients({ gradients }: Steps, bound: number): void {
  expect([...gradients.keys()].sort()).toEqual(Object.keys(golden.gradients).sort());
  for (const [name, gradient] of gradients) {
    const { norm, at, values } = golden.gradients[name]!;
    const ours = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
    expect(relative(ours, norm), `norm of ${name}`).toBeLessThan(bound);
    const rms = norm / Math.sqrt(gradient.length);
    at.forEach((index, i) => {
      const error = Math.abs(gradient[index]! - values[i]!) / (Math.abs(values[i]!) + rms);
      expect(error, `${name}[${index}]`).toBeLessThan(bound);
    });
  }
}

describe('v6.1 against an independent float64 implementation', () => {
  it('v6.1 is tested on the committed tokens', () => {
    expect(tokens).toEqual(goldenTokens());
  });

  // Scalar code takes seconds a step: a few of them, or each distinct token, say as much in less time.
  const slowSteps = effort(2, STEPS);
  const referenceSteps = effort(1, STEPS);
  const reference = () => createReferenceBackend('f64');

  it(`reference:f64: the first ${referenceSteps} losses to 1e-6`, async () => {
    expectGolden((await stepsOf(reference, 'auto', referenceSteps)).events, 1e-6);
  });

  it('reference:f64: gradients to 1e-6', async () => {
    expectGoldenGradients(await stepsOf(reference, effort('auto', 'never'), 1), 1e-6);
  });

  for (const { isa } of nativeStatus().isas.filter((i) => i.supported)) {
    const native = () => createNativeBackend({ isa });
    const isSlow = isa === 'scalar';
    // Collapsed and dense steps differ in which rows there are: later ones of dense steps show nothing else.
    const cases = [
      ['auto', isSlow ? slowSteps : STEPS],
      ['never', isSlow ? effort(1, STEPS) : effort(3, STEPS)],
    ] as const;
    it.each(cases)(`native:${isa}, collapse %s: the first %i losses to 1e-4`, async (collapse, steps) => {
      expectGolden((await stepsOf(native, collapse, steps)).events, 1e-4);
    });

    it.each(cases)(`native:${isa}, collapse %s: gradients to 1e-3`, async (collapse) => {
      expectGoldenGradients(await stepsOf(native, collapse, 1), 1e-3);
    });
  }
});
