import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { describeModel } from '../../src/compose/describe.ts';
import { composeModel } from '../../src/compose/run.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { FlashError } from '../../src/core/errors.ts';
import { libraryNames } from '../../src/recipes/library.ts';
import { loadRecipe, type Recipe } from '../../src/recipes/load.ts';
import { checkUnasked, refuseLeak } from '../../src/verify/causal-claim.ts';
import { type CausalityResult, checkCausality, isCheap, longTokens } from '../../src/verify/causality.ts';
import { BACKENDS } from '../properties/models.ts';
import { leakyRecipe } from './leaky-recipe.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-causality-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

function check(recipe: Recipe, create: (threads?: number) => Backend, threads?: number): CausalityResult {
  const backend = create(threads);
  try {
    return checkCausality(recipe, backend);
  } finally {
    backend.dispose();
  }
}

/** Recipes up to this size take seconds; larger ones have a debug form with the same layers. */
const MOST_PARAMETERS = { reference: 100_000, native: 1_500_000 };
const RECIPES = await Promise.all(
  libraryNames().map(async (name) => {
    const recipe = await loadRecipe(name);
    return { name, recipe, ...describeModel(recipe) };
  }),
);

describe.each(BACKENDS)('on %s', (name, create) => {
  const most = name === 'reference' ? MOST_PARAMETERS.reference : MOST_PARAMETERS.native;
  it.each(RECIPES.filter(({ parameters }) => parameters < most))(
    'the causality check finds of $name what its recipe says',
    ({ recipe, tokenWise }) => {
      const result = check(recipe, create, 2);
      expect(result).toMatchObject({ causal: recipe.causal, tokenWise });
      if (recipe.causal) expect(result).toMatchObject({ leak: null, changes: 8 });
      else expect(result.leak).toMatchObject({ kind: 'later token' });
    },
  );

  it.each([
    ['sees_next', 'tied_head', 'later token', 1],
    ['sees_whole', 'tied_head', 'later token', 15],
    ['sees_across', 'tied_head', 'other sequence', -15],
    ['says_row', 'tied_head', 'earlier token', -1],
  ] as const)(
    'the causality check names %s as the leak, and how it leaks',
    async (layer, head, kind, distance) => {
      const recipe = await loadRecipe(await leakyRecipe(dir, layer, head));
      const { causal, leak, tokens, tokenWise } = check(recipe, create);
      expect({ causal, tokens }).toEqual({ causal: false, tokens: 16 });
      expect(tokenWise).toBe(layer === 'says_row');
      expect(leak).toMatchObject({ kind, layer: { path: layer, type: layer } });
      if (kind === 'other sequence') expect(leak!.changed.sequence).not.toBe(leak!.seen.sequence);
      else {
        expect(leak!.changed.sequence).toBe(leak!.seen.sequence);
        expect(leak!.changed.row - leak!.seen.row).toBe(distance);
      }
      expect(leak!.before).not.toBe(leak!.after);
      expect(leak!.vocabularyId).toBeGreaterThanOrEqual(0);
    },
  );

  it('the causality check finds a head whose loss leaks while its logits do not', async () => {
    const recipe = await loadRecipe(await leakyRecipe(dir, 'sees_before', 'peeking_head'));
    const { leak } = check(recipe, create);
    expect(leak).toMatchObject({ kind: 'later token', vocabularyId: null, layer: { path: 'peeking_head' } });
  });

  it('the causality check changes every token with a higher effort, so that no row is missed', async () => {
    const recipe = await loadRecipe(await leakyRecipe(dir, 'peeks_once'));
    const backend = create();
    const thorough = checkCausality(recipe, backend, { effort: 8 });
    backend.dispose();
    expect(thorough).toMatchObject({
      causal: false,
      changes: 32,
      leak: { seen: { row: 5 }, changed: { row: 6 } },
    });
  });

  it('the causality check reports results that vary for the same tokens as that, not as a leak', async () => {
    const recipe = await loadRecipe(await leakyRecipe(dir, 'sees_any'));
    expect(() => check(recipe, create)).toThrow(/gives other results for the same tokens/);
  });

  it('the causality check lets a layer see earlier rows', async () => {
    const recipe = await loadRecipe(await leakyRecipe(dir, 'sees_before'));
    expect(check(recipe, create)).toMatchObject({ causal: true, tokenWise: false });
  });
});

describe('the gate', () => {
  it.each([1, 2, 3, 6])(
    'the causality check blames a layer that turns NaN in its call %i for the NaN, not for a leak',
    async (after) => {
      const recipe = await loadRecipe(await leakyRecipe(dir, `turns_nan: { after: ${after} }`));
      const error = await Promise.resolve()
        .then(() => check(recipe, reference))
        .catch((e: FlashError) => e);
      expect(error).toMatchObject({
        message: expect.stringMatching(/^The model gives NaN for tokens for which it gave -?[\d.]+ before$/),
        where: 'turns_nan (turns_nan)',
      });
    },
  );

  it('the causality check names the layer that gives NaN from the start', async () => {
    const recipe = await loadRecipe(await leakyRecipe(dir, 'turns_nan: { after: 0 }'));
    const { leak, nonFinite } = check(recipe, reference);
    expect({ leak, nonFinite }).toEqual({ leak: null, nonFinite: { path: 'turns_nan', type: 'turns_nan' } });
  });

  it.runIf(nativeStatus().available)(
    'the causality check finds a leak far into long sequences, on native kernels',
    async () => {
      const file = await leakyRecipe(dir, 'peeks_far');
      const recipe = await loadRecipe(file, { set: ['data.seq_len=512'] });
      const [short, long] = checkUnasked(recipe);
      expect(short).toMatchObject({ causal: true, backend: 'reference', tokens: 256 });
      expect(long).toMatchObject({
        causal: false,
        tokens: 512,
        changes: 8,
        leak: {
          kind: 'later token',
          changed: { row: 511 },
          seen: { row: 510 },
          layer: { path: 'peeks_far' },
        },
      });
      expect(long!.backend).toMatch(/^native:/);
      expect(() => refuseLeak(recipe, [short!, long!])).toThrow(/not causal/);
    },
  );

  it('the causality check tries long sequences only where they are longer and quick', async () => {
    expect(longTokens(await loadRecipe('v61-debug'))).toBe(0);
    expect(longTokens(await loadRecipe('v61'))).toBeGreaterThan(32);
    expect(longTokens(await loadRecipe('v61', { set: ['model.1.repeat=400'] }))).toBe(0);
  });

  const [, reference] = BACKENDS[0]!;

  it('the causality check gives the same result each time, and does not affect other models of the recipe', async () => {
    const recipe = await loadRecipe('shift');
    const model = composeModel(recipe, reference());
    const before = model.store.values.data.slice();
    expect(check(recipe, reference)).toEqual(check(recipe, reference));
    expect(model.store.values.data).toEqual(before);
  });

  it('the causality check does not call a model causal if it changed nothing', async () => {
    // No other token to change to.
    const model = 'model=[{embedding: {vocab: 1, dim: 8}}, rms_norm, tied_head]';
    const recipe = { ...(await loadRecipe('v61-debug')), ...(await oneToken(model)) };
    expect(check(recipe, reference)).toMatchObject({ causal: null, leak: null });
  });

  it('the causality check is shorter for large models, longer with more effort, and then not called cheap', async () => {
    const wide = await loadRecipe('v61');
    expect(isCheap(wide)).toBe(true);
    const huge = await loadRecipe('v61', { set: ['model.1.repeat=20'] });
    expect(isCheap(huge)).toBe(false);
    const tokens = (effort: number) => {
      const backend = create();
      try {
        return checkCausality(wide, backend, { effort }).tokens;
      } finally {
        backend.dispose();
      }
    };
    const [, create] = BACKENDS.at(-1)!;
    expect(tokens(1)).toBeLessThan(16);
    expect(tokens(64)).toBeGreaterThan(24);
  });

  it('the causality check refuses a leak in three lines, unless the recipe declares it', async () => {
    const recipe = await loadRecipe(await leakyRecipe(dir, 'sees_next'));
    const results = [check(recipe, reference)];
    let lines: string[] = [];
    try {
      refuseLeak(recipe, results);
    } catch (error) {
      lines = (error as { lines(): string[] }).lines();
    }
    expect(lines).toEqual([
      expect.stringMatching(
        /^The model is not causal: a row sees a later token: with token 15 changed, logit \d+ of row 14 went from \S+ to \S+$/,
      ),
      '  at sees_next (sees_next), on reference',
      '  Mend the layer, or say "causal: false" in the recipe: every PPL is then marked as not causal.',
    ]);
    expect(() => refuseLeak({ ...recipe, causal: false }, results)).not.toThrow();
  });
});

/** A vocabulary of one is no recipe that could be trained from a text, so only its model is taken. */
async function oneToken(model: string): Promise<Pick<Recipe, 'model'>> {
  const file = await leakyRecipe(dir, 'sees_before');
  const { model: layers } = await loadRecipe(file, { set: ['tokenizer.file=none.json', model] });
  return { model: layers };
}
