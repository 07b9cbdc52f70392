import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settings } from '../../src/cli/train-settings.ts';
import { runLimits } from '../../src/compose/run-limits.ts';
import { loadRecipe } from '../../src/recipes/load.ts';

describe('flags of flashlm train as changes of the recipe', () => {
  it('train without flags changes nothing in the recipe', () => {
    expect(settings({})).toEqual([]);
  });

  it('limit flags replace all limits of the recipe', async () => {
    const steps = await loadRecipe('v61', { set: settings({ steps: 400 }) });
    expect(runLimits(steps)).toEqual({ steps: 400, tokens: Infinity, epochs: Infinity, seconds: Infinity });
    const both = await loadRecipe('v61', { set: settings({ budget: '90m', tokens: 5e6 }) });
    expect(runLimits(both)).toEqual({ steps: Infinity, tokens: 5e6, epochs: Infinity, seconds: 5400 });
  });

  it("the recipe's limits stay without a limit flag", async () => {
    const [changed, recipe] = await Promise.all([
      loadRecipe('v61', { set: settings({ threads: 1 }) }),
      loadRecipe('v61'),
    ]);
    expect(changed.train.threads).toBe(1);
    expect(runLimits(changed)).toEqual(runLimits(recipe));
  });

  it('paths in flags are relative to the working directory, with any characters, and names stay names', async () => {
    const odd = 'a: [b] #c, "d".txt';
    const { data } = await loadRecipe('v61', {
      set: settings({ data: [odd, 'x.txt'], valid: ['tinystories'] }),
    });
    expect(data.source).toEqual([resolve(odd), resolve('x.txt')]);
    expect(data.valid).toBe('tinystories');
    const one = await loadRecipe('v61', { set: settings({ data: ['sample'] }) });
    expect(one.data.source).toBe('sample');
  });

  it('--set is applied after the other flags', async () => {
    const { train } = await loadRecipe('v61', { set: settings({ steps: 4, set: ['train.steps=7'] }) });
    expect(train.steps).toBe(7);
  });

  it('--backend takes the syntax of recipes', async () => {
    const { backend } = await loadRecipe('v61', { set: settings({ backend: 'checked(reference:f64)' }) });
    expect(backend.component.type).toBe('reference');
    expect(backend.options).toMatchObject({ real: 'f64' });
  });
});
