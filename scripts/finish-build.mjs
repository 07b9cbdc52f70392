// What tsc leaves to do: recipes, their schema and the sample text go beside the JavaScript, what has no source any more
// goes away (it would be published), and the command is made runnable.
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const assets = readdirSync('src', { recursive: true }).filter((name) => /\.(yaml|json|txt)$/.test(name));
for (const name of assets) cpSync(join('src', name), join('dist', name));

for (const name of readdirSync('dist', { recursive: true })) {
  const source = join('src', name.replace(/(\.js|\.js\.map|\.d\.ts)$/, '.ts'));
  if (!existsSync(source)) rmSync(join('dist', name), { recursive: true, force: true });
}
chmodSync(join('dist', 'cli', 'main.js'), 0o755);
