import type { OpName } from '../../core/kernels.ts';
import { flatArgs, flatValues } from '../../core/ops/calls.ts';
import { sharesMemory, type Tensor } from '../../core/tensor.ts';
import type { LayerCall, LayerWatch } from '../../core/watch.ts';

/** A layer whose results no kernel wrote: nothing that looks at kernel calls has seen them. */
export type LoopLayer = Pick<LayerCall, 'path' | 'type' | 'pass'>;

/** Finds the layers that write results in their own loops. */
export class LoopLayers implements LayerWatch {
  private readonly found = new Map<string, LoopLayer>();
  /** What kernels wrote within each layer that is at work, the outermost first. */
  private readonly open: Tensor[][] = [];

  /** `isDue`: whether kernel calls are being looked at. */
  constructor(private readonly isDue: () => boolean) {}

  /** In the order in which they were found, each pass once. */
  get layers(): readonly LoopLayer[] {
    return [...this.found.values()];
  }

  /** After a call of a kernel. */
  noteWrites(op: OpName, values: readonly unknown[]): void {
    if (this.open.length === 0) return;
    const args = flatArgs(op);
    flatValues(op, values).forEach((value, i) => {
      const arg = args[i]!;
      if (arg.kind !== 'tensor' || arg.role === 'in' || value === null) return;
      for (const written of this.open) written.push(value as Tensor);
    });
  }

  around(call: LayerCall, run: () => void): void {
    const written: Tensor[] = [];
    this.open.push(written);
    try {
      run();
    } finally {
      this.open.pop();
    }
    const { path, type, pass, container, writes } = call;
    if (container || !this.isDue()) return;
    if (writes.every((t) => written.some((other) => sharesMemory(t.data, other.data)))) return;
    this.found.set(`${path} ${pass}`, { path, type, pass });
  }
}

/** `square (blocks.0.square, blocks.1.square)`: layers by type, for people; undefined where there is none. */
export function describeLoopLayers(layers: readonly LoopLayer[]): string | undefined {
  if (layers.length === 0) return undefined;
  const paths = new Map<string, Set<string>>();
  for (const { type, path } of layers) paths.set(type, (paths.get(type) ?? new Set()).add(path));
  const parts = [...paths].map(([type, all]) => {
    const some = [...all].slice(0, 3).join(', ');
    return `${type} (${some}${all.size > 3 ? `, ${all.size - 3} more` : ''})`;
  });
  return `${parts.join(', ')}: results written in loops, without kernels`;
}
