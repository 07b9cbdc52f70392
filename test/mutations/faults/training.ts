import type { Optimizer, OptimizerPlan, UpdateStep } from '../../../src/core/optimizer.ts';
import type { Parameter } from '../../../src/core/parameter.ts';
import { type BatchOptions, BatchSource, type TokenStream } from '../../../src/data/batches.ts';
import { BigramCounts } from '../../../src/data/collapse.ts';
import { AdamW } from '../../../src/optim/adamw.ts';
import { clipGradients } from '../../../src/optim/clip.ts';
import { Muon, type MuonOptions } from '../../../src/optim/muon.ts';
import { Sgd } from '../../../src/optim/sgd.ts';
import type { Model } from '../../../src/runtime/model.ts';
import type { Rows } from '../../../src/runtime/rows.ts';
import { restoreSnapshot, takeSnapshot } from '../../../src/train/snapshot.ts';
import type { TrainerState } from '../../../src/train/trainer.ts';
import type { Mutation } from '../check.ts';
import { GENUINE } from '../subject.ts';

function model(id: string, where: string, fault: string, change: (model: Model) => void): Mutation {
  const changed = (m: Model): Model => {
    change(m);
    return m;
  };
  return { id, where, fault, parts: { model: changed } };
}

function resumed(id: string, fault: string, change: (state: TrainerState) => TrainerState): Mutation {
  const restore: typeof restoreSnapshot = async (...args) => change(await restoreSnapshot(...args));
  return { id, where: 'resume', fault, parts: { snapshot: { ...GENUINE.snapshot, restore } } };
}

type PlanArgs = Parameters<Optimizer['plan']>;

/** A plan whose updates are told something else about their step. */
function changed(plan: OptimizerPlan, change: (step: UpdateStep) => UpdateStep): OptimizerPlan {
  return { ...plan, update: (k, step) => plan.update(k, change(step)) };
}

let made = 0;

export const TRAINING_FAULTS: readonly Mutation[] = [
  {
    id: 'clip-zero',
    where: 'gradient clipping',
    fault: 'clipping off is the limit 0, which makes all gradients 0',
    historical: true,
    parts: { clip: (k, grads, limit) => clipGradients(k, grads, limit ?? 0) },
  },
  {
    id: 'clip-always',
    where: 'gradient clipping',
    fault: 'gradients shorter than the limit are stretched to it',
    parts: {
      clip: (k, grads, limit) => {
        const norm = clipGradients(k, grads, null);
        if (limit !== null) k.scale(grads, limit / norm);
        return norm;
      },
    },
  },
  {
    id: 'clip-elements',
    where: 'gradient clipping',
    fault: 'each element is clipped by itself, which turns the gradient',
    parts: {
      clip: (k, grads, limit) => {
        const norm = clipGradients(k, grads, null);
        const most = limit ?? Number.POSITIVE_INFINITY;
        for (let i = 0; i < grads.data.length; i++)
          grads.data[i] = Math.max(-most, Math.min(most, grads.data[i]!));
        return norm;
      },
    },
  },
  {
    id: 'momentum-unused',
    where: 'optimiser Sgd',
    fault: 'momentum is forgotten before each update',
    parts: {
      optimizers: {
        ...GENUINE.optimizers,
        Sgd: class extends Sgd {
          override plan(...args: PlanArgs): OptimizerPlan {
            const plan = super.plan(...args);
            return changed(plan, (step) => {
              for (const { flat } of plan.slots) flat.data.fill(0);
              return step;
            });
          }
        },
      },
    },
  },
  {
    id: 'adam-step',
    where: 'optimiser AdamW',
    fault: 'bias correction takes the first step for the second',
    parts: {
      optimizers: {
        ...GENUINE.optimizers,
        AdamW: class extends AdamW {
          override plan(...args: PlanArgs): OptimizerPlan {
            return changed(super.plan(...args), (step) => ({ ...step, step: step.step + 1 }));
          }
        },
      },
    },
  },
  {
    id: 'adam-hidden-count',
    where: 'optimiser AdamW',
    fault: 'steps are counted in the optimiser, which no checkpoint holds',
    parts: {
      optimizers: {
        ...GENUINE.optimizers,
        AdamW: class extends AdamW {
          override plan(...args: PlanArgs): OptimizerPlan {
            let count = 0;
            return changed(super.plan(...args), (step) => ({ ...step, step: ++count }));
          }
        },
      },
    },
  },
  {
    id: 'decay-ternary',
    where: 'optimiser Sgd',
    fault: 'weight decay spares embeddings and dense matrices, as it spares gains',
    parts: {
      optimizers: {
        ...GENUINE.optimizers,
        Sgd: class extends Sgd {
          override plan(...[parameters, memory]: PlanArgs): OptimizerPlan {
            const spared = (p: Parameter) => Object.assign(Object.create(p), { decay: p.quantised });
            return super.plan(parameters.map(spared), memory);
          }
        },
      },
    },
  },
  {
    id: 'muon-fused',
    where: 'optimiser Muon',
    fault: 'a fused matrix is made orthogonal as one',
    parts: {
      optimizers: {
        ...GENUINE.optimizers,
        Muon: class extends Muon {
          constructor(options: MuonOptions) {
            super({ ...options, split: 1 });
          }
        },
      },
    },
  },
  {
    id: 'muon-unscaled',
    where: 'optimiser Muon',
    fault: 'the rate does not depend on the shape of a matrix',
    parts: {
      optimizers: {
        ...GENUINE.optimizers,
        Muon: class extends Muon {
          constructor(options: MuonOptions) {
            super({ ...options, scale: 'keller' });
          }
        },
      },
    },
  },
  {
    id: 'momentum-unsaved',
    where: 'checkpoint',
    fault: "the optimiser's memory is saved as zeros",
    parts: {
      snapshot: {
        ...GENUINE.snapshot,
        take: (...args) => {
          const contents = takeSnapshot(...args);
          const optimizer = contents.optimizer.map((e) => ({ ...e, data: e.data.map(() => 0) as never }));
          return { ...contents, optimizer };
        },
      },
    },
  },
  resumed('resume-step', 'the step counter is one too high after resuming', (s) => ({
    ...s,
    step: s.step + 1,
  })),
  resumed('resume-schedule', 'where warm-up ended is forgotten when resuming', (s) => ({
    ...s,
    decayStart: null,
  })),
  {
    id: 'data-position',
    where: 'batches',
    fault: 'batches follow one another by a counter of their own, so a resumed run begins at the first',
    parts: {
      batches: (inner) => {
        let next = 0;
        return { fill: (_, ids, targets) => inner.fill(next++, ids, targets) };
      },
    },
  },
  {
    id: 'shuffle-tail',
    where: 'batches',
    fault: 'the tokens after the last whole sequence are never trained on',
    historical: true,
    parts: {
      source: class extends BatchSource {
        constructor(tokens: TokenStream, options: BatchOptions) {
          const { source, read, documents, checkUnchanged } = tokens;
          const whole = tokens.tokens - (tokens.tokens % options.seqLen);
          super(
            { source, read, documents, checkUnchanged, tokens: Math.max(whole, options.seqLen + 1) },
            options,
          );
        }
      },
    },
  },
  {
    id: 'shuffle-unseeded',
    where: 'batches',
    fault: 'every seed shuffles alike',
    parts: {
      source: class extends BatchSource {
        constructor(tokens: TokenStream, options: BatchOptions) {
          super(tokens, { ...options, seed: 1 });
        }
      },
    },
  },
  {
    id: 'shuffle-same',
    where: 'batches',
    fault: 'every epoch has the order of the first',
    parts: {
      source: class extends BatchSource {
        private readonly steps: number;
        constructor(tokens: TokenStream, options: BatchOptions) {
          super(tokens, options);
          this.steps = Math.ceil(tokens.tokens / this.positions);
        }
        override fill(...[step, ids, targets]: Parameters<BatchSource['fill']>): void {
          super.fill(step % this.steps, ids, targets);
        }
      },
    },
  },
  {
    id: 'collapse-unweighted',
    where: 'collapse',
    fault: 'a pair that occurs often counts once',
    parts: {
      counts: class extends BigramCounts {
        override rows(): Rows {
          const rows = super.rows();
          return { ...rows, weights: rows.weights.map(() => 1) };
        }
      },
    },
  },
  model('gradients-kept', 'parameter store', 'gradients are not zeroed between steps', ({ store }) => {
    store.zeroGrads = () => {};
  }),
  model(
    'tied-overwritten',
    'parameter store',
    'a shared parameter keeps the gradient of one use',
    ({ store }) => {
      store.foldUses = () => {
        for (const p of store.all) for (const use of p.uses) (p.grad.data as Float64Array).set(use.grad.data);
      };
    },
  ),
  model('tied-twice', 'parameter store', 'a shared gradient is not zeroed once it was added', ({ store }) => {
    const fold = store.foldUses.bind(store);
    store.foldUses = (k) => {
      const before = store.all.map((p) => p.uses.map((use) => use.grad.data.slice()));
      fold(k);
      for (const [i, p] of store.all.entries())
        for (const [j, use] of p.uses.entries()) (use.grad.data as Float64Array).set(before[i]![j]!);
    };
    store.zeroGrads = () => void store.grads.data.fill(0);
  }),
  model('unseeded', 'first values', 'first values differ from run to run', ({ store }) => {
    store.initialize(made++);
  }),
];
