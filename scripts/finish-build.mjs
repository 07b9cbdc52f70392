// What tsc leaves to do: recipes, their schema and the sample text go beside the JavaScript, and the command is made
// runnable. `npx flashlm` looks for it where the commands of dependencies are; npm links those of the package itself
// nowhere.
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const assets = readdirSync('src', { recursive: true }).filter((name) => /\.(yaml|json|txt)$/.test(name));
for (const name of assets) cpSync(join('src', name), join('dist', name));

chmodSync(join('dist', 'cli', 'main.js'), 0o755);
if (process.platform !== 'win32') {
  const bin = join('node_modules', '.bin', 'flashlm');
  mkdirSync(join('node_modules', '.bin'), { recursive: true });
  rmSync(bin, { force: true });
  symlinkSync(join('..', '..', 'dist', 'cli', 'main.js'), bin);
}
