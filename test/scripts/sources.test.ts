import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Scripts without types that import sources: what the compiler can't check. */
const scripts = readdirSync(path.join(root, 'scripts'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => [name, readFileSync(path.join(root, 'scripts', name), 'utf8')] as const)
  .filter(([, text]) => text.includes('tsImport'));

it.each(scripts)('scripts/%s imports sources that exist, and names that they export', (_, text) => {
  const files = [...text.matchAll(/'([\w-]+\/[\w/-]+\.ts)'/g)].map(([, file]) => file!);
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect(existsSync(path.join(root, 'src', file)), file).toBe(true);
  for (const [, names, file] of text.matchAll(/const \{ ([\w, ]+) \} = await source\('([^']+)'\)/g)) {
    const source = readFileSync(path.join(root, 'src', file!), 'utf8');
    for (const name of names!.split(', '))
      expect(source).toMatch(new RegExp(`^export [^=(;]*\\b${name}\\b`, 'm'));
  }
});
