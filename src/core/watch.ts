import type { Parameter } from './parameter.ts';
import type { Requests } from './planner.ts';
import type { Mat, Tensor } from './tensor.ts';

/** What a layer is doing when its kernels are called. */
export type Pass = 'prepare' | 'forward' | 'backward' | 'loss' | 'logits';

/** One call of one layer. */
export interface LayerCall {
  readonly path: string;
  readonly type: string;
  readonly pass: Pass;
  /** It has layers inside, whose calls come within this one. */
  readonly container: boolean;
  /** Backward will follow a forward: the plan was made for training. */
  readonly training: boolean;
  /** What the layer's plan asked for; nothing in `prepare`. */
  readonly requests: Requests;
  /** The activations that must come back to backward as forward left them. */
  readonly kept: readonly Tensor[];
  /** What this call is given to read and must not change: x of forward, dy of backward, h of the loss. */
  readonly reads: readonly Tensor[];
  /** What this call has to write in full. */
  readonly writes: readonly Mat[];
  /** The layer's own, to whose gradients backward and the loss add. */
  parameters(): Iterable<Parameter>;
}

/**
 * How a backend observes the layers whose kernels it runs; layers know nothing of it. It observes every call of a model
 * made by `buildModel` (`watched-layer.ts`).
 */
export interface LayerWatch {
  /** Training step `step` (from 0) begins. */
  beginStep?(step: number): void;
  /** The step has ended or failed. Evaluation and samples run outside steps. */
  endStep?(): void;
  /** Must call `run` once. Containers are reported too, around the layers inside them. */
  around(call: LayerCall, run: () => void): void;
  /** Replaces an activation that the layer does not keep, before backward gets it. */
  unkept?(activation: Mat): Mat;
}

/** Combines two watches into one, `outer` around `inner`. */
export function combineWatches(outer: LayerWatch, inner: LayerWatch | undefined): LayerWatch {
  if (!inner) return outer;
  return {
    beginStep(step) {
      outer.beginStep?.(step);
      inner.beginStep?.(step);
    },
    endStep() {
      outer.endStep?.();
      inner.endStep?.();
    },
    around: (call, run) => outer.around(call, () => inner.around(call, run)),
    unkept: (activation) => outer.unkept?.(activation) ?? inner.unkept?.(activation) ?? activation,
  };
}
