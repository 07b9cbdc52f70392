import type { OpName } from '../../core/kernels.ts';
import type { Mismatch, Outcome } from '../../core/ops/agreement.ts';
import type { Pass } from '../../core/watch.ts';

/** One kernel call on two backends, complete enough to be run again alone. */
export interface Recording {
  readonly op: OpName;
  /** Undefined outside all layers, as in the optimiser. */
  readonly layer?: { readonly path: string; readonly pass: Pass };
  /** Training step from 0; null outside a training run. */
  readonly step: number | null;
  /** The backends' names, the one that is measured first. */
  readonly backends: readonly [string, string];
  readonly mismatch: Mismatch;
  /** Before the call, in the order of `flatArgs`: tensors, scalars, choices, null for what was absent. */
  readonly inputs: readonly unknown[];
  /** What each backend wrote. */
  readonly outcomes: readonly [Outcome, Outcome];
}
