import { deepStrictEqual, notDeepStrictEqual } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checked } from '../../src/backends/checked/checked.ts';
import { diff } from '../../src/backends/diff/diff.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { type OpName, ROW_CHUNK } from '../../src/core/kernels.ts';
import type { Outcome } from '../../src/core/ops/agreement.ts';
import { type Call, type Input, inputsOf, variants } from '../../src/core/ops/inputs.ts';
import { dimsNear, freeSymbols, nearestSize } from '../../src/core/ops/op-dims.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { BatchRunner } from '../../src/runtime/batch-runner.ts';
import { DenseRows, type Rows } from '../../src/runtime/rows.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint-files.ts';
import { checkLayer, type GradientResult, isRight, ModelCase } from '../../src/verify/gradient-check.ts';
import { LayerCase } from '../../src/verify/layer-case.ts';
import { runCall } from '../../src/verify/op-run.ts';
import { expectAgreement, expectCloseToFloat64 } from '../conformance/compare.ts';
import { expectSaturation } from '../conformance/saturation.ts';
import { expectDigitsKept } from '../conformance/special.ts';
import { SPECIAL_CALLS } from '../conformance/special-calls.ts';
import { expectThresholds } from '../conformance/thresholds.ts';
import { expectEpochs } from '../data/epochs.ts';
import { expectAccumulation } from '../gradients/accumulation.ts';
import { expectClipping } from '../optim/clipping.ts';
import { expectUpdates } from '../optim/updates.ts';
import { randomTokens } from '../properties/models.ts';
import { allAtOnce, oneByOne } from '../properties/sequences.ts';
import type { Check } from './check.ts';
import { backendOf, GENUINE, layersOf, type Mixing, modelOf, type Subject, VOCAB } from './subject.ts';
import { Sitting } from './training.ts';

const f32 = createReferenceBackend('f32');
const f64 = createReferenceBackend('f64');
const MODELS: readonly Mixing[] = ['token-wise', 'mixes rows'];

interface Truth {
  readonly call: Call;
  readonly inputs: readonly Input[];
  readonly f32: Outcome;
  readonly f64: Outcome;
}

/** None where an op allows it, around register widths and tile edges, and beyond one chunk of rows. */
const EDGES = [0, 1, 2, 16, 17, 33, 257];

/** A size of the i-th symbol that is no edge, and not that of the symbol beside it. */
const small = (i: number): number => [2, 3, 5, 7][i % 4]!;

/** Sizes of the i-th symbol for the n-th variant of an op, small and large by turns. */
const mixed = (symbol: string, i: number, n: number): number =>
  Math.min([3, 40, 2, 17][(i + n) % 4]!, symbol === 'S' ? MAX_SEQUENCES : 40);

/** Sequences do not depend on each other, so that a few show what many would. */
const MAX_SEQUENCES = 17;

const edgesOf = (op: OpName, symbol: string): number[] =>
  [...new Set(EDGES.map((edge) => nearestSize(op, symbol, edge)))].filter(
    (edge) => symbol !== 'S' || edge <= MAX_SEQUENCES,
  );

/**
 * Each symbol at every edge in turn, with the variants of the op in turn, and each variant once with small and large
 * sizes mixed, whatever the effort of the conformance suite: the table must not depend on it.
 */
function callsOf(op: OpName): Call[] {
  const swept = freeSymbols(op).flatMap((symbol, turn) =>
    edgesOf(op, symbol).map((edge, i) => ({
      dims: dimsNear(op, (s, at) => (s === symbol ? edge : small(at))),
      // Another variant for the same edge of the next symbol.
      variant: (i + turn) % variants(op),
    })),
  );
  const everyVariant = Array.from({ length: variants(op) }, (_, variant) => ({
    dims: dimsNear(op, (symbol, at) => mixed(symbol, at, variant)),
    variant,
  }));
  return [...swept, ...everyVariant].map((call, seed) => ({ op, seed, ...call }));
}

/** Calls of every op and what they must give, worked out once for all subjects. */
let truths: readonly Truth[] | undefined;
function everyTruth(): readonly Truth[] {
  truths ??= OP_NAMES.flatMap(callsOf).map((call): Truth => {
    const inputs = inputsOf(call);
    return { call, inputs, f32: runCall(f32, call, inputs), f64: runCall(f64, call, inputs) };
  });
  return truths;
}

function refuseWrong(results: Iterable<GradientResult>): void {
  for (const result of results)
    if (!isRight(result) || result.zero)
      throw new Error(`${result.layer} ${result.of}: off by ${result.worst}`);
}

const SEQ_LEN = 8;
/** Two of the chunks by which rows are summed. */
const TOKENS = 2 * ROW_CHUNK;

function gradients(subject: Subject, mixing: Mixing, rows: Rows, blockRows: number) {
  const model = modelOf(subject, backendOf(subject, 'f64'), mixing);
  model.prepare();
  const options = { seqLen: SEQ_LEN, blockRows, maxRows: TOKENS, maxEntries: TOKENS, training: true };
  const nats = new BatchRunner(model, options).train(rows, 1 / TOKENS);
  return { nats, grads: model.store.grads.data };
}

/** Everything that a training step runs. */
const TRAINING = ['backend', 'layers', 'model', 'optimizers', 'counts', 'batches'] as const;

async function trainTwoSteps(subject: Subject, decorate: (s: Subject) => ReturnType<typeof backendOf>) {
  for (const mixing of MODELS) {
    const optimizer = new subject.optimizers.Sgd({ lr: 0.01, momentum: 0.9, weightDecay: 0.01 });
    await new Sitting(subject, decorate(subject), mixing, optimizer).until(2);
  }
}

/** The project's checks, each as small as it can be and still be the same. */
export const CHECKS: readonly Check[] = [
  {
    name: 'conformance',
    holds: 'every kernel gives what the reference gives, and touches nothing else',
    uses: ['backend'],
    run(subject) {
      const genuine = createReferenceBackend('f32');
      const backend = subject.backend(genuine);
      // Kernels that a fault leaves alone have been compared without it.
      const faulty = OP_NAMES.filter((op) => backend.kernels[op] !== genuine.kernels[op]);
      for (const truth of everyTruth()) {
        if (faulty.length > 0 && !faulty.includes(truth.call.op)) continue;
        const outcome = runCall(backend, truth.call, truth.inputs);
        expectAgreement(truth.call.op, outcome, truth.f32);
        expectCloseToFloat64(truth.call.op, outcome, truth.f64);
      }
    },
  },
  {
    name: 'thresholds',
    holds: "values exactly on a quantiser's threshold, just above and just below it get the right codes",
    uses: ['backend'],
    run: (subject) => expectThresholds(backendOf(subject, 'f32')),
  },
  {
    name: 'special',
    holds:
      'on values that random ones never hit, kernels keep the digits of small results and do not overflow',
    uses: ['backend'],
    run(subject) {
      const backend = backendOf(subject, 'f32');
      // The sums of long rows are float64's in the reference.
      const short = SPECIAL_CALLS.filter(({ dims }) =>
        Object.values(dims).every((size) => size <= EDGES.at(-1)!),
      );
      for (const call of short) expectDigitsKept(backend, call);
    },
  },
  {
    name: 'saturation',
    holds: 'logits whose exponentials overflow have finite, right losses and gradients',
    uses: ['backend'],
    run: (subject) => expectSaturation(backendOf(subject, 'f32')),
  },
  ...layersOf(GENUINE).map(
    ({ path }, i): Check => ({
      name: 'layer gradients',
      of: path,
      holds:
        'backward of each layer gives the derivatives of its forward, adds to gradients, changes nothing else',
      uses: ['backend', 'layers'],
      run(subject) {
        const backend = backendOf(subject, 'f64');
        const layer = () => new LayerCase(layersOf(subject)[i]!, backend, { sequences: 2, seqLen: 3 });
        refuseWrong(checkLayer(layer(), backend.kernels));
        expectAccumulation(layer(), backend.kernels);
      },
    }),
  ),
  {
    name: 'model gradient',
    holds: "the gradient of the whole model's loss, block by block, is its derivative",
    uses: ['backend', 'layers', 'model'],
    run(subject) {
      for (const mixing of MODELS) {
        const model = new ModelCase((b) => modelOf(subject, b, mixing), backendOf(subject, 'f64'));
        refuseWrong(model.check());
      }
    },
  },
  {
    name: 'checked',
    holds: 'training on the `checked` backend finds nothing',
    uses: TRAINING,
    run: (subject) => trainTwoSteps(subject, (s) => checked(backendOf(s, 'f32'))),
  },
  {
    name: 'diff',
    holds: 'training on the `diff` backend finds no disagreement with the float64 reference',
    uses: TRAINING,
    run: (subject) => trainTwoSteps(subject, (s) => diff(f64)(backendOf(s, 'f32'))),
  },
  {
    name: 'blocks',
    holds: 'loss and gradients have the same bits for every block size',
    uses: ['backend', 'layers', 'model'],
    run(subject) {
      const { ids, targets } = randomTokens(TOKENS, VOCAB, 1);
      const rows = new DenseRows(TOKENS).of(ids, targets, TOKENS);
      const inBlocks = (blockRows: number) => gradients(subject, 'mixes rows', rows, blockRows);
      deepStrictEqual(inBlocks(ROW_CHUNK), inBlocks(TOKENS));
    },
  },
  {
    name: 'collapse',
    holds: 'a batch as rows of distinct tokens has the loss and gradients of every token computed',
    uses: ['backend', 'layers', 'model', 'counts'],
    run(subject) {
      const { ids, targets } = randomTokens(TOKENS, VOCAB, 3);
      const counts = new subject.counts(backendOf(subject, 'f64'), VOCAB);
      counts.add(ids, targets, TOKENS);
      const rows = new DenseRows(TOKENS).of(ids, targets, TOKENS);
      const dense = gradients(subject, 'token-wise', rows, ROW_CHUNK);
      const collapsed = gradients(subject, 'token-wise', counts.rows(), ROW_CHUNK);
      const size = Math.hypot(...dense.grads);
      const distance = Math.hypot(...dense.grads.map((g, i) => g - collapsed.grads[i]!));
      if (!(Math.abs(collapsed.nats / dense.nats - 1) < 1e-9 && distance < 1e-9 * size))
        throw new Error(`${collapsed.nats} nats for ${dense.nats}, gradients ${distance} of ${size} apart`);
      if (!(dense.nats / TOKENS > counts.floor())) throw new Error('a loss below the floor');
    },
  },
  {
    name: 'incremental',
    holds: 'a text token by token has the logits it has at once, and none sees a later token',
    uses: ['backend', 'layers', 'model'],
    run(subject) {
      for (const mixing of [...MODELS, 'attends'] as const) {
        const model = modelOf(subject, backendOf(subject, 'f64'), mixing);
        model.prepare();
        const { ids } = randomTokens(12, VOCAB, 11);
        const whole = allAtOnce(model, ids);
        deepStrictEqual(oneByOne(model, ids), whole);
        ids[7] = (ids[7]! + 1) % VOCAB;
        const changed = allAtOnce(model, ids);
        deepStrictEqual(changed.slice(0, 7), whole.slice(0, 7));
        notDeepStrictEqual(changed[7], whole[7]);
      }
    },
  },
  {
    name: 'clipping',
    holds: 'clipping gives the norm, keeps the direction, and neither is lost where squares overflow',
    uses: ['backend', 'clip'],
    run: (subject) => expectClipping(subject.clip, backendOf(subject, 'f32')),
  },
  {
    name: 'optimisers',
    holds: "three updates are those of the papers' formulas",
    uses: ['backend', 'optimizers'],
    run: (subject) => expectUpdates(subject.optimizers, backendOf(subject, 'f64')),
  },
  {
    name: 'epochs',
    holds: 'each shuffled epoch takes every token once, in an order that follows from the seed and the epoch',
    uses: ['source'],
    run: (subject) => expectEpochs(subject.source),
  },
  {
    name: 'seed',
    holds: 'first values follow from the seed',
    uses: ['layers', 'model'],
    run(subject) {
      const values = () => modelOf(subject, f64, 'mixes rows').store.values.data;
      deepStrictEqual(values(), values());
    },
  },
  {
    name: 'resume',
    holds: 'a run that was stopped and resumed ends with the same bytes as one that was not',
    uses: [...TRAINING, 'snapshot'],
    run(subject) {
      const options = { lr: 0.01, betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1 } as const;
      return expectResumption(subject, () => new subject.optimizers.AdamW(options));
    },
  },
];

async function expectResumption(
  subject: Subject,
  optimizer: () => ConstructorParameters<typeof Sitting>[3],
): Promise<void> {
  const sit = () => new Sitting(subject, backendOf(subject, 'f32'), 'mixes rows', optimizer());
  const whole = sit();
  await whole.until(4);
  const [first, second] = [sit(), sit()];
  await first.until(2);
  const folder = await mkdtemp(join(tmpdir(), 'flashlm-mutation-'));
  try {
    const { model, optimizerPlan } = first.parts;
    const contents = subject.snapshot.take(model, optimizerPlan, first.trainer.state, {});
    const checkpoint = await readCheckpoint(await writeCheckpoint(folder, 2, contents));
    const { parts, trainer } = second;
    trainer.restore(await subject.snapshot.restore(parts.model, parts.optimizerPlan, checkpoint));
    await checkpoint.close();
  } finally {
    await rm(folder, { recursive: true });
  }
  await second.until(4);
  const steps = (...sittings: Sitting[]) =>
    sittings.flatMap(({ events }) => events.map(({ step, loss, lr }) => ({ step, loss, lr })));
  deepStrictEqual(steps(first, second), steps(whole));
  deepStrictEqual(second.parts.model.store.values.data, whole.parts.model.store.values.data);
}
