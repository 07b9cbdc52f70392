import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeModel } from '../../src/compose/describe.ts';
import { libraryNames } from '../../src/recipes/library.ts';
import { loadRecipe, type Recipe } from '../../src/recipes/load.ts';
import { LINE_UP } from './line-up.ts';

/** Layers in order, by path and type: what stays when sizes change. Of repeated blocks the first. */
function structure(recipe: Recipe): string[] {
  const layers = describeModel(recipe).layers.filter(({ path }) => !/^blocks\.[1-9]/.test(path));
  return layers.map(({ path, type }) => `${path}: ${type}`);
}

describe.each(LINE_UP)('$name', ({ name, parameters }) => {
  it('has exactly the parameters that its comment and the documentation say', async () => {
    expect(describeModel(await loadRecipe(name)).parameters).toBe(parameters);
    const written = parameters.toLocaleString('en');
    const recipe = readFileSync(new URL(`../../src/recipes/library/${name}.yaml`, import.meta.url), 'utf8');
    expect(recipe.replace(/\n# /g, ' ')).toContain(`${written} parameters`);
    const docs = readFileSync(new URL('../../docs/recipes.md', import.meta.url), 'utf8');
    expect(docs).toMatch(new RegExp(`^\\| \`${name}\` \\|.*\\| ${written} \\|$`, 'm'));
  });

  it('has the same layers in its debug form, which is small', async () => {
    const [recipe, small] = [await loadRecipe(name), await loadRecipe(`${name}-debug`)];
    expect(structure(small)).toEqual(structure(recipe));
    expect(describeModel(small).parameters).toBeLessThan(100_000);
    expect(small.causal).toBe(recipe.causal);
  });
});

it('every model of the library is in the line-up, except v6.1 itself and the smallest that mixes tokens', () => {
  const names: string[] = LINE_UP.map(({ name }) => name);
  const others = libraryNames().filter((name) => !name.endsWith('-debug') && !names.includes(name));
  expect(others).toEqual(['shift', 'v61', 'v61-a8']);
});
