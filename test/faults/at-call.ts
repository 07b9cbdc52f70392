import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformSync } from 'rolldown/utils';

const MODULES = ['interpose', 'children/at-call'];

/** The address of the module that lets something happen to a process at one of its calls; see children/at-call.ts. */
export function atCall(
  options: { readonly root: string } & Readonly<Record<string, string | number>>,
): string {
  const folder = join(options.root, 'at-call');
  if (!existsSync(folder)) compile(folder);
  const url = pathToFileURL(join(folder, 'children', 'at-call.js'));
  for (const [name, value] of Object.entries(options)) url.searchParams.set(name, String(value));
  return url.href;
}

/** Compiles the module and what it imports to JavaScript: a loader of TypeScript takes each process a second. */
function compile(folder: string): void {
  for (const name of MODULES) {
    const source = readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8');
    const file = join(folder, `${name}.js`);
    mkdirSync(dirname(file), { recursive: true });
    const { code } = transformSync(`${name}.ts`, source, {
      typescript: { rewriteImportExtensions: 'rewrite' },
    });
    writeFileSync(file, code);
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}
