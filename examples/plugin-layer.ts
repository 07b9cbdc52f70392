// A layer of your own, with its name in YAML. Try it: npx flashlm train examples/plugin-layer.yaml
import type { Layer, Mat, Planner, Plugin, StepContext } from 'flashlm';
import { component, Parameter, z } from 'flashlm';

/** What forward leaves for backward, and room for its gradient: both [rows x rank]. */
type LowRankCache = readonly [mid: Mat, dmid: Mat];

const MATRIX = { decay: true, matrix: true };

/** A linear layer through a bottleneck: `y = (x . A^T) . B^T` with A [rank x in] and B [out x rank]. */
class LowRank implements Layer<LowRankCache> {
  readonly type = 'low_rank';
  readonly coupling = 'row';
  readonly keeps = { input: true, output: false };
  readonly macs: number;
  private readonly a: Parameter;
  private readonly b: Parameter;

  constructor(
    readonly path: string,
    readonly inCols: number,
    readonly outCols: number,
    rank: number,
  ) {
    this.macs = rank * (inCols + outCols);
    this.a = new Parameter(`${path}.a`, rank, inCols, { normal: 1 / Math.sqrt(inCols) }, MATRIX);
    this.b = new Parameter(`${path}.b`, outCols, rank, { normal: 1 / Math.sqrt(rank) }, MATRIX);
  }

  parameters(): Iterable<Parameter> {
    return [this.a, this.b];
  }

  plan(rows: number, p: Planner): LowRankCache {
    const { rows: rank } = this.a;
    return [p.saved(`${this.path}/mid`, rows, rank), p.saved(`${this.path}/dmid`, rows, rank)];
  }

  forward({ kernels, compute }: StepContext, x: Mat, y: Mat, [mid]: LowRankCache): void {
    kernels.matmulTransB(mid, x, this.a.value, compute.products);
    kernels.matmulTransB(y, mid, this.b.value, compute.products);
  }

  backward(
    { kernels, compute }: StepContext,
    x: Mat,
    _y: Mat,
    dy: Mat,
    dx: Mat,
    [mid, dmid]: LowRankCache,
  ): void {
    kernels.matmulTransA(this.b.grad, dy, mid, compute.products);
    kernels.matmul(dmid, dy, this.b.value, compute.products);
    kernels.matmulTransA(this.a.grad, dmid, x, compute.products);
    kernels.matmul(dx, dmid, this.a.value, compute.products);
  }
}

const lowRank = component({
  kind: 'layer',
  type: 'low_rank',
  summary: 'A linear layer through a bottleneck.',
  schema: z.strictObject({ rank: z.int().min(1), out: z.int().min(1) }),
  examples: [{ rank: 3, out: 8 }],
  create: ({ rank, out }, { path, inCols }) => new LowRank(path, inCols, out, rank),
});

export default { name: 'low-rank', register: (add) => add(lowRank) } satisfies Plugin;
