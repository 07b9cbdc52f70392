import { z } from 'zod';
import { component } from '../core/component.ts';
import type { StepContext } from '../core/layer.ts';
import type { Mat } from '../core/tensor.ts';
import {
  type Heads,
  headOptions,
  headsOf,
  MatrixState,
  type MatrixStateCache,
  scaleOption,
} from './matrix-state.ts';

/**
 * The gated delta rule on columns [q | k | v | beta | log decay]; q and k are divided by their norms. With
 * `D = diag(a_t) S_{t-1}` each head computes `S_t = D + b_t k_t (v_t - D^T k_t)^T` and `y_t = scale * S_t^T q_t`.
 */
export class Delta extends MatrixState {
  readonly type = 'delta';

  constructor(
    path: string,
    inCols: number,
    heads: Heads,
    private readonly options: { readonly scale: number; readonly eps: number },
  ) {
    super(path, inCols, heads);
  }

  forward({ kernels, starts, seqLen }: StepContext, x: Mat, y: Mat, { state }: MatrixStateCache): void {
    const { keyHeads, group, keys } = this.heads;
    const { scale, eps } = this.options;
    kernels.delta(y, state, x, scale, eps, keyHeads, group, keys, starts, seqLen);
  }

  backward({ kernels, starts, seqLen }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    const { keyHeads, group, keys } = this.heads;
    const { scale, eps } = this.options;
    kernels.deltaGrad(dx, dy, x, scale, eps, keyHeads, group, keys, starts, seqLen);
  }
}

export const delta = component({
  kind: 'layer',
  type: 'delta',
  summary:
    'The gated delta rule on columns q, k, v, beta, log decay: as gla, but v replaces what the matrix has under k, by as much as beta says.',
  schema: z.strictObject({
    ...headOptions,
    decay: z
      .enum(['head', 'channel', 'none'])
      .default('head')
      .describe('Log-decay columns: one for each head, one for each channel of a key, or none.'),
    scale: scaleOption,
    eps: z
      .number()
      .min(0)
      .default(1e-6)
      .describe('Added to the sum of squares that queries and keys are divided by the root of.'),
  }),
  examples: [
    { heads: 1, key_width: 2 },
    { heads: 2, key_heads: 1, decay: 'none', key_width: 2, scale: 1 },
    { heads: 1, decay: 'channel', key_width: 2 },
  ],
  create: ({ decay, scale, eps, ...sizes }, scope) => {
    const heads = headsOf(sizes, 1, decay, scope);
    return new Delta(scope.path, scope.inCols, heads, { scale: scale ?? heads.keys ** -0.5, eps });
  },
});
