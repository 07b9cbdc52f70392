// Brings the committed files that are made from others up to date: npm run generate
//
// After a change of the op table, of a recipe's schema or of a built-in component, and to resolve a merge conflict in one
// of these files. What stays the same is not written: kernels and dist would be compiled again.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderLists } from './folder-lists.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

function write(name: string, text: string): void {
  const file = path.join(root, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeFileSync(file, text);
  console.log(`wrote ${name}`);
}

for (const [name, text] of folderLists(root)) write(name, text);

// Only now, because these import the lists.
const { generate } = await import('../native/generate.ts');
const { createRegistry } = await import('../src/recipes/builtins.ts');
const { recipeJsonSchemaText } = await import('../src/recipes/json-schema.ts');
const { withTables } = await import('./recipe-tables.ts');
const { missingKernels } = await import('./missing-kernels.ts');

const native = generate();
for (const [name, text] of native) write(`native/generated/${name}`, text);
const NATIVE_LISTS = [...folderLists(root).keys()].map((name) => path.relative('native/generated', name));
for (const name of readdirSync(path.join(root, 'native/generated'), { recursive: true, encoding: 'utf8' })) {
  if (name === 'ops' || native.has(name) || NATIVE_LISTS.includes(name)) continue;
  rmSync(path.join(root, 'native/generated', name));
  console.log(`removed native/generated/${name}`);
}
write('src/recipes/recipe.schema.json', recipeJsonSchemaText(createRegistry()));
write(
  'docs/recipes.md',
  withTables(readFileSync(path.join(root, 'docs/recipes.md'), 'utf8'), createRegistry()),
);

for (const line of missingKernels(root)) console.log(line);
