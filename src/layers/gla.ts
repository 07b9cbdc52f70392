import { z } from 'zod';
import { component } from '../core/component.ts';
import type { StepContext } from '../core/layer.ts';
import { Parameter } from '../core/parameter.ts';
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
 * Gated linear attention on columns [q | k | v | beta | log decay]: each head computes `S_t = diag(a_t) S_{t-1} + k_t (b_t v_t)^T`
 * and `y_t = scale * S_t^T q_t`; with a bonus u it reads before it writes, `y_t = scale * (S_{t-1} + diag(u) k_t (b_t v_t)^T)^T q_t`.
 */
export class Gla extends MatrixState {
  readonly type = 'gla';
  private readonly bonus: Parameter | null;

  constructor(
    path: string,
    inCols: number,
    heads: Heads,
    private readonly options: {
      /** Without decay columns head h has the decay `1 - fade / 2^h`. */
      readonly fade: number;
      readonly scale: number;
      readonly bonus: boolean;
    },
  ) {
    super(path, inCols, heads);
    const { keyHeads, group, keys } = heads;
    this.bonus = options.bonus
      ? new Parameter(`${path}.bonus`, 1, keyHeads * group * keys, { normal: 0.1 })
      : null;
  }

  override parameters(): Iterable<Parameter> {
    return this.bonus ? [this.bonus] : [];
  }

  forward({ kernels, starts, seqLen }: StepContext, x: Mat, y: Mat, { state }: MatrixStateCache): void {
    const { keyHeads, group, keys, decays } = this.heads;
    const { fade, scale } = this.options;
    const bonus = this.bonus?.value ?? null;
    kernels.gla(y, state, x, bonus, fade, scale, keyHeads, group, keys, decays, starts, seqLen);
  }

  backward({ kernels, starts, seqLen }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    const { keyHeads, group, keys, decays } = this.heads;
    const { fade, scale } = this.options;
    const { value = null, grad = null } = this.bonus ?? {};
    kernels.glaGrad(dx, grad, dy, x, value, fade, scale, keyHeads, group, keys, decays, starts, seqLen);
  }
}

export const gla = component({
  kind: 'layer',
  type: 'gla',
  summary:
    'Gated linear attention on columns q, k, v, beta, log decay: for each head a matrix that decays, to which k v^T is added, and which q reads.',
  schema: z.strictObject({
    ...headOptions,
    decay: z
      .enum(['channel', 'head', 'retention', 'none'])
      .default('channel')
      .describe(
        'Log-decay columns: one for each channel of a key or one for each head; or none, with decays of 1 - 2^(-5 - head) (retention) or 1.',
      ),
    beta: z
      .boolean()
      .default(false)
      .describe('A column for each head, after v, that its value is multiplied by.'),
    bonus: z
      .boolean()
      .default(false)
      .describe(
        'Read before writing; the row itself counts by a learned weight of each key channel (RWKV-6).',
      ),
    scale: scaleOption,
  }),
  examples: [
    { heads: 2 },
    { heads: 1, decay: 'head', key_width: 2 },
    { heads: 2, key_heads: 1, decay: 'retention', key_width: 1, bonus: true },
    { heads: 1, decay: 'none', beta: true, key_width: 2, scale: 1 },
  ],
  create: ({ decay, beta, bonus, scale, ...sizes }, scope) => {
    const columns = decay === 'retention' ? 'none' : decay;
    const heads = headsOf(sizes, Number(beta), columns, scope);
    return new Gla(scope.path, scope.inCols, heads, {
      fade: decay === 'retention' ? 2 ** -5 : 0,
      scale: scale ?? heads.keys ** -0.5,
      bonus,
    });
  },
});
