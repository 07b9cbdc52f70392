import type { OpName } from '../../core/kernels.ts';
import { flatArgs, flatValues } from '../../core/ops/calls.ts';
import { sharesMemory, type Tensor } from '../../core/tensor.ts';
import type { LayerCall, LayerWatch } from '../../core/watch.ts';

/** A layer with results that no kernel wrote, so comparing kernel calls could not check them. */
export type UncomparedLayer = Pick<LayerCall, 'path' | 'type' | 'pass'>;

/** Finds the layers that write results in their own loops instead of calling kernels. */
export class UncomparedLayers implements LayerWatch {
  private readonly found = new Map<string, UncomparedLayer>();
  /** Tensors that kernels wrote inside each running layer, the outermost layer first. */
  private readonly running: Tensor[][] = [];

  /** `isDue`: whether this step's kernel calls are compared. */
  constructor(private readonly isDue: () => boolean) {}

  /** Every layer and pass once, in the order of discovery. */
  get layers(): readonly UncomparedLayer[] {
    return [...this.found.values()];
  }

  /** Must be called after each kernel call. */
  noteWrites(op: OpName, values: readonly unknown[]): void {
    if (this.running.length === 0) return;
    const args = flatArgs(op);
    flatValues(op, values).forEach((value, i) => {
      const arg = args[i]!;
      if (arg.kind !== 'tensor' || arg.role === 'in' || value === null) return;
      for (const written of this.running) written.push(value as Tensor);
    });
  }

  around(call: LayerCall, run: () => void): void {
    const written: Tensor[] = [];
    this.running.push(written);
    try {
      run();
    } finally {
      this.running.pop();
    }
    const { path, type, pass, container, writes } = call;
    if (container || !this.isDue()) return;
    if (writes.every((t) => written.some((other) => sharesMemory(t.data, other.data)))) return;
    this.found.set(`${path} ${pass}`, { path, type, pass });
  }
}

/** Layers grouped by type, `square (blocks.0.square, blocks.1.square)`; undefined if there are none. */
export function describeUncompared(layers: readonly UncomparedLayer[]): string | undefined {
  if (layers.length === 0) return undefined;
  const paths = new Map<string, Set<string>>();
  for (const { type, path } of layers) paths.set(type, (paths.get(type) ?? new Set()).add(path));
  const parts = [...paths].map(([type, all]) => {
    const some = [...all].slice(0, 3).join(', ');
    return `${type} (${some}${all.size > 3 ? `, ${all.size - 3} more` : ''})`;
  });
  return `${parts.join(', ')}: results written in loops, without kernels`;
}
