import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { KINDS } from '../../src/core/component.ts';
import { createRegistry } from '../../src/recipes/builtins.ts';
import { recipeJsonSchema, recipeJsonSchemaText } from '../../src/recipes/json-schema.ts';
import { RECIPE } from '../../src/recipes/schema.ts';

const registry = createRegistry();

it('recipe.schema.json is what the schemas in src generate (npm run generate)', () => {
  const file = new URL('../../src/recipes/recipe.schema.json', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(recipeJsonSchemaText(registry));
});

it('the JSON schema knows every section, component and option', () => {
  const schema = JSON.parse(recipeJsonSchemaText(registry));
  expect(Object.keys(schema.properties)).toEqual([
    '$schema',
    'extends',
    'sizes',
    'blocks',
    ...Object.keys(RECIPE.shape),
  ]);
  for (const component of registry.all(...KINDS)) {
    const text = JSON.stringify(schema.$defs[component.kind]);
    expect(text, component.type).toContain(`"${component.type}"`);
    for (const option of Object.keys(component.schema.shape)) {
      if (option !== component.main || component.kind === 'backend') expect(text).toContain(`"${option}"`);
    }
  }
});

it('the JSON schema refers only to its own definitions', () => {
  const text = JSON.stringify(recipeJsonSchema(registry));
  const names = [...text.matchAll(/"\$ref":"#\/\$defs\/(\w+)"/g)].map(([, name]) => name!);
  const defined = Object.keys((recipeJsonSchema(registry) as { $defs: object }).$defs);
  expect(names.length).toBeGreaterThan(0);
  expect(defined).toEqual(expect.arrayContaining(names));
});
