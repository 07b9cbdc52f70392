import { z } from 'zod';
import { ROPE_LAYOUTS, type RopeLayout } from '../core/choices.ts';
import { component } from '../core/component.ts';
import { FlashError } from '../core/errors.ts';
import type { InTraining, Layer, StepContext } from '../core/layer.ts';
import { count } from '../core/options.ts';
import { Parameter } from '../core/parameter.ts';
import { streamOf } from '../core/philox.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface Rope {
  readonly base: number;
  /** Of a head's columns, the first of them. */
  readonly fraction: number;
  readonly layout: RopeLayout;
}

export interface AttentionOptions {
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; each serves `heads / kvHeads` query heads. */
  readonly kvHeads: number;
  /** Columns of a head. */
  readonly headCols: number;
  readonly rope: Rope | null;
  readonly qkNorm: boolean | 'gain';
  readonly headScale: boolean;
  readonly window: number;
  readonly softCap: number;
  readonly dropout: number;
}

interface AttentionCache {
  /** Queries and keys, normalised and rotated. */
  readonly qk: Mat;
  readonly rstd: Mat | null;
  /** Logarithm of the sum of each softmax. */
  readonly lse: Mat;
  readonly angles: Mat;
  /** Rows that a sequence may have in all. */
  readonly context: number;
  /** The rows before the call. */
  readonly keys: Mat;
  readonly values: Mat;
  /** Of backward. */
  readonly dqk: Mat | null;
  readonly dgain: Mat | null;
}

const EPS = 1e-6;

/**
 * Causal softmax attention on the columns [q | k | v] (Vaswani et al. 2017), without projections: `heads` query heads share
 * `kvHeads` key and value heads in groups (Ainslie et al. 2023). Optional: RoPE (Su et al. 2021), RMSNorm of queries and keys, a
 * learned factor a head, a window, a soft-cap of the scores (Gemma 2), dropout of the weights.
 */
export class Attention implements Layer<AttentionCache> {
  readonly type = 'attention';
  readonly coupling = 'sequence';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: true };
  readonly growsTo: Layer['growsTo'];
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  readonly inTraining: InTraining | undefined;
  private readonly group: number;
  private readonly gain: Parameter | null;
  private readonly scale: Parameter | null;
  private readonly stream: number;

  constructor(
    readonly path: string,
    private readonly options: AttentionOptions,
    seqLen: number,
  ) {
    const { heads, kvHeads, headCols, rope, qkNorm, headScale, window, dropout } = options;
    this.group = heads / kvHeads;
    this.inCols = (heads + 2 * kvHeads) * headCols;
    this.outCols = heads * headCols;
    // Two products with half of the rows on average.
    this.macs = 2 * this.outCols * Math.ceil(Math.min(seqLen + 1, 2 * (window || seqLen)) / 2);
    this.growsTo = window && !rope ? undefined : 'context';
    this.gain = qkNorm === 'gain' ? new Parameter(`${path}.qk_gain`, 2, headCols, { constant: 1 }) : null;
    this.scale = headScale ? new Parameter(`${path}.scale`, 1, heads, { constant: 1 }) : null;
    this.inTraining = dropout > 0 ? { dropout } : undefined;
    this.stream = streamOf(path);
  }

  parameters(): Iterable<Parameter> {
    return [this.gain, this.scale].filter((p) => p !== null);
  }

  plan(rows: number, p: Planner): AttentionCache {
    const { path, options, scale } = this;
    const { heads, kvHeads, headCols, window, qkNorm } = options;
    const before = p.training
      ? 1
      : Math.min(Math.max(1, (window || Number.POSITIVE_INFINITY) - 1), p.context);
    const qkCols = (heads + kvHeads) * headCols;
    const of = (label: string) => `${path}/${label}`;
    const qk = p.saved(of('qk'), rows, qkCols);
    const rstd = qkNorm ? p.saved(of('rstd'), rows, heads + kvHeads) : null;
    const lse = p.saved(of('lse'), rows, heads);
    const dqk = p.training ? p.scratch(of('grad(qk)'), rows, qkCols) : null;
    const dgain = p.training && scale ? p.scratch(of('grad(scale)'), rows, heads) : null;
    if (dqk) p.release(dqk);
    if (dgain) p.release(dgain);
    return {
      qk,
      rstd,
      lse,
      angles: anglesOf(p, options),
      context: p.context,
      keys: p.state(of('keys'), kvHeads * headCols, before),
      values: p.state(of('values'), before, kvHeads * headCols),
      dqk,
      dgain,
    };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, cache: AttentionCache): void {
    const { kvHeads, window, softCap, rope, dropout } = this.options;
    const { qk, rstd, lse, angles, context, keys, values } = cache;
    const { group, gain, scale } = this;
    if (this.growsTo && !ctx.training) this.refuseBeyond(ctx, context);
    const layout = rope?.layout ?? 'half';
    ctx.kernels.normRope(
      qk,
      rstd,
      x,
      gain?.value ?? null,
      angles,
      turnedPairs(this.options),
      layout,
      ctx.position,
      kvHeads,
      group,
      EPS,
      ctx.seqLen,
    );
    ctx.kernels.attention(
      y,
      lse,
      keys,
      values,
      qk,
      x,
      scale?.value ?? null,
      ctx.position,
      kvHeads,
      group,
      window,
      softCap,
      ctx.training ? dropout : 0,
      ctx.rng.seed,
      ctx.rng.step,
      this.stream,
      ctx.sequence,
      ctx.starts,
      ctx.seqLen,
    );
  }

  backward(ctx: StepContext, x: Mat, y: Mat, dy: Mat, dx: Mat, cache: AttentionCache): void {
    const { kvHeads, window, softCap, rope, dropout } = this.options;
    const { qk, rstd, lse, angles, dqk, dgain } = cache;
    const { group, gain, scale } = this;
    ctx.kernels.attentionGrad(
      dqk!,
      dx,
      dgain,
      dy,
      qk,
      x,
      y,
      lse,
      scale?.value ?? null,
      kvHeads,
      group,
      window,
      softCap,
      ctx.training ? dropout : 0,
      ctx.rng.seed,
      ctx.rng.step,
      this.stream,
      ctx.sequence,
      ctx.starts,
      ctx.seqLen,
    );
    if (scale) ctx.kernels.addBiasGrad(scale.grad, dgain!);
    const layout = rope?.layout ?? 'half';
    ctx.kernels.normRopeGrad(
      dx,
      gain?.grad ?? null,
      dqk!,
      x,
      rstd,
      gain?.value ?? null,
      angles,
      turnedPairs(this.options),
      layout,
      ctx.position,
      kvHeads,
      group,
      ctx.seqLen,
    );
  }

  /** @throws FlashError for sequences with more rows than there is room for. */
  private refuseBeyond({ position, seqLen }: StepContext, most: number): void {
    for (let s = 0; s < position.rows; s++) {
      const rows = position.data[s]! + seqLen;
      if (rows <= most) continue;
      throw new FlashError(`a text of ${rows} tokens is longer than the context of ${most}`, {
        where: this.path,
        remedy: 'Give a shorter text.',
      });
    }
  }
}

/** Pairs of columns of a head that turn. */
const turnedPairs = ({ rope, headCols }: AttentionOptions): number =>
  rope ? Math.floor((headCols * rope.fraction) / 2) : 0;

/** Cosines and sines [context x pairs of columns], from angles in float64: `position * base^(-i / pairs)`. */
function anglesOf(p: Planner, options: AttentionOptions): Mat {
  const pairs = Math.max(1, turnedPairs(options));
  const base = options.rope?.base ?? 1;
  return p.constant(`rope/${base}/${pairs}`, p.context, 2 * pairs, (data) => {
    for (let row = 0; row < p.context; row++) {
      for (let i = 0; i < pairs; i++) {
        const angle = row * base ** (-i / pairs);
        data[row * 2 * pairs + i] = Math.cos(angle);
        data[row * 2 * pairs + pairs + i] = Math.sin(angle);
      }
    }
  });
}

const base = z.number().gt(1);

export const attention = component({
  kind: 'layer',
  type: 'attention',
  summary: 'Each row looks at the rows before it: softmax attention on the columns [q | k | v].',
  main: 'heads',
  schema: z.strictObject({
    heads: count.describe('Query heads.'),
    kv_heads: count
      .nullable()
      .default(null)
      .describe('Key and value heads, which groups of query heads share; null: one for each query head.'),
    rope: z
      .union([
        z.literal(false),
        base,
        z.strictObject({
          base: base.default(10_000).describe('Base of the wavelengths.'),
          fraction: z.number().gt(0).max(1).default(1).describe('Share of each head that is rotated.'),
          layout: z
            .enum(ROPE_LAYOUTS)
            .default('half')
            .describe('Columns that turn together: those of both halves, or neighbours.'),
        }),
      ])
      .default(10_000)
      .describe('Rotary positions: their base, or a map; false: none.'),
    qk_norm: z
      .union([z.boolean(), z.literal('gain')])
      .default(false)
      .describe('RMSNorm of each query and key head; gain: with learned gains.'),
    head_scale: z.boolean().default(false).describe("A learned factor for each head's scores."),
    window: count
      .nullable()
      .default(null)
      .describe('Rows that a row sees, itself among them; null: all before it.'),
    soft_cap: z
      .number()
      .positive()
      .nullable()
      .default(null)
      .describe('Scores s become cap * tanh(s / cap); null: they stay.'),
    dropout: z.number().min(0).lt(1).default(0).describe('Probability of dropping a weight in training.'),
  }),
  examples: [
    { heads: 2, kv_heads: 1 },
    { heads: 2, kv_heads: 1, rope: { base: 100, layout: 'interleaved' }, qk_norm: 'gain' },
    { heads: 2, kv_heads: 1, rope: false, qk_norm: true, head_scale: true, window: 2, soft_cap: 3 },
  ],
  create: (options, { path, inCols, seqLen, fail }) => {
    const { heads, rope } = options;
    const kvHeads = options.kv_heads ?? heads;
    if (heads % kvHeads) fail(`${heads} query heads cannot share ${kvHeads} key heads evenly`, 'kv_heads');
    const parts = heads + 2 * kvHeads;
    if (inCols % parts)
      fail(`${inCols} columns come in; they must be a multiple of heads + 2 * kv_heads = ${parts}`, 'heads');
    const turned = { base: 10_000, fraction: 1, layout: 'half' } as const;
    return new Attention(
      path,
      {
        heads,
        kvHeads,
        headCols: inCols / parts,
        rope: rope === false ? null : typeof rope === 'number' ? { ...turned, base: rope } : rope,
        qkNorm: options.qk_norm,
        headScale: options.head_scale,
        window: options.window ?? 0,
        softCap: options.soft_cap ?? 0,
        dropout: options.dropout,
      },
      seqLen,
    );
  },
});
