import { writeFileSync } from 'node:fs';
import { recipeJsonSchemaText } from './json-schema.ts';
import { createRegistry } from './registry.ts';

// npx tsx src/recipes/generate-schema.ts: after every change of a schema or of a built-in component.
writeFileSync(new URL('./recipe.schema.json', import.meta.url), recipeJsonSchemaText(createRegistry()));
