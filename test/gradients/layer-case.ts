import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Kernels } from '../../src/core/kernels.ts';
import type { Layer, StepContext } from '../../src/core/layer.ts';
import { ParameterStore } from '../../src/core/parameter.ts';
import { Random } from '../../src/core/random.ts';
import { type Mat, mat } from '../../src/core/tensor.ts';
import { Workspace } from '../../src/core/workspace.ts';
import { buildLayers } from '../../src/recipes/build-model.ts';
import { type Component, EXAMPLE_COLS } from '../../src/recipes/component.ts';
import { RecipeReader } from '../../src/recipes/reader.ts';
import type { Registry } from '../../src/recipes/registry.ts';
import { toTree } from '../../src/recipes/tree.ts';

export const backend = createReferenceBackend('f64');
export const SEQ_LEN = 5;
export const ROWS = 2 * SEQ_LEN;

/** The entry of a model list that an example amounts to. */
function entryOf({ type, main }: Component, example: Readonly<Record<string, unknown>>): unknown {
  if (main === undefined) return { [type]: example };
  const { [main]: value, ...rest } = example;
  return { [type]: value, ...rest };
}

/** A layer made of a component's example, with memory, random values and a random gradient from above. */
export class LayerCase {
  readonly layer: Layer;
  readonly store: ParameterStore;
  readonly x: Mat;
  readonly y: Mat;
  readonly dy: Mat;
  readonly dx: Mat;
  private readonly cache: unknown;

  constructor(registry: Registry, component: Component, example: Readonly<Record<string, unknown>>) {
    const reader = new RecipeReader(registry);
    const place = { text: component.type, source: component.type, dir: '.', line: 0, column: 0 };
    const spec = reader.readLayer(toTree(entryOf(component, example), place), ['layer'], 'a test');
    reader.finish();
    this.layer = buildLayers([spec!], EXAMPLE_COLS, { backend, seqLen: SEQ_LEN });
    this.store = new ParameterStore([...this.layer.parameters()], backend);
    this.store.initialize(7);
    const random = new Random(7, component.type);
    // Gains start at 1 and mixes at 0: moved off those points, or a wrong factor there would not show.
    for (const p of this.store.all) {
      if (p.role !== 'gain') continue;
      for (let i = 0; i < p.size; i++) p.value.data[i]! += 0.3 * random.normal();
    }
    const { inCols, outCols } = this.layer;
    const filled = (label: string, cols: number): Mat => {
      const m = mat('f64', ROWS, cols, label);
      for (let i = 0; i < m.data.length; i++) m.data[i] = random.normal();
      return m;
    };
    this.x = filled('x', inCols);
    this.y = mat('f64', ROWS, outCols, 'y');
    this.dy = filled('dy', outCols);
    this.dx = mat('f64', ROWS, inCols, 'dx');
    this.cache = new Workspace(backend).plan(true, SEQ_LEN, (p) => this.layer.plan(ROWS, p));
  }

  /** Quantises the weights and runs forward; the sum of `y * dy`, whose gradient backward must give. */
  forward(k: Kernels): number {
    this.layer.prepare?.(k);
    this.layer.forward(this.context(k), this.x, this.y, this.cache);
    return Float64Array.from(this.y.data, (v, i) => v * this.dy.data[i]!).reduce((sum, v) => sum + v, 0);
  }

  backward(k: Kernels): void {
    // What a layer does not keep, others may have overwritten by now.
    const { keeps } = this.layer;
    if (!keeps.output) this.y.data.fill(Number.NaN);
    const x = this.x.data.slice();
    if (!keeps.input) this.x.data.fill(Number.NaN);
    this.layer.backward(this.context(k), this.x, this.y, this.dy, this.dx, this.cache);
    this.x.data.set(x);
  }

  private context(k: Kernels): StepContext {
    return { k, seqLen: SEQ_LEN, carry: false };
  }
}
