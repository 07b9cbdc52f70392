import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Coupling, Layer, PrepareContext, StepContext } from '../core/layer.ts';
import { joinCouplings } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import { layerList } from '../core/slots.ts';
import type { Mat } from '../core/tensor.ts';

interface SequenceCache {
  /** Activation and gradient between layer i and i+1. */
  readonly values: readonly Mat[];
  readonly grads: readonly Mat[];
  readonly caches: readonly unknown[];
}

/** Layers one after another. */
export class Sequence implements Layer<SequenceCache> {
  readonly type = 'sequence';
  readonly inCols: number;
  readonly outCols: number;
  readonly coupling: Coupling;
  readonly keeps: Layer['keeps'];
  readonly throughKernels: boolean;
  readonly macs: number;

  /** `children` must not be empty, and each takes what the one before gives. */
  constructor(
    readonly path: string,
    readonly children: readonly Layer[],
  ) {
    const first = children[0]!;
    const last = children[children.length - 1]!;
    this.inCols = first.inCols;
    this.outCols = last.outCols;
    this.coupling = joinCouplings(children);
    this.keeps = { input: first.keeps.input, output: last.keeps.output };
    this.throughKernels = children.every((l) => l.throughKernels);
    this.macs = children.reduce((sum, l) => sum + l.macs, 0);
  }

  *parameters(): Iterable<Parameter> {
    for (const layer of this.children) yield* layer.parameters();
  }

  plan(rows: number, p: Planner): SequenceCache {
    // Layer i sees boundary i-1 as input and boundary i as output, so boundaries of one parity never meet: those that
    // no backward reads share memory, and so do all gradients.
    const shared = new Map<string, Mat>();
    const alternate = (what: string, i: number, { path, outCols }: Layer): Mat => {
      const key = `${what} ${i % 2} ${outCols}`;
      const m = shared.get(key) ?? p.scratch(`${this.path}/${what}`, rows, outCols);
      shared.set(key, m);
      return { ...m, label: `${path}/${what}` };
    };
    const between = this.children.slice(0, -1);
    const values = between.map((layer, i) =>
      p.training && (layer.keeps.output || this.children[i + 1]!.keeps.input)
        ? p.saved(`${layer.path}/out`, rows, layer.outCols)
        : alternate('out', i, layer),
    );
    const grads = p.training ? between.map((layer, i) => alternate('grad', i, layer)) : [];
    const caches = this.children.map((layer) => layer.plan(rows, p));
    for (const m of shared.values()) p.release(m);
    return { values, grads, caches };
  }

  prepare(ctx: PrepareContext): void {
    for (const layer of this.children) layer.prepare?.(ctx);
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { values, caches }: SequenceCache): void {
    for (let i = 0; i < this.children.length; i++) {
      this.children[i]!.forward(ctx, values[i - 1] ?? x, values[i] ?? y, caches[i]);
    }
  }

  backward(
    ctx: StepContext,
    x: Mat,
    y: Mat,
    dy: Mat,
    dx: Mat,
    { values, grads, caches }: SequenceCache,
  ): void {
    for (let i = this.children.length - 1; i >= 0; i--) {
      this.children[i]!.backward(
        ctx,
        values[i - 1] ?? x,
        values[i] ?? y,
        grads[i] ?? dy,
        grads[i - 1] ?? dx,
        caches[i],
      );
    }
  }
}

export const sequence = component({
  kind: 'layer',
  type: 'sequence',
  summary: 'Layers one after another; a list where a layer is expected is short for it.',
  main: 'layers',
  segment: null,
  schema: z.strictObject({ layers: layerList('The layers inside.') }),
  examples: [{ layers: ['silu', { ternary_linear: { out: 12 } }] }],
  create: ({ layers }, { path, inCols, build }) => new Sequence(path, [build(layers, inCols)]),
});
