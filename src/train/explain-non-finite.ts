import { FlashError } from '../core/errors.ts';
import { describeNonFinite, nonFiniteInput, refuseNonFinite } from '../core/ops/finite.ts';
import { wrapKernels } from '../core/ops/wrap-kernels.ts';
import type { ParameterStore } from '../core/parameter-store.ts';
import { combineWatches, type LayerCall, type LayerWatch } from '../core/watch.ts';
import type { BatchRunner } from '../runtime/batch-runner.ts';
import type { Pass } from '../runtime/context.ts';
import type { Rows } from '../runtime/rows.ts';
import { initAdvice } from './init-advice.ts';

/** Where numbers first stopped being finite. */
interface Origin {
  /** In words: `first: rmsNorm wrote NaN into ...`. */
  readonly first: string;
  readonly where?: string;
  readonly remedy: string;
}

interface FailedStep {
  /** From 0. */
  readonly step: number;
  /** Of the loss's gradient. */
  readonly scale: number;
  readonly pass: Pass;
}

/** The loss, a gradient or a weight is not a number: going on from the checkpoint before would end in the same way. */
export class NonFiniteError extends FlashError {}

/** What to do about numbers that are not finite after so many updates. */
export function nonFiniteAdvice(store: ParameterStore, updates: number): string {
  return updates === 0 ? initAdvice(store) : 'Start again with a lower optimizer.lr.';
}

/**
 * Runs a step again whose loss or gradients are not finite, and looks at everything that kernels and layers write: also
 * at what a layer made in its own loops, outside all kernels.
 */
export function explainNonFinite(runner: BatchRunner, rows: Rows, { step, scale, pass }: FailedStep): Origin {
  const { store, backend } = runner.model;
  const advice = nonFiniteAdvice(store, step);
  for (const { value } of store.all) {
    const found = describeNonFinite(value, 'in');
    if (!found) continue;
    const first = step > 0 ? `the update of step ${step} left ${found}` : `training began with ${found}`;
    return { first, remedy: advice };
  }
  store.zeroGrads();
  const k = wrapKernels(backend.kernels, (op, values, call) => {
    const given = nonFiniteInput(op, values);
    const result = call();
    try {
      refuseNonFinite(op, values);
    } catch (error) {
      throw given ? new FlashError(`${op} was given ${given}`) : error;
    }
    return result;
  });
  const watch = combineWatches(new FiniteWatch(store), backend.watch);
  try {
    runner.train(rows, scale, { ...pass, kernels: k, watch });
  } catch (error) {
    if (!(error instanceof FlashError)) throw error;
    return { first: error.message, where: error.where, remedy: error.remedy ?? advice };
  }
  return { first: 'no single kernel: the sum of finite values overflowed', remedy: advice };
}

/** Refuses what a layer leaves that is not finite, as outputs or among the gradients of its parameters. */
class FiniteWatch implements LayerWatch {
  constructor(private readonly store: ParameterStore) {}

  around(call: LayerCall, run: () => void): void {
    run();
    for (const t of [...call.writes, ...this.gradientsOf(call)]) {
      const found = describeNonFinite(t, 'in');
      if (!found) continue;
      throw new FlashError(`${call.pass} of ${call.path} left ${found}, and no kernel wrote it`, {
        where: `${call.path} (${call.type}), ${call.pass}`,
        remedy: `Mend what ${call.type} computes there; gradcheck, and --backend 'checked(...)', look at it more closely.`,
      });
    }
  }

  private gradientsOf({ pass, container, parameters }: LayerCall) {
    // Shared uses belong to parameters of other layers: the objective's are looked at after the loss.
    if (pass === 'loss') return this.store.all.flatMap((p) => [p.grad, ...p.uses.map((use) => use.grad)]);
    return pass === 'backward' && !container ? Array.from(parameters(), (p) => p.grad) : [];
  }
}
