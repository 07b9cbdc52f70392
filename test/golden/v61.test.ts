import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { StepEvent } from '../../src/core/hook.ts';
import { memoryOf } from '../../src/core/memory.ts';
import { BigramCounts } from '../../src/data/collapse.ts';
import { cosine } from '../../src/optim/schedules.ts';
import { Sgd } from '../../src/optim/sgd.ts';
import { BatchRunner } from '../../src/runtime/batch-runner.ts';
import { DenseRows } from '../../src/runtime/rows.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { effort } from '../effort.ts';
import { BATCH, buildV61, type Golden, goldenBatches, goldenTokens, SEED, STEPS } from './v61-golden.ts';

const folder = new URL('.', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('v61.json', folder), 'utf8')) as Golden;
const file = readFileSync(new URL('tokens.u16', folder));
const tokens = new Uint16Array(file.buffer, file.byteOffset, file.byteLength / 2);

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b);

async function firstSteps(backend: Backend, collapse: 'auto' | 'never', steps: number): Promise<StepEvent[]> {
  const model = buildV61(backend);
  model.store.initialize(SEED);
  const optimizer = new Sgd({ lr: 0.01, momentum: 0.9, weightDecay: 0 });
  const events: StepEvent[] = [];
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
      blockRows: 'auto',
    },
    [
      {
        onStep: (event) => {
          events.push(event);
          if (event.step === steps) stop.abort();
        },
      },
    ],
  );
  await trainer.run(stop.signal);
  return events;
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

/** Gradients of the first batch: of every token, or of each distinct one, which is the same sum. */
function expectGoldenGradients(backend: Backend, bound: number, collapse: 'auto' | 'never'): void {
  const model = buildV61(backend);
  model.store.initialize(SEED);
  model.prepare();
  const runner = new BatchRunner(model, {
    seqLen: 256,
    blockRows: 512,
    maxRows: BATCH,
    maxEntries: BATCH,
    training: true,
  });
  const ids = Int32Array.from(tokens.subarray(0, BATCH));
  const targets = Int32Array.from(tokens.subarray(1, BATCH + 1));
  const counts = new BigramCounts(backend, model.vocab);
  counts.add(ids, targets, BATCH);
  const rows = collapse === 'auto' ? counts.rows() : new DenseRows(BATCH).of(ids, targets, BATCH);
  runner.train(rows, 1 / BATCH);
  expect(Object.keys(golden.gradients).sort()).toEqual(model.store.all.map((p) => p.name).sort());
  for (const p of model.store.all) {
    const { norm, at, values } = golden.gradients[p.name]!;
    const ours = Math.sqrt(Float64Array.from(p.grad.data).reduce((sum, g) => sum + g * g, 0));
    expect(relative(ours, norm), `norm of ${p.name}`).toBeLessThan(bound);
    const rms = norm / Math.sqrt(p.size);
    at.forEach((index, i) => {
      const error = Math.abs(p.grad.data[index]! - values[i]!) / (Math.abs(values[i]!) + rms);
      expect(error, `${p.name}[${index}]`).toBeLessThan(bound);
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

  it(`reference:f64: the first ${referenceSteps} losses to 1e-6`, async () => {
    expectGolden(await firstSteps(createReferenceBackend('f64'), 'auto', referenceSteps), 1e-6);
  });

  it('reference:f64: gradients to 1e-6', () => {
    expectGoldenGradients(createReferenceBackend('f64'), 1e-6, effort('auto', 'never'));
  });

  for (const { isa } of nativeStatus().isas.filter((i) => i.supported)) {
    const isSlow = isa === 'scalar';
    // Collapsed and dense steps differ in which rows there are: later ones of dense steps show nothing else.
    const cases = [
      ['auto', isSlow ? slowSteps : STEPS],
      ['never', isSlow ? effort(1, STEPS) : effort(3, STEPS)],
    ] as const;
    it.each(cases)(`native:${isa}, collapse %s: the first %i losses to 1e-4`, async (collapse, steps) => {
      expectGolden(await firstSteps(createNativeBackend({ isa }), collapse, steps), 1e-4);
    });

    it(`native:${isa}: gradients to 1e-3`, () => {
      expectGoldenGradients(createNativeBackend({ isa }), 1e-3, isSlow ? effort('auto', 'never') : 'never');
    });
  }
});
