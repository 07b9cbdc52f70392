import type { Precision } from './compute.ts';
import type { Kernels } from './kernels.ts';
import type { Coupling, Grad, InputLayer, Layer, Objective, StepContext } from './layer.ts';
import type { Parameter } from './parameter.ts';
import type { Mat, SparseTargets, Tensor } from './tensor.ts';
import { type Planner, RecordingPlanner, type Requests } from './workspace.ts';

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
}

/**
 * What a backend that looks on is told of the layers whose kernels it runs; layers themselves know nothing of it.
 * `buildModel` puts it around each layer of a model whose backend has one.
 */
export interface LayerWatch {
  /** Training step `step` (from 0) begins. */
  beginStep?(step: number): void;
  /** It is over, or has failed: what follows is evaluation, samples, the end. */
  endStep?(): void;
  /** Must call `run` once. Containers are told of too, around the layers inside them. */
  around(call: LayerCall, run: () => void): void;
  /** What backward gets in place of an activation of which the layer said that it does not keep it. */
  unkept?(activation: Mat): Mat;
}

/** Two watches as one, `outer` around `inner`. */
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

const NOTHING: Requests = { saved: [], scratch: [] };

interface Watched<C> {
  readonly inner: C;
  readonly training: boolean;
  readonly requests: Requests;
}

function watchPlan<C>(p: Planner, plan: (p: Planner) => C): Watched<C> {
  // A container's planner arrives wrapped; what its children ask for is theirs.
  const planner = new RecordingPlanner(p instanceof RecordingPlanner ? p.inner : p);
  return { inner: plan(planner), training: p.training, requests: planner.requests };
}

/** A layer (or input layer) whose calls a watch hears of. */
export class WatchedLayer<C = unknown, X extends Tensor = Mat> implements Layer<Watched<C>, X> {
  readonly path: string;
  readonly type: string;
  readonly inCols: number;
  readonly outCols: number;
  readonly coupling: Coupling;
  readonly keeps: Layer['keeps'];
  readonly throughKernels: boolean;
  readonly macs: number;
  readonly children?: readonly Layer[];

  constructor(
    private readonly inner: Layer<C, X>,
    private readonly watch: LayerWatch,
  ) {
    this.path = inner.path;
    this.type = inner.type;
    this.inCols = inner.inCols;
    this.outCols = inner.outCols;
    this.coupling = inner.coupling;
    this.keeps = inner.keeps;
    this.throughKernels = inner.throughKernels ?? false;
    this.macs = inner.macs;
    if (inner.children) this.children = inner.children;
  }

  parameters(): Iterable<Parameter> {
    return this.inner.parameters();
  }

  plan(rows: number, p: Planner): Watched<C> {
    return watchPlan(p, (planner) => this.inner.plan(rows, planner));
  }

  prepare(k: Kernels, gradients: Precision): void {
    if (!this.inner.prepare) return;
    const { path, type } = this;
    const call = {
      path,
      type,
      container: this.children !== undefined,
      pass: 'prepare',
      training: false,
      requests: NOTHING,
      kept: [],
      reads: [],
      writes: [],
    } as const;
    this.watch.around(call, () => this.inner.prepare!(k, gradients));
  }

  forward(ctx: StepContext, x: X, y: Mat, cache: Watched<C>): void {
    this.watch.around(this.call('forward', x, y, cache, x, y), () =>
      this.inner.forward(ctx, x, y, cache.inner),
    );
  }

  backward(ctx: StepContext, x: X, y: Mat, dy: Mat, dx: Grad<X>, cache: Watched<C>): void {
    const { keeps, watch } = this;
    // Token ids are nothing that could be made unusable: what reads them reads them as indices.
    const xBack = keeps.input || dx === null || !watch.unkept ? x : (watch.unkept(x as Mat) as unknown as X);
    const yBack = keeps.output || !watch.unkept ? y : watch.unkept(y);
    watch.around(this.call('backward', x, y, cache, dy, dx), () =>
      this.inner.backward(ctx, xBack, yBack, dy, dx, cache.inner),
    );
  }

  private call(
    pass: Pass,
    x: X,
    y: Mat,
    { training, requests }: Watched<C>,
    read: Tensor,
    written: Mat | null,
  ): LayerCall {
    const { path, type, keeps } = this;
    const kept = [...(keeps.input ? [x] : []), ...(keeps.output ? [y] : [])];
    const container = this.children !== undefined;
    const reads = [read];
    return { path, type, pass, container, training, requests, kept, reads, writes: written ? [written] : [] };
  }
}

/** An objective whose calls a watch hears of. */
export class WatchedObjective<C = unknown> implements Objective<Watched<C>> {
  readonly path: string;
  readonly type: string;
  readonly inCols: number;
  readonly vocab: number;
  readonly macs: number;

  constructor(
    private readonly inner: Objective<C>,
    private readonly watch: LayerWatch,
  ) {
    this.path = inner.path;
    this.type = inner.type;
    this.inCols = inner.inCols;
    this.vocab = inner.vocab;
    this.macs = inner.macs;
  }

  parameters(): Iterable<Parameter> {
    return this.inner.parameters();
  }

  plan(rows: number, p: Planner): Watched<C> {
    return watchPlan(p, (planner) => this.inner.plan(rows, planner));
  }

  loss(
    ctx: StepContext,
    outNats: Mat,
    h: Mat,
    targets: SparseTargets,
    scale: number,
    dh: Mat | null,
    cache: Watched<C>,
  ): void {
    this.watch.around(this.call('loss', cache, h, dh ? [outNats, dh] : [outNats]), () =>
      this.inner.loss(ctx, outNats, h, targets, scale, dh, cache.inner),
    );
  }

  logits(ctx: StepContext, out: Mat, h: Mat, cache: Watched<C>): void {
    this.watch.around(this.call('logits', cache, h, [out]), () =>
      this.inner.logits(ctx, out, h, cache.inner),
    );
  }

  private call(pass: Pass, { requests }: Watched<C>, h: Mat, writes: readonly Mat[]): LayerCall {
    const { path, type } = this;
    return { path, type, pass, container: false, training: false, requests, kept: [], reads: [h], writes };
  }
}

/** `watchLayer` for a model's first layer. */
export function watchInput(input: InputLayer, watch: LayerWatch | undefined): InputLayer {
  return watch ? new WatchedLayer(input, watch) : input;
}

export function watchLayer(layer: Layer, watch: LayerWatch | undefined): Layer {
  return watch ? (new WatchedLayer(layer, watch) as Layer) : layer;
}

export function watchObjective(objective: Objective, watch: LayerWatch | undefined): Objective {
  return watch ? (new WatchedObjective(objective, watch) as Objective) : objective;
}
