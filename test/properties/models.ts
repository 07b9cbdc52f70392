import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeModel } from '../../src/compose/run.ts';
import type { Backend } from '../../src/core/backend.ts';
import { Random } from '../../src/core/random.ts';
import { loadRecipe, type Recipe } from '../../src/recipes/load.ts';
import type { Model } from '../../src/runtime/model.ts';

/** Instruction sets that run here. */
export const ISAS = nativeStatus()
  .isas.filter((i) => i.supported)
  .map((i) => i.isa);

export const BACKENDS: readonly (readonly [string, (threads?: number) => Backend])[] = [
  ['reference', () => createReferenceBackend('f32')],
  ...ISAS.map((isa) => [`native:${isa}`, (threads = 1) => createNativeBackend({ isa, threads })] as const),
];

/** A token-wise recipe and one that mixes rows; both smaller than the library's. */
export const RECIPES: readonly (readonly [string, Promise<Recipe>])[] = [
  ['token-wise', loadRecipe('v61-debug', { set: ['data.batch=32'] })],
  [
    'shift',
    loadRecipe('shift', { set: ['model.0.embedding.dim=24', 'model.1.residual.4.ternary_linear.out=24'] }),
  ],
  [
    'two shifting blocks',
    // Their scratch and their states have the same sizes, which is where memory could be mistaken for another's.
    loadRecipe('shift', {
      set: [
        'model=[{embedding: {vocab: 512, dim: 24}}, ' +
          '{residual: [rms_norm, token_shift, {ternary_linear: {out: 24, activations: none}}]}, ' +
          '{residual: [token_shift, {ternary_linear: {out: 24, activations: none}}]}, rms_norm, tied_head]',
      ],
    }),
  ],
];

export function modelOf(recipe: Recipe, backend: Backend): Model {
  return composeModel(recipe, backend);
}

/** Ids with a skewed distribution, and for each the one that follows. */
export function randomTokens(
  count: number,
  vocab: number,
  seed: number,
): { ids: Int32Array; targets: Int32Array } {
  const random = new Random(seed, 'test tokens');
  const stream = Int32Array.from({ length: count + 1 }, () => Math.floor(vocab * random.uniform() ** 3));
  return { ids: stream.slice(0, count), targets: stream.slice(1) };
}
