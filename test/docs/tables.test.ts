import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withTables } from '../../scripts/recipe-tables.ts';
import { KINDS } from '../../src/core/component.ts';
import { createRegistry } from '../../src/recipes/builtins.ts';
import { RECIPE } from '../../src/recipes/schema.ts';
import { ROOT } from './blocks.ts';

const text = readFileSync(`${ROOT}/docs/recipes.md`, 'utf8');

it('docs/recipes.md has the tables generated from the schemas (npm run generate)', () => {
  expect(withTables(text, createRegistry())).toBe(text);
  // Restores an edited table: the comparison above is not vacuous.
  expect(withTables(text.replace('Tokens in a sequence', 'x'), createRegistry())).toBe(text);
});

it('docs/recipes.md names every key, and every layer, optimiser and schedule with its options', () => {
  for (const key of Object.keys(RECIPE.shape)) expect(text).toMatch(new RegExp(`^\\| \`${key}[.\`]`, 'm'));
  const kinds = KINDS.filter((kind) => !['backend', 'decorator', 'source', 'hook'].includes(kind));
  for (const { type, summary, schema } of createRegistry().all(...kinds)) {
    // A layer and a schedule may share a name.
    const row = text
      .split('\n')
      .find((line) => line.startsWith(`| \`${type}\` | ${summary.replaceAll('|', '\\|')}`));
    for (const option of Object.keys(schema.shape)) expect(row, type).toMatch(new RegExp(`${option}\``));
  }
});

it('docs/numerics.md says what every layer computes', () => {
  const numerics = readFileSync(`${ROOT}/docs/numerics.md`, 'utf8');
  const layers = createRegistry().all('layer');
  const missing = layers.filter(({ type }) => !new RegExp(`\\b${type}\\b`).test(numerics));
  expect(missing.map(({ type }) => type)).toEqual([]);
});
