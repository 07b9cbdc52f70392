import type {
  Coupling,
  Grad,
  InputLayer,
  InTraining,
  Layer,
  Objective,
  PrepareContext,
  StepContext,
} from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner, Requests } from '../core/planner.ts';
import type { Mat, SparseTargets, Tensor } from '../core/tensor.ts';
import type { LayerCall, LayerWatch } from '../core/watch.ts';
import { layerFailure } from './layer-failure.ts';
import { RecordingPlanner } from './workspace.ts';

// Wraps every layer of a model: errors of a layer get its name, whoever calls it, and watches observe its calls. Without
// a watch nothing is allocated: closures are made only in methods for watched calls.

const NOTHING: Requests = { saved: [], scratch: [] };

interface Watched<C> {
  readonly inner: C;
  readonly training: boolean;
  readonly requests: Requests;
}

type Part<C> = Pick<Objective<C>, 'path' | 'type' | 'inCols' | 'macs' | 'parameters' | 'plan' | 'prepare'>;

/** What layers and objectives have in common. */
abstract class WatchedPart<C, P extends Part<C>> {
  readonly path: string;
  readonly type: string;
  readonly inCols: number;
  readonly macs: number;

  constructor(protected readonly inner: P) {
    this.path = inner.path;
    this.type = inner.type;
    this.inCols = inner.inCols;
    this.macs = inner.macs;
  }

  protected get container(): boolean {
    return false;
  }

  /** In full: a generator must throw here, not where its values are used. */
  parameters(): Iterable<Parameter> {
    try {
      return [...this.inner.parameters()];
    } catch (error) {
      throw layerFailure(error, this, 'parameters');
    }
  }

  prepare(ctx: PrepareContext): void {
    if (!this.inner.prepare) return;
    try {
      if (ctx.watch) this.prepareWatched(ctx.watch, ctx);
      else this.inner.prepare(ctx);
    } catch (error) {
      throw layerFailure(error, this, 'prepare');
    }
  }

  private prepareWatched(watch: LayerWatch, ctx: PrepareContext): void {
    const none = {
      container: this.container,
      training: false,
      requests: NOTHING,
      kept: [],
      reads: [],
      writes: [],
    };
    watch.around(this.call({ pass: 'prepare', ...none }), () => this.inner.prepare!(ctx));
  }

  plan(rows: number, p: Planner): Watched<C> {
    // A container's planner arrives wrapped; what its children ask for is theirs.
    const planner = new RecordingPlanner(p instanceof RecordingPlanner ? p.inner : p);
    try {
      return { inner: this.inner.plan(rows, planner), training: p.training, requests: planner.requests };
    } catch (error) {
      throw layerFailure(error, this, 'plan');
    }
  }

  protected call(
    of: Pick<LayerCall, 'pass' | 'container' | 'training' | 'requests' | 'kept' | 'reads' | 'writes'>,
  ): LayerCall {
    const { path, type } = this;
    return { ...of, path, type, parameters: () => this.parameters() };
  }
}

/** A layer (or input layer) of a model. */
export class WatchedLayer<C = unknown, X extends Tensor = Mat>
  extends WatchedPart<C, Layer<C, X>>
  implements Layer<Watched<C>, X>
{
  readonly outCols: number;
  readonly coupling: Coupling;
  readonly keeps: Layer['keeps'];
  readonly throughKernels: boolean;
  readonly growsTo?: 'context';
  readonly seesLater?: boolean;
  readonly inTraining?: InTraining;
  readonly children?: readonly Layer[];

  constructor(inner: Layer<C, X>, children: readonly Layer[] = []) {
    super(inner);
    this.outCols = inner.outCols;
    this.coupling = inner.coupling;
    this.keeps = inner.keeps;
    this.throughKernels = inner.throughKernels ?? false;
    if (inner.growsTo) this.growsTo = inner.growsTo;
    if (inner.seesLater) this.seesLater = inner.seesLater;
    if (inner.inTraining) this.inTraining = inner.inTraining;
    const inside = inner.children ?? children;
    if (inside.length > 0) this.children = inside;
  }

  protected override get container(): boolean {
    return this.children !== undefined;
  }

  forward(ctx: StepContext, x: X, y: Mat, cache: Watched<C>): void {
    const { watch } = ctx;
    try {
      if (watch) this.forwardWatched(watch, ctx, x, y, cache);
      else this.inner.forward(ctx, x, y, cache.inner);
    } catch (error) {
      throw layerFailure(error, this, 'forward');
    }
  }

  backward(ctx: StepContext, x: X, y: Mat, dy: Mat, dx: Grad<X>, cache: Watched<C>): void {
    const { watch } = ctx;
    try {
      if (watch) this.backwardWatched(watch, ctx, x, y, dy, dx, cache);
      else this.inner.backward(ctx, x, y, dy, dx, cache.inner);
    } catch (error) {
      throw layerFailure(error, this, 'backward');
    }
  }

  private forwardWatched(watch: LayerWatch, ctx: StepContext, x: X, y: Mat, cache: Watched<C>): void {
    const { container } = this;
    const { training, requests } = cache;
    const of = { container, training, requests, kept: this.kept(x, y), reads: [x], writes: [y] };
    watch.around(this.call({ pass: 'forward', ...of }), () => this.inner.forward(ctx, x, y, cache.inner));
  }

  private backwardWatched(
    watch: LayerWatch,
    ctx: StepContext,
    x: X,
    y: Mat,
    dy: Mat,
    dx: Grad<X>,
    cache: Watched<C>,
  ): void {
    const { keeps, container } = this;
    const { training, requests } = cache;
    // Token ids are nothing that could be made unusable: what reads them reads them as indices.
    const xBack = keeps.input || dx === null || !watch.unkept ? x : (watch.unkept(x as Mat) as unknown as X);
    const yBack = keeps.output || !watch.unkept ? y : watch.unkept(y);
    const writes = dx ? [dx] : [];
    const of = { container, training, requests, kept: this.kept(x, y), reads: [dy], writes };
    watch.around(this.call({ pass: 'backward', ...of }), () =>
      this.inner.backward(ctx, xBack, yBack, dy, dx, cache.inner),
    );
  }

  private kept(x: X, y: Mat): Tensor[] {
    return [...(this.keeps.input ? [x] : []), ...(this.keeps.output ? [y] : [])];
  }
}

/** The objective of a model. */
export class WatchedObjective<C = unknown>
  extends WatchedPart<C, Objective<C>>
  implements Objective<Watched<C>>
{
  readonly vocab: number;

  constructor(inner: Objective<C>) {
    super(inner);
    this.vocab = inner.vocab;
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
    const { watch } = ctx;
    try {
      if (watch) this.lossWatched(watch, ctx, outNats, h, targets, scale, dh, cache);
      else this.inner.loss(ctx, outNats, h, targets, scale, dh, cache.inner);
    } catch (error) {
      throw layerFailure(error, this, 'loss');
    }
  }

  logits(ctx: StepContext, out: Mat, h: Mat, cache: Watched<C>): void {
    const { watch } = ctx;
    try {
      if (watch) this.logitsWatched(watch, ctx, out, h, cache);
      else this.inner.logits(ctx, out, h, cache.inner);
    } catch (error) {
      throw layerFailure(error, this, 'logits');
    }
  }

  private lossWatched(
    watch: LayerWatch,
    ctx: StepContext,
    outNats: Mat,
    h: Mat,
    targets: SparseTargets,
    scale: number,
    dh: Mat | null,
    cache: Watched<C>,
  ): void {
    watch.around(this.objectiveCall('loss', cache, h, dh ? [outNats, dh] : [outNats]), () =>
      this.inner.loss(ctx, outNats, h, targets, scale, dh, cache.inner),
    );
  }

  private logitsWatched(watch: LayerWatch, ctx: StepContext, out: Mat, h: Mat, cache: Watched<C>): void {
    watch.around(this.objectiveCall('logits', cache, h, [out]), () =>
      this.inner.logits(ctx, out, h, cache.inner),
    );
  }

  private objectiveCall(
    pass: 'loss' | 'logits',
    { requests }: Watched<C>,
    h: Mat,
    writes: readonly Mat[],
  ): LayerCall {
    return this.call({ pass, container: false, training: false, requests, kept: [], reads: [h], writes });
  }
}

/** `watchLayer` for a model's first layer. */
export function watchInput(input: InputLayer): InputLayer {
  return new WatchedLayer(input);
}

/** `children` are the layers inside, of a layer that names none itself. */
export function watchLayer(layer: Layer, children: readonly Layer[] = []): Layer {
  return new WatchedLayer(layer, children) as Layer;
}

export function watchObjective(objective: Objective): Objective {
  return new WatchedObjective(objective) as Objective;
}
