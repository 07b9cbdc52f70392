import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FlashError } from '../core/errors.ts';
import { shown } from './read-file.ts';
import type { Plugin } from './registry.ts';

/**
 * Imports plugin modules (.js, .mjs, .ts); relative paths start from `baseDir`.
 * @throws FlashError for a file that is missing, that throws, or whose default export is not a plugin.
 */
export async function loadPlugins(paths: readonly string[], baseDir: string): Promise<Plugin[]> {
  const plugins: Plugin[] = [];
  for (const path of paths) plugins.push(await loadPlugin(resolve(baseDir, path)));
  return plugins;
}

async function loadPlugin(file: string): Promise<Plugin> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new FlashError(`there is no plugin ${shown(file)}`);
  if (!/\.(ts|mts|js|mjs)$/.test(file)) {
    throw new FlashError(`the plugin ${shown(file)} is not a module: expected .ts, .js or .mjs`);
  }
  let module: { default?: unknown };
  try {
    module = await importModule(file);
  } catch (error) {
    // A transform error has its place on the second line.
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const hint = /Cannot find (module|package) 'flashlm'/.test(reason)
      ? '; make it known where the plugin lies: npm install <folder of FlashLM>'
      : '';
    throw new FlashError(
      `the plugin ${shown(file)} can't be loaded: ${reason.split('\n').slice(0, 2).join(' ')}${hint}`,
      {
        cause: error,
      },
    );
  }
  // A file that Node takes for CommonJS has its default export one level further down.
  const inner = (module.default as { default?: unknown } | undefined)?.default;
  for (const candidate of [module.default, inner]) if (isPlugin(candidate)) return candidate;
  throw new FlashError(`the plugin ${shown(file)} has no default export { name, register(add) }`);
}

/** From the build, TypeScript goes through tsx; running from source, whatever runs us understands it already. */
async function importModule(file: string): Promise<{ default?: unknown }> {
  const url = pathToFileURL(file).href;
  const fromSource = import.meta.url.endsWith('.ts');
  if (fromSource || !/\.m?ts$/.test(file)) return import(/* @vite-ignore */ url);
  const { tsImport } = await import('tsx/esm/api');
  return tsImport(url, { parentURL: import.meta.url, tsconfig: false });
}

function isPlugin(value: unknown): value is Plugin {
  const { name, register } = (value ?? {}) as Partial<Plugin>;
  return typeof name === 'string' && typeof register === 'function';
}
