// What tsc leaves to do: recipes, their schema and the sample text go beside the JavaScript, and the command is made
// runnable.
import { chmodSync, cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const assets = readdirSync('src', { recursive: true }).filter((name) => /\.(yaml|json|txt)$/.test(name));
for (const name of assets) cpSync(join('src', name), join('dist', name));
chmodSync(join('dist', 'cli', 'main.js'), 0o755);
