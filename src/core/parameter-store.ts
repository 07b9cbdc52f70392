import { allocateMat, allocateTensor } from './allocate.ts';
import type { Backend } from './backend.ts';
import type { Kernels } from './kernels.ts';
import { FlatLayout, type Parameter } from './parameter.ts';
import { Random } from './random.ts';
import type { Mat, TernaryWeight } from './tensor.ts';

/**
 * All parameters of a model in one flat array and their gradients in a second, so that the gradient norm, checkpoints and
 * an all-reduce are each one pass over one array.
 */
export class ParameterStore {
  /** Values and gradients of all parameters, padding included (always 0), as one row. */
  readonly values: Mat;
  readonly grads: Mat;

  constructor(
    readonly all: readonly Parameter[],
    backend: Backend,
  ) {
    const layout = new FlatLayout(all);
    this.values = allocateMat(backend, 1, layout.length, 'parameters');
    this.grads = allocateMat(backend, 1, layout.length, 'gradients');
    for (const p of all) {
      p.value = layout.slice(this.values, p, p.name);
      p.grad = layout.slice(this.grads, p, `grad(${p.name})`);
      if (p.quantised) p.ternary = ternaryWeight(p, backend);
      if (p.isDense) p.dense = allocateMat(backend, p.rows, p.cols, `${p.name}/dense`);
      for (const use of p.uses) {
        use.grad = allocateMat(backend, p.rows, p.cols, `shared grad(${p.name})`);
      }
    }
  }

  /** Number of learned values. */
  get count(): number {
    return this.all.reduce((sum, p) => sum + p.size, 0);
  }

  /**
   * First values from the seed; each parameter has its own stream, named by its path. They are float32 numbers on every
   * backend, so that a run in float64 starts where one in float32 does.
   */
  initialize(seed: number): void {
    for (const p of this.all) {
      if ('constant' in p.init) {
        p.value.data.fill(p.init.constant);
        continue;
      }
      const { init } = p;
      const random = new Random(seed, p.name);
      const draw = 'normal' in init ? () => init.normal * random.normal() : () => init.draw(random.uniform());
      for (let i = 0; i < p.size; i++) p.value.data[i] = Math.fround(draw());
    }
  }

  zeroGrads(): void {
    this.grads.data.fill(0);
    for (const p of this.all) for (const use of p.uses) use.grad.data.fill(0);
  }

  /** Adds the gradients of shared uses to their parameters', after a batch. */
  foldUses(k: Kernels): void {
    for (const p of this.all) {
      for (const use of p.uses) {
        if (use.fold) use.fold(k);
        else k.add(p.grad, p.grad, use.grad);
        use.grad.data.fill(0);
      }
    }
  }
}

function ternaryWeight({ name, rows, cols, rowScales }: Parameter, backend: Backend): TernaryWeight {
  const scale = allocateMat(backend, 1, 1, `${name}/scale`);
  if (rowScales) scale.data[0] = 1;
  const packedBytes = backend.packedTernaryBytes(rows, cols);
  return {
    codes: allocateTensor(backend, 'i8', rows, cols, `${name}/codes`),
    scale,
    rowScale: rowScales ? allocateMat(backend, rows, 1, `${name}/row scale`) : null,
    packed: allocateTensor(backend, 'u8', 1, packedBytes, `${name}/packed`),
  };
}
