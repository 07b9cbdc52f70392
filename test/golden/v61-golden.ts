import type { Backend } from '../../src/core/backend.ts';
import { Random } from '../../src/core/random.ts';
import { Activation } from '../../src/layers/activation.ts';
import { Embedding } from '../../src/layers/embedding.ts';
import { Residual } from '../../src/layers/residual.ts';
import { RmsNorm } from '../../src/layers/rms-norm.ts';
import { Sequence } from '../../src/layers/sequence.ts';
import { TernaryLinear } from '../../src/layers/ternary-linear.ts';
import { TiedHead } from '../../src/layers/tied-head.ts';
import { Model } from '../../src/runtime/model.ts';
import type { Batches } from '../../src/train/trainer.ts';

/** The shape of v6.1 (1,082,496 parameters), put together by hand: what the recipe must amount to. */
export function buildV61(backend: Backend): Model {
  const [vocab, dim, hidden] = [1024, 192, 384];
  const embedding = new Embedding('embedding', vocab, dim, { normal: 0.02 });
  const linear = (path: string, from: number, to: number) =>
    new TernaryLinear(path, from, to, {
      weights: 'absmean',
      activations: 'ternary',
      init: { normal: 1 / Math.sqrt(from) },
    });
  const block = (i: number) =>
    new Residual(
      `blocks.${i}`,
      new Sequence(`blocks.${i}`, [
        new RmsNorm(`blocks.${i}.norm`, dim, { gain: true, eps: 1e-6 }),
        linear(`blocks.${i}.up`, dim, hidden),
        new Activation(`blocks.${i}.silu`, hidden, 'silu'),
        linear(`blocks.${i}.down`, hidden, dim),
      ]),
    );
  const blocks = Array.from({ length: 6 }, (_, i) => block(i));
  const body = new Sequence('body', [...blocks, new RmsNorm('rms_norm', dim, { gain: false, eps: 1e-6 })]);
  return new Model(backend, {
    input: embedding,
    body,
    objective: new TiedHead('tied_head', embedding.table),
  });
}

export const SEED = 20260101;
export const STEPS = 10;
/** Small enough for the float64 reference: 300 of the 1,024 ids occur. */
export const BATCH = 1024;

/** Tokens with a skewed distribution; one more than the steps read, for the last target. */
export function goldenTokens(): Uint16Array {
  const random = new Random(SEED, 'tokens');
  const known = Array.from({ length: 300 }, () => Math.floor(random.uniform() * 1024));
  return Uint16Array.from(
    { length: STEPS * BATCH + 1 },
    () => known[Math.floor(300 * random.uniform() ** 2)]!,
  );
}

export function goldenBatches(tokens: Uint16Array): Batches {
  return {
    fill: (step, ids, targets) => {
      ids.set(tokens.subarray(step * BATCH, (step + 1) * BATCH));
      targets.set(tokens.subarray(step * BATCH + 1, (step + 1) * BATCH + 1));
    },
  };
}

/** What the oracle says of one gradient: its norm and a few of its elements. */
export interface GoldenGradient {
  readonly norm: number;
  readonly at: readonly number[];
  readonly values: readonly number[];
}

export interface Golden {
  readonly losses: readonly number[];
  readonly gradNorms: readonly number[];
  readonly lrs: readonly number[];
  readonly gradients: Readonly<Record<string, GoldenGradient>>;
}
