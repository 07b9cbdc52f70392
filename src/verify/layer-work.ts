import type { Layer } from '../core/layer.ts';
import type { LayerCall, LayerWatch } from '../core/watch.ts';
import type { Model } from '../runtime/model.ts';

/** What an element of a layer's output costs beside its multiply-accumulates: norms and activations have none. */
const ELEMENT_WORK = 4;

interface Costly {
  readonly path: string;
  readonly macs: number;
  readonly outCols: number;
}

const costOf = ({ macs, outCols }: Pick<Costly, 'macs' | 'outCols'>): number => macs + ELEMENT_WORK * outCols;

/** Adds up the work of layer calls as they end, in multiply-accumulates: for telling how far slow training is. */
export class LayerWork implements LayerWatch {
  private readonly costs = new Map<string, number>();
  private done = 0;

  constructor(private readonly onDone: (done: number) => void) {}

  /** One row through all of `model`, forward and backward. */
  ofRow({ input, body, objective }: Model): number {
    const head = { path: objective.path, macs: objective.macs, outCols: objective.vocab };
    for (const layer of [...leaves(input), ...leaves(body), head]) this.costs.set(layer.path, costOf(layer));
    return 3 * [...this.costs.values()].reduce((sum, cost) => sum + cost, 0);
  }

  jumpTo(done: number): void {
    this.done = done;
    this.onDone(done);
  }

  around({ path, pass, container, reads }: LayerCall, run: () => void): void {
    run();
    if (container || pass === 'prepare') return;
    // The loss runs the head forward and backward, and its gradient to the table.
    const times = { forward: 1, logits: 1, backward: 2, loss: 3 }[pass];
    this.done += times * (reads[0]?.rows ?? 0) * (this.costs.get(path) ?? 0);
    this.onDone(this.done);
  }
}

function leaves(layer: Pick<Layer, 'children'> & Costly): Costly[] {
  return layer.children ? layer.children.flatMap(leaves) : [layer];
}
