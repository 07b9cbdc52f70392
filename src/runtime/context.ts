import type { Backend } from '../core/backend.ts';
import { type Compute, FLOAT32 } from '../core/compute.ts';
import type { Kernels } from '../core/kernels.ts';
import type { RandomKey, StepContext } from '../core/layer.ts';
import type { Ids } from '../core/tensor.ts';
import type { LayerWatch } from '../core/watch.ts';

/** How a pass goes through a model; what is left out is as in evaluation. */
export interface Pass {
  readonly training?: boolean;
  /** Sequences go on from the last call (a text that is written, a long document) instead of beginning here. */
  readonly continues?: boolean;
  readonly compute?: Compute;
  readonly rng?: RandomKey;
  /** In place of the backend's. */
  readonly kernels?: Kernels;
  /** In place of the backend's. */
  readonly watch?: LayerWatch;
}

export interface Place {
  readonly seqLen: number;
  readonly position: Ids;
  readonly ids: Ids;
  readonly sequence: Ids;
  /** Null where it is left out. */
  readonly starts?: Ids | null;
  /** 0 where it is left out. */
  readonly firstRow?: number;
}

const NO_RANDOMNESS: RandomKey = { seed: 0, step: 0 };

/** The one function that makes the context of a call. */
export function stepContext(
  { kernels, defer, watch }: Pick<Backend, 'kernels' | 'defer' | 'watch'>,
  { seqLen, position, ids, sequence, starts = null, firstRow = 0 }: Place,
  pass: Pass = {},
): StepContext {
  return {
    kernels: pass.kernels ?? kernels,
    seqLen,
    position,
    ids,
    starts,
    sequence,
    training: pass.training ?? false,
    rng: pass.rng ?? NO_RANDOMNESS,
    firstRow,
    compute: pass.compute ?? FLOAT32,
    // Other kernels than the backend's are looked at one by one.
    defer: pass.kernels ? undefined : defer,
    watch: pass.watch ?? watch,
  };
}
