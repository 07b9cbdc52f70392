import type { Backend } from '../../src/core/backend.ts';
import { memoryOf } from '../../src/core/memory.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { Parameter, ParameterStore } from '../../src/core/parameter.ts';
import { Random } from '../../src/core/random.ts';
import type { AdamW } from '../../src/optim/adamw.ts';
import type { Sgd } from '../../src/optim/sgd.ts';

const [LR, DECAY, STEPS] = [0.05, 0.1, 3];

/** One value's course under its gradients. */
type Course = (start: number, gradients: readonly number[], decay: number) => number;

const sgd: Course = (start, gradients, decay) => {
  let [p, v] = [start, 0];
  for (const g of gradients) {
    v = 0.9 * v + g + decay * p;
    p -= LR * v;
  }
  return p;
};

const adamW: Course = (start, gradients, decay) => {
  let [p, m, v] = [start, 0, 0];
  gradients.forEach((g, i) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.99 * v + 0.01 * g * g;
    const step = m / (1 - 0.9 ** (i + 1)) / (Math.sqrt(v / (1 - 0.99 ** (i + 1))) + 1e-8);
    p = p - LR * decay * p - LR * step;
  });
  return p;
};

function follow(optimizer: Optimizer, backend: Backend, course: Course): void {
  const parameters = [
    new Parameter('matrix', 3, 4, { normal: 1 }, { decay: true, matrix: true, quantised: true }),
    new Parameter('table', 2, 3, { normal: 1 }, { decay: true, table: 'embedding' }),
    new Parameter('plain', 2, 2, { normal: 1 }, { decay: true, matrix: true }),
    new Parameter('gain', 1, 5, { constant: 1 }),
  ];
  const store = new ParameterStore(parameters, backend);
  store.initialize(3);
  const starts = parameters.map((p) => p.value.data.slice());
  const plan = optimizer.plan(parameters, memoryOf(backend));
  const random = new Random(3, 'gradients');
  const seen = parameters.map((p) => Array.from({ length: p.size }, (): number[] => []));
  for (let step = 1; step <= STEPS; step++) {
    for (const [i, p] of parameters.entries())
      for (let j = 0; j < p.size; j++) {
        p.grad.data[j] = random.normal();
        seen[i]![j]!.push(p.grad.data[j]!);
      }
    plan.update(backend.kernels, { step, lr: LR, decayFactor: 1, tokens: 1, products: 'f32' });
  }
  for (const [i, p] of parameters.entries()) {
    for (let j = 0; j < p.size; j++) {
      const expected = course(starts[i]![j]!, seen[i]![j]!, p.decay ? DECAY : 0);
      if (!(Math.abs(p.value.data[j]! - expected) <= 1e-12))
        throw new Error(`${optimizer.type} made ${p.name}[${j}] ${p.value.data[j]}, expected ${expected}`);
    }
  }
}

/** Throws unless three updates are those of the formulas, in float64, with no weight decay for gains. */
export function expectUpdates(
  optimizers: { readonly Sgd: typeof Sgd; readonly AdamW: typeof AdamW },
  backend: Backend,
): void {
  const weightDecay = DECAY;
  follow(new optimizers.Sgd({ lr: LR, momentum: 0.9, weightDecay }), backend, sgd);
  follow(new optimizers.AdamW({ lr: LR, betas: [0.9, 0.99], eps: 1e-8, weightDecay }), backend, adamW);
}
