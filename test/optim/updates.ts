import type { Backend } from '../../src/core/backend.ts';
import { memoryOf } from '../../src/core/memory.ts';
import type { Optimizer, UpdateStep } from '../../src/core/optimizer.ts';
import { Parameter } from '../../src/core/parameter.ts';
import { ParameterStore } from '../../src/core/parameter-store.ts';
import { Random } from '../../src/core/random.ts';
import type { AdamW } from '../../src/optim/adamw.ts';
import type { Lion } from '../../src/optim/lion.ts';
import type { Muon } from '../../src/optim/muon.ts';
import type { Sgd } from '../../src/optim/sgd.ts';

const [LR, DECAY, STEPS] = [0.05, 0.1, 3];

/** The optimisers that a mutation may replace. */
export interface Optimizers {
  readonly Sgd: typeof Sgd;
  readonly AdamW: typeof AdamW;
  readonly Lion: typeof Lion;
  readonly Muon: typeof Muon;
}

/** What a parameter's values become under its gradients, in plain loops. */
type Course = (start: Float64Array, gradients: readonly Float64Array[], p: Parameter) => Float64Array;

/** A course of each value by itself. */
const elementwise =
  (course: (start: number, gradients: readonly number[], decay: number) => number): Course =>
  (start, gradients, p) =>
    start.map((value, i) =>
      course(
        value,
        gradients.map((g) => g[i]!),
        p.decay ? DECAY : 0,
      ),
    );

const sgd = elementwise((start, gradients, decay) => {
  let [p, v] = [start, 0];
  for (const g of gradients) {
    v = 0.9 * v + g + decay * p;
    p -= LR * v;
  }
  return p;
});

const adamW = elementwise((start, gradients, decay) => {
  let [p, m, v] = [start, 0, 0];
  gradients.forEach((g, i) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.99 * v + 0.01 * g * g;
    const step = m / (1 - 0.9 ** (i + 1)) / (Math.sqrt(v / (1 - 0.99 ** (i + 1))) + 1e-8);
    p = p - LR * decay * p - LR * step;
  });
  return p;
});

const lion = elementwise((start, gradients, decay) => {
  let [p, m] = [start, 0];
  for (const g of gradients) {
    p -= LR * (Math.sign(0.9 * m + 0.1 * g) + decay * p);
    m = 0.99 * m + 0.01 * g;
  }
  return p;
});

type Matrix = readonly (readonly number[])[];
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const each = (f: (...values: number[]) => number, ...all: readonly Matrix[]): Matrix =>
  all[0]!.map((row, i) => row.map((_, j) => f(...all.map((m) => m[i]![j]!))));

/** As published: transposed where tall, five iterations. */
function orthogonal(matrix: Matrix): Matrix {
  const tall = matrix.length > matrix[0]!.length;
  const norm = Math.hypot(...matrix.flat()) + 1e-7;
  let x = each((v) => v / norm, tall ? transposed(matrix) : matrix);
  for (let i = 0; i < 5; i++) {
    const a = product(x, transposed(x));
    const b = each((one, two) => -4.775 * one + 2.0315 * two, a, product(a, a));
    x = each((one, two) => 3.4445 * one + two, x, product(b, x));
  }
  return tall ? transposed(x) : x;
}

/** Of blocks of rows, each by itself, with the published running mean. */
const muon =
  (nesterov: boolean, scale: (rows: number, cols: number) => number): Course =>
  (start, gradients, p) => {
    const result = new Float64Array(start.length);
    let first = 0;
    for (const rows of p.parts) {
      const take = (values: Float64Array): Matrix =>
        Array.from({ length: rows }, (_, i) => [
          ...values.subarray((first + i) * p.cols, (first + i + 1) * p.cols),
        ]);
      let weight = take(start);
      let mean = each(() => 0, weight);
      for (const gradient of gradients.map(take)) {
        mean = each((m, g) => m + (g - m) * 0.05, mean, gradient);
        const direction = nesterov ? each((g, m) => g + (m - g) * 0.95, gradient, mean) : mean;
        const size = LR * scale(rows, p.cols);
        const step = orthogonal(direction);
        weight = each((w, u) => w * (1 - LR * (p.decay ? DECAY : 0)) - size * u, weight, step);
      }
      result.set(weight.flat(), first * p.cols);
      first += rows;
    }
    return result;
  };

const keller = (rows: number, cols: number): number => Math.max(1, rows / cols) ** 0.5;
const moonlight = (rows: number, cols: number): number => 0.2 * Math.max(rows, cols) ** 0.5;

const matrix = (name: string, rows: number, cols: number, parts?: readonly number[]): Parameter =>
  new Parameter(name, rows, cols, { normal: 1 }, { decay: true, matrix: true, ...(parts && { parts }) });
const MATRICES = () => [
  matrix('wide', 3, 5),
  matrix('tall', 7, 2),
  matrix('square', 4, 4),
  matrix('fused', 6, 3, [1, 3, 2]),
];
const OTHERS = () => [
  new Parameter('ternary', 3, 4, { normal: 1 }, { decay: true, matrix: true, quantised: true }),
  new Parameter('table', 2, 3, { normal: 1 }, { decay: true, table: 'embedding' }),
  new Parameter('gain', 1, 5, { constant: 1 }),
];

export const stepOf = (step: number, lr: number): UpdateStep => ({
  step,
  lr,
  decayFactor: 1,
  tokens: 1,
  products: 'f32',
});

/** Throws unless three updates of random gradients take the parameters where the course does, within `bound`. */
function follow(
  optimizer: Optimizer,
  backend: Backend,
  parameters: readonly Parameter[],
  course: Course,
  bound: number,
): void {
  const store = new ParameterStore(parameters, backend);
  store.initialize(3);
  const starts = parameters.map((p) => Float64Array.from(p.value.data));
  const plan = optimizer.plan(parameters, memoryOf(backend));
  const random = new Random(3, 'gradients');
  const seen = parameters.map((): Float64Array[] => []);
  for (let step = 1; step <= STEPS; step++) {
    for (const [i, p] of parameters.entries()) {
      for (let j = 0; j < p.size; j++) p.grad.data[j] = random.normal();
      seen[i]!.push(Float64Array.from(p.grad.data));
    }
    plan.update(backend.kernels, stepOf(step, LR));
  }
  for (const [i, p] of parameters.entries()) {
    const expected = course(starts[i]!, seen[i]!, p);
    for (let j = 0; j < p.size; j++) {
      if (!(Math.abs(p.value.data[j]! - expected[j]!) <= bound))
        throw new Error(`${optimizer.type} made ${p.name}[${j}] ${p.value.data[j]}, expected ${expected[j]}`);
    }
  }
}

/** Throws unless three updates are those of the formulas, in float64 plain loops, with no weight decay for gains. */
export function expectUpdates(optimizers: Optimizers, backend: Backend, bound = 1e-12): void {
  const weightDecay = DECAY;
  const all = () => [...OTHERS(), ...MATRICES()];
  follow(new optimizers.Sgd({ lr: LR, momentum: 0.9, weightDecay }), backend, all(), sgd, bound);
  const adam = new optimizers.AdamW({ lr: LR, betas: [0.9, 0.99], eps: 1e-8, weightDecay });
  follow(adam, backend, all(), adamW, bound);
  follow(new optimizers.Lion({ lr: LR, betas: [0.9, 0.99], weightDecay }), backend, all(), lion, bound);
  for (const [nesterov, scale, formula] of [
    [true, 'keller', keller],
    [false, 'moonlight', moonlight],
  ] as const) {
    const rule = new optimizers.Muon({ lr: LR, momentum: 0.95, nesterov, weightDecay, steps: 5, scale });
    // Newton-Schulz iterations multiply rounding errors.
    follow(rule, backend, MATRICES(), muon(nesterov, formula), 10 * bound);
  }
}
