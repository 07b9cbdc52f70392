import { diff } from '../backends/decorators/diff.ts';
import type { Backend } from '../core/backend.ts';
import type { OpName } from '../core/kernels.ts';
import type { MakeTraining } from '../recipes/recipe-training.ts';
import type { Path } from '../train/events.ts';
import { Trainer } from '../train/trainer.ts';

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

/**
 * Trains `steps` steps on `backend` with every kernel call compared against another backend.
 * @throws DisagreementError at the first call that differs.
 */
export async function compareTraining(
  make: MakeTraining,
  path: Path,
  backend: Backend,
  against: Backend,
  steps: number,
  onStep?: (done: number) => void,
): Promise<OpAgreement[]> {
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
  const { parts, options } = make(both, path);
  const limits = { ...options.limits, steps };
  const trainer = new Trainer(parts, { ...options, limits }, [{ onStep: ({ step }) => onStep?.(step) }]);
  await trainer.run();
  return [...ops].map(([op, sum]) => ({ op, ...sum }));
}
