import { checkArguments } from '../backends/checked/check-arguments.ts';
import { createReferenceBackend } from '../backends/reference/index.ts';
import { StraightThrough } from '../backends/straight-through.ts';
import { composeModel } from '../compose/run.ts';
import type { Backend } from '../core/backend.ts';
import type { Kernels } from '../core/kernels.ts';
import type { Layer } from '../core/layer.ts';
import { Random } from '../core/random.ts';
import { buildModel } from '../recipes/build-model.ts';
import type { Recipe } from '../recipes/load.ts';
import { BatchRunner } from '../runtime/batch-runner.ts';
import type { Pass } from '../runtime/context.ts';
import { layerFailure } from '../runtime/layer-failure.ts';
import type { Model } from '../runtime/model.ts';
import { DenseRows } from '../runtime/rows.ts';
import {
  type ComparedDerivatives,
  compareDerivatives,
  derivative,
  dot,
  FINER,
  ROUNDINGS,
} from './derivatives.ts';
import { causeOfHoles } from './hole-cause.ts';
import { LayerCase } from './layer-case.ts';

/** How one gradient compares with finite differences of the smooth function that approximates its layer. */
export interface GradientResult extends ComparedDerivatives {
  /** Path of the layer; `model` for the loss of the whole model. */
  readonly layer: string;
  readonly type: string;
  /** `x`, or the name of a parameter. */
  readonly of: string;
  /** Derivatives that were compared. */
  readonly probes: number;
  readonly bound: number;
  /** Why backward left no numbers, where that can be told. */
  readonly cause?: string;
  /** Quantisers that were replaced by their linearisation: `absmean`, `ternary`. */
  readonly surrogate: readonly string[];
}

/** Whether a gradient is the one it claims to be. NaN is not. */
export const isRight = ({ worst, bound }: GradientResult): boolean => worst <= bound;

/** One layer alone: errors are those of float64 differences alone. */
const LAYER_STEP = 1e-5;
const LAYER_BOUND = 1e-7;
/** Through a whole model the third derivative counts, hence the wider step and bound. */
const MODEL_STEP = 1e-4;
const MODEL_BOUND = 1e-5;

/** Evenly spread places in `length` elements, at most `most`. */
function spread(length: number, most: number): number[] {
  const count = Math.min(length, most);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * length) / count));
}

/**
 * Compares all gradients of one layer, which must be made for the float64 reference, with central differences of its
 * forward at up to `probes` elements each; every element by default. `onProbe` is called after each.
 */
export function checkLayer(
  test: LayerCase,
  kernels: Kernels,
  probes = Number.POSITIVE_INFINITY,
  onProbe: () => void = () => {},
): GradientResult[] {
  const { layer } = test;
  const smooth = new StraightThrough(kernels);
  const base = smooth.record();
  test.forward(base);
  const surrogate = smooth.quantizers;
  // Before backward, which may find y made unusable.
  let terms = test.lossTerms();
  test.backwardAfresh(base);
  const gradients = test.gradients();
  let cause: string | undefined;
  const explain = (): string => {
    cause ??= causeOfHoles(test, () => smooth.record());
    return cause;
  };
  const loss = (): number => {
    const value = test.forward(smooth.replay());
    // Where a product of zeros has a slope of 0, all there is to round is what a step makes of it.
    terms = Math.max(terms, test.lossTerms());
    return value;
  };
  return gradients.map(({ of, values, gradient }) => {
    const at = spread(values.length, probes);
    const differenceAt = (i: number, step: number): number => {
      const value = values[i]!;
      const move = (by: number): void => {
        values[i]! += by;
      };
      const difference = derivative(move, loss, step);
      values[i] = value;
      return difference;
    };
    const differences = at.map((i) => {
      const difference = differenceAt(i, LAYER_STEP);
      onProbe();
      return difference;
    });
    const { path, type } = layer;
    const compared = compareDerivatives({
      found: at.map((i) => gradient[i]!),
      differences,
      finer: (k) => differenceAt(at[k]!, LAYER_STEP / FINER),
      bound: LAYER_BOUND,
      rounding: (ROUNDINGS * terms) / LAYER_STEP,
      size: Math.sqrt(dot(differences, differences) / differences.length),
    });
    // A hole may lie between the elements that are looked at.
    const worst = gradient.every(Number.isFinite) ? compared.worst : Number.NaN;
    const result = { ...compared, worst, bound: LAYER_BOUND, surrogate };
    return {
      layer: path,
      type,
      of,
      probes: at.length,
      ...result,
      ...(!Number.isFinite(worst) && { cause: explain() }),
    };
  });
}

export interface GradcheckOptions {
  /** Elements of each gradient of a layer that are looked at. */
  readonly probes: number;
  /** Called after each derivative with the share of the work that is done, from 0 to 1, and the layer. */
  readonly onProgress?: (share: number, layer: string) => void;
}

const SEQ_LEN = 5;
const SEQUENCES = 2;

/**
 * Checks a recipe's gradients in float64 on the reference backend: each layer alone, then the loss of the whole
 * model along one random direction of each parameter, with everything between: residuals, shared tables, blocks.
 */
export function checkGradients(recipe: Recipe, { probes, onProgress }: GradcheckOptions): GradientResult[] {
  const backend = checkArguments(createReferenceBackend('f64'));
  const { body, objective } = buildModel(recipe.model, { seqLen: SEQ_LEN });
  const layers = leaves(body);
  const short = { ...recipe, data: { ...recipe.data, seq_len: SEQ_LEN } };
  const model = new ModelCase((for64) => composeModel(short, for64), backend);
  // A wide layer takes a thousand times longer than a narrow one; the whole model runs on twice the rows.
  const modelCost = 2 * (layers.reduce((sum, layer) => sum + rowCost(layer), 0) + objective.macs);
  const layerCost = layers.reduce((sum, layer) => sum + rowCost(layer) * probesOf(layer, probes), 0);
  const total = layerCost + modelCost * model.parameters;
  let done = 0;
  const advance = (cost: number, where: string): void => {
    done += cost;
    onProgress?.(Math.min(done / total, 1), where);
  };
  const results: GradientResult[] = [];
  for (const layer of layers) {
    advance(0, layer.path);
    try {
      const test = new LayerCase(layer, backend, { sequences: SEQUENCES, seqLen: SEQ_LEN });
      const onProbe = (): void => advance(rowCost(layer), layer.path);
      results.push(...checkLayer(test, backend.kernels, probes, onProbe));
    } catch (error) {
      throw layerFailure(error, layer);
    }
  }
  for (const result of model.check()) {
    results.push(result);
    advance(modelCost, result.of);
  }
  return results;
}

/** Forward of one row; layers without multiply-accumulates still touch their columns. */
const rowCost = ({ macs, inCols, outCols }: Layer): number => macs + inCols + outCols;

/** Derivatives that are taken of one layer: of its input and of each parameter. */
function probesOf(layer: Layer, probes: number): number {
  const sizes = [SEQUENCES * SEQ_LEN * layer.inCols, ...[...layer.parameters()].map(({ size }) => size)];
  return sizes.reduce((sum, size) => sum + Math.min(size, probes), 0);
}

function leaves(layer: Layer): Layer[] {
  return layer.children ? layer.children.flatMap(leaves) : [layer];
}

/** A whole model on a few random tokens. */
export class ModelCase {
  private kernels: Kernels;
  private readonly model: Model;
  private readonly runner: BatchRunner;
  private readonly rows: ReturnType<DenseRows['of']>;
  private readonly tokens = 4 * SEQ_LEN;

  /** `compose` makes a model of sequences of any length, with its first values, on the float64 backend it gets. */
  constructor(
    compose: (backend: Backend) => Model,
    private readonly reference: Backend,
  ) {
    this.kernels = this.reference.kernels;
    const current = () => this.kernels;
    const backend: Backend = {
      ...this.reference,
      get kernels() {
        return current();
      },
    };
    this.model = compose(backend);
    const { tokens, model } = this;
    // Blocks of two sequences, so that gradients add up over blocks.
    this.runner = new BatchRunner(model, {
      seqLen: SEQ_LEN,
      blockRows: 2 * SEQ_LEN,
      maxRows: tokens,
      maxEntries: tokens,
      training: true,
    });
    const random = new Random(5, 'gradcheck');
    const draw = () => Int32Array.from({ length: tokens }, () => random.uint32() % model.vocab);
    this.rows = new DenseRows(tokens).of(draw(), draw(), tokens);
  }

  get parameters(): number {
    return this.model.store.all.length;
  }

  *check(): Iterable<GradientResult> {
    const { model, runner, rows, tokens, reference } = this;
    const smooth = new StraightThrough(reference.kernels);
    this.kernels = smooth.record();
    const pass = (): Pass => ({ training: true, kernels: this.kernels });
    model.prepare();
    model.store.zeroGrads();
    const nats = runner.train(rows, 1 / tokens, pass());
    const gradients = model.store.all.map((p) => p.grad.data.slice());
    const surrogate = smooth.quantizers;
    const rounding = (ROUNDINGS * nats) / tokens / MODEL_STEP;
    const loss = (): number => {
      this.kernels = smooth.replay();
      model.prepare();
      return runner.evaluate(rows, pass()) / tokens;
    };
    for (const [i, p] of model.store.all.entries()) {
      const gradient = gradients[i]!;
      const random = new Random(11, p.name);
      const direction = Float64Array.from({ length: p.size }, () => random.normal());
      const norm = Math.sqrt(dot(direction, direction));
      const values = p.value.data;
      const before = values.slice();
      const move = (by: number): void => {
        for (let j = 0; j < p.size; j++) values[j]! += (by * direction[j]!) / norm;
      };
      const slopeAt = (step: number): number => {
        const slope = derivative(move, loss, step);
        (values as Float64Array).set(before);
        return slope;
      };
      const compared = compareDerivatives({
        found: [dot(gradient, direction) / norm],
        differences: [slopeAt(MODEL_STEP)],
        finer: () => slopeAt(MODEL_STEP / FINER),
        bound: MODEL_BOUND,
        rounding,
        // What a random direction of length 1 meets of the gradient on average.
        size: Math.sqrt(dot(gradient, gradient) / p.size),
      });
      yield {
        layer: 'model',
        type: 'loss',
        of: p.name,
        probes: 1,
        ...compared,
        bound: MODEL_BOUND,
        surrogate,
      };
    }
  }
}
