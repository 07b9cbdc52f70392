import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeModel } from '../../src/compose/run.ts';
import { memoryOf } from '../../src/core/memory.ts';
import { Random } from '../../src/core/random.ts';
import { alignedSequences } from '../../src/data/aligned-sequences.ts';
import { constant } from '../../src/optim/schedules.ts';
import { Sgd } from '../../src/optim/sgd.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { findDocumentStarts } from '../../src/runtime/rows.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { outcomeOf, RECIPE, TinyRun } from '../faults/tiny-run.ts';

const EOS = 3;
const NONE = Number.POSITIVE_INFINITY;
const PLUGIN = fileURLToPath(new URL('../properties/recall-plugin.ts', import.meta.url));

/** One step on sequences of these ids, each with the id after it as its target. Returns the loss and the gradients. */
async function step(layers: string, sequences: readonly (readonly number[])[], resetAt?: number) {
  const set = [
    `plugins=[${JSON.stringify(PLUGIN)}]`,
    `model=[{embedding: {vocab: 260, dim: 4, init: {normal: 1}}}, ${layers}, rms_norm, tied_head]`,
    'tokenizer.vocab=260',
  ];
  const model = composeModel(await loadRecipe('shift', { set }), createReferenceBackend('f64'));
  const optimizer = new Sgd({ lr: 0, momentum: 0, weightDecay: 0 });
  const seqLen = sequences[0]!.length - 1;
  const tokensPerStep = sequences.length * seqLen;
  let loss = Number.NaN;
  const parts = {
    model,
    optimizer,
    optimizerPlan: optimizer.plan(model.store.all, memoryOf(model.backend)),
    schedule: constant(0),
    batches: {
      fill(_: number, ids: Int32Array, targets: Int32Array) {
        ids.set(sequences.flatMap((ids) => ids.slice(0, -1)));
        targets.set(sequences.flatMap((ids) => ids.slice(1)));
      },
    },
  };
  const trainer = new Trainer(
    parts,
    {
      limits: { steps: 1, tokens: NONE, epochs: NONE, seconds: NONE },
      measure: 'steps',
      clip: null,
      collapse: 'never',
      seqLen,
      resetAt,
      tokensPerStep,
      tokensPerEpoch: 1000,
      blockRows: 'auto',
    },
    [
      {
        onStep: (event) => {
          loss = event.loss;
        },
      },
    ],
  );
  await trainer.run();
  return { nats: loss * tokensPerStep, grads: [...model.store.grads.data].map((g) => g * tokensPerStep) };
}

const random = new Random(1, 'documents');
const tokens = (count: number) => Array.from({ length: count }, () => 4 + Math.floor(250 * random.uniform()));

describe('documents in a training sequence', () => {
  it('each row has the first row of its document, which the end-of-document token begins', () => {
    const ids = Int32Array.of(7, 8, EOS, 9, EOS, EOS, 5, 6, EOS, 4);
    const starts = new Int32Array(10);
    findDocumentStarts(starts, ids, EOS, 5);
    // In sequences of 5: the second begins with an end of document, which is its first row anyhow.
    expect([...starts]).toEqual([0, 0, 2, 2, 4, 0, 0, 0, 3, 3]);
  });

  it.each(['recall', 'running_mean', '{linear: {out: 12}}, {attention: 2, rope: 100}'])(
    'with reset, documents in one sequence have the loss and gradients of sequences by themselves: %s',
    async (layers) => {
      const [a, b, c] = [tokens(4), tokens(4), tokens(4)] as const;
      // The same 15 rows: three documents in one sequence, or each in its own.
      const joined = [[EOS, ...a, EOS, ...b, EOS, ...c, EOS]];
      const apart = [a, b, c].map((document) => [EOS, ...document, EOS]);
      const alone = await step(layers, apart);
      const reset = await step(layers, joined, EOS);
      const crossing = await step(layers, joined);
      expect(reset.nats).toBeCloseTo(alone.nats, 10);
      expect(crossing.nats).not.toBeCloseTo(alone.nats, 3);
      const difference = (x: number[], y: number[]) => Math.max(...x.map((g, i) => Math.abs(g - y[i]!)));
      expect(difference(reset.grads, alone.grads)).toBeLessThan(1e-10);
      expect(difference(crossing.grads, alone.grads)).toBeGreaterThan(1e-3);
    },
  );

  it('with reset, a token-wise model trains as without', async () => {
    const sequences = [[EOS, ...tokens(4), EOS, ...tokens(4)]];
    const [with_, without] = [await step('silu', sequences, EOS), await step('silu', sequences)];
    expect(with_).toEqual(without);
  });
});

/** Below the length of the documents, so that they are cut. */
const SEQ_LEN = 6;

describe('a run with data.documents and data.align', () => {
  const recipe = (layer: string) =>
    `plugins: [${JSON.stringify(PLUGIN)}]\n${RECIPE.replace('- token_shift', `- ${layer}`).replace('data: {', 'data: { documents: reset, align: true,').replace('seq_len: 8', `seq_len: ${SEQ_LEN}`)}`;
  const tiny = new TinyRun(recipe('recall'));
  afterAll(() => {
    vi.unstubAllEnvs();
    tiny.remove();
  });

  it('a run that resets and aligns documents resumes bit for bit', async () => {
    await tiny.train();
    const whole = outcomeOf((await tiny.latest())!);
    tiny.clear();
    const abort = new AbortController();
    await tiny.train({
      signal: abort.signal,
      report: (event) => {
        if (event.event === 'step' && event.step === 3) abort.abort();
      },
    });
    await tiny.endProcess();
    await tiny.train();
    const { metrics: found, ...rest } = outcomeOf((await tiny.latest())!);
    const { metrics, ...expected } = whole;
    const steps = (lines: readonly unknown[]) =>
      lines.filter((line) => (line as TrainEvent).event === 'step');
    expect(steps(found)).toEqual(steps(metrics));
    expect(rest.weights).toBe(expected.weights);
  });

  it('an epoch of a run whose sequences begin at documents is all of its sequences', async () => {
    tiny.clear();
    const notices: string[] = [];
    const session = await tiny.openNew({ onNotice: (notice) => void notices.push(notice) });
    const { trainer } = session.run;
    const { tokens, info } = session.data.train.tokens;
    const starts = alignedSequences(session.data.train.tokens.documents(), SEQ_LEN);
    await session.close();
    expect(trainer.tokensPerEpoch).toBe(SEQ_LEN * starts.length);
    expect(trainer.tokensPerEpoch).toBeGreaterThan(tokens);
    const again = ((100 * (trainer.tokensPerEpoch - tokens)) / tokens).toFixed(1);
    expect(notices).toContain(
      `data.align: an epoch has ${starts.length} sequences of ${SEQ_LEN} tokens; ${again}% of the text is read twice in it.`,
    );
    expect(info.eos).toBe(EOS);
  });

  it('a token-wise model ignores how documents lie in sequences, and the run says so', async () => {
    const wise = new TinyRun(recipe('silu'));
    const notices: string[] = [];
    const session = await wise.openNew({ onNotice: (notice) => void notices.push(notice) });
    expect(session.run.trainer.tokensPerEpoch).toBe(session.data.train.tokens.tokens);
    await session.close();
    wise.remove();
    expect(notices).toContain(
      'data.documents and data.align change nothing: no layer of this model sees another token.',
    );
  });
});
