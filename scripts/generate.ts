// Brings the committed files that are made from others up to date: npm run generate
//
// After a change of the op table, of a recipe's schema or of a built-in component. What stays the same is not written:
// kernels and dist would be compiled again.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from '../native/generate.ts';
import { createRegistry } from '../src/recipes/builtins.ts';
import { recipeJsonSchemaText } from '../src/recipes/json-schema.ts';
import { withTables } from './recipe-tables.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const files = [
  ...[...generate()].map(([name, text]) => [`native/generated/${name}`, text] as const),
  ['src/recipes/recipe.schema.json', recipeJsonSchemaText(createRegistry())] as const,
  [
    'docs/recipes.md',
    withTables(readFileSync(join(root, 'docs/recipes.md'), 'utf8'), createRegistry()),
  ] as const,
];
for (const [name, text] of files) {
  const file = join(root, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  writeFileSync(file, text);
  console.log(`wrote ${name}`);
}
