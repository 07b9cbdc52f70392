import { describe, expect, it } from 'vitest';
import { settings } from '../../src/cli/train-settings.ts';
import { RecipeError } from '../../src/recipes/errors.ts';
import { type Change, loadRecipe } from '../../src/recipes/load.ts';
import { folder, mistakes, VALID } from './helpers.ts';

/** The lines of the mistakes that a right recipe has after these changes. */
async function after(...set: Change[]): Promise<string[]> {
  return mistakes(folder({ 'recipe.yaml': VALID }), 'recipe.yaml', { set });
}

describe('a mistake that a change makes in a right recipe', () => {
  it.each([
    [
      'model.0.embedding.vocab=260',
      /^--set model\.0\.embedding\.vocab=260: the model has 260 tokens and its tokenizer 300/,
    ],
    ['tokenizer.vocab=400', /^--set tokenizer\.vocab=400: the tokenizer has 400 tokens/],
    [
      'model.0.embedding.dim=9',
      /^--set model\.0\.embedding\.dim=9: 9 columns go into .* \(recipe\.yaml:\d+:\d+\)$/,
    ],
    ['train.steps=null', /^--set train\.steps=null: the run would never end/],
    ['schedule.over=tokens', /^--set schedule\.over=tokens: the schedule goes over tokens/],
  ])('an error caused by a change to a valid recipe is reported at the change: %s', async (set, message) => {
    expect(await after('data.batch=5', set)).toEqual([expect.stringMatching(message)]);
  });

  it('an error caused by several changes is reported at the one without which the recipe is valid', async () => {
    const lines = await after('tokenizer.vocab=400', 'model.0.embedding.vocab=380');
    expect(lines[0]).toMatch(/^--set .*=[34][08]0.*: the tokenizer has 400 tokens .* and the model 380/);
  });

  it('an error caused by an option is reported with the option as typed, not the change that it makes', async () => {
    const of = (flags: Parameters<typeof settings>[0]) => after(...settings(flags));
    expect(await of({ backend: 'cuda' })).toEqual([
      "--backend cuda: unknown backend 'cuda', expected native or reference",
    ]);
    expect(await of({ backend: 'check(native)' })).toEqual([
      "--backend check(native): unknown decorator 'check'; did you mean 'checked'?",
    ]);
    const [line] = await after('schedule.over=epochs', ...settings({ steps: 4 }));
    expect(line).toMatch(/^--set schedule\.over=epochs: .*train\.epochs is not set/);
  });

  it('an error caused by a change is wrong usage: its place is the command line', async () => {
    const error = await loadRecipe('v61', { set: ['model.0.embedding.dim=100'] }).catch((e) => e);
    expect(error).toBeInstanceOf(RecipeError);
    expect((error as RecipeError).issues.every(({ place }) => place.line === 0)).toBe(true);
  });
});

it('an error that the file has without the changes is reported at the file', async () => {
  const wrong = VALID.replace('vocab: 300, dim: 8', 'vocab: 260, dim: 8');
  const lines = await mistakes(folder({ 'recipe.yaml': wrong }), 'recipe.yaml', { set: ['data.batch=5'] });
  expect(lines).toEqual([expect.stringMatching(/^recipe\.yaml:\d+:\d+: the tokenizer has 300 tokens/)]);
});

it('a contradiction between two recipes is reported at the one that extends the other', async () => {
  const base = VALID;
  const mine = `extends: base.yaml\n${VALID.slice(VALID.indexOf('model:'), VALID.indexOf('tokenizer:')).replace('vocab: 300', 'vocab: 270')}`;
  const lines = await mistakes(folder({ 'base.yaml': base, 'recipe.yaml': mine }));
  expect(lines).toEqual([
    expect.stringMatching(
      /^recipe\.yaml:3:\d+: the model has 270 tokens and its tokenizer 300, which base\.yaml:13:37 says/,
    ),
  ]);
});
