import { diff } from '../backends/diff/diff.ts';
import type { UncomparedLayer } from '../backends/diff/uncompared-layers.ts';
import type { MakeTraining } from '../compose/recipe-training.ts';
import type { Backend } from '../core/backend.ts';
import type { StepMode } from '../core/hook.ts';
import type { OpName } from '../core/kernels.ts';
import { combineWatches } from '../core/watch.ts';
import { Trainer } from '../train/trainer.ts';
import { LayerWork } from './layer-work.ts';

/** How well one op agreed, over all of its calls. */
export interface OpAgreement {
  readonly op: OpName;
  readonly calls: number;
  readonly elements: number;
  /** `|a - b| / (|b| + size)`, as `deviations` measures, where it came closest to what is allowed. */
  readonly worst: number;
  /** The bound there: an op's outputs may have different ones. */
  readonly allowed: number;
}

export interface TrainingAgreement {
  readonly ops: readonly OpAgreement[];
  /** Layers and passes that were not compared, because no kernel wrote their results. */
  readonly uncompared: readonly UncomparedLayer[];
}

/**
 * Trains `steps` steps on `backend` with every kernel call compared with `against`. `onProgress` is called after each
 * layer call, with the share of the work that is done, from 0 to 1.
 * @throws DisagreementError at the first call that differs.
 */
export async function compareTraining(
  make: MakeTraining,
  mode: StepMode,
  backend: Backend,
  against: Backend,
  steps: number,
  onProgress?: (share: number) => void,
): Promise<TrainingAgreement> {
  const ops = new Map<OpName, { calls: number; elements: number; worst: number; allowed: number }>();
  const both = diff(against, {
    onCompared: (op, found) => {
      const sum = ops.get(op) ?? { calls: 0, elements: 0, worst: 0, allowed: 0 };
      ops.set(op, sum);
      sum.calls++;
      for (const { elements, worst, near } of found) {
        sum.elements += elements;
        if (sum.allowed === 0 || worst * sum.allowed > sum.worst * near)
          [sum.worst, sum.allowed] = [worst, near];
      }
    },
  })(backend);
  onProgress?.(0);
  const work = new LayerWork((done) => onProgress?.(done / total));
  const { parts, options } = make({ ...both, watch: combineWatches(work, both.watch) }, mode);
  const { model } = parts;
  const rows = mode === 'collapsed' ? Math.min(model.vocab, options.tokensPerStep) : options.tokensPerStep;
  const total = steps * rows * work.ofRow(model);
  const limits = { ...options.limits, steps };
  // A collapsed step has fewer rows than the vocabulary where tokens are missing from it.
  const onStep = ({ step }: { readonly step: number }): void => work.jumpTo((step / steps) * total);
  await new Trainer(parts, { ...options, limits }, [{ onStep }]).run();
  return { ops: [...ops].map(([op, sum]) => ({ op, ...sum })), uncompared: both.uncompared() };
}
