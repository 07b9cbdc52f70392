import type { OpName } from '../../core/kernels.ts';
import type { Mismatch, Outcome } from '../../core/ops/agreement.ts';
import type { Pass } from '../../core/watch.ts';

/** One kernel call on two backends, with everything needed to replay it alone. */
export interface Recording {
  readonly op: OpName;
  /** Undefined outside all layers, for example in the optimiser. */
  readonly layer?: { readonly path: string; readonly pass: Pass };
  /** Training step from 0; null outside a training run. */
  readonly step: number | null;
  /** Names of the tested backend and of the reference that it was compared with. */
  readonly backends: readonly [string, string];
  readonly mismatch: Mismatch;
  /** Values of the arguments before the call, in the order of `flatArgs`; null for an absent one. */
  readonly inputs: readonly unknown[];
  /** What each backend wrote and returned, in the order of `backends`. */
  readonly outcomes: readonly [Outcome, Outcome];
}
