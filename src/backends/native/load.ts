import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addon } from './addon.ts';
import { opTableSignature } from './signature.ts';

/** The addon, or every reason why there is none. */
export type Loaded =
  | { readonly addon: Addon; readonly path: string; readonly reasons: readonly string[] }
  | { readonly addon?: undefined; readonly path?: undefined; readonly reasons: readonly string[] };

const require = createRequire(import.meta.url);
const target = `${process.platform}-${process.arch}`;
const BUILD = 'run: npm run build:native';

/** The package's root, from `src/backends/native` and from `dist/backends/native` alike. */
const packageRoot = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The folders that may hold the addon, the local build first: it fits this machine's compiler and sources. Where
 * FLASHLM_ADDON names a folder there is no other: who asks for a build must not get another one unawares.
 */
function folders(root: string): string[] {
  const named = process.env.FLASHLM_ADDON;
  if (named) return [path.resolve(named)];
  return [path.join(root, 'native', 'build', target), path.join(root, 'prebuilds', target)];
}

function tryFolder(folder: string): Addon | string {
  const file = path.join(folder, 'flashlm.node');
  const where = path.relative(process.cwd(), file);
  const failure = path.join(folder, 'failed.txt');
  if (!existsSync(file)) {
    return existsSync(failure)
      ? `${where}: ${readFileSync(failure, 'utf8').trim().split('\n').join('; ')}`
      : `${where}: not there; ${BUILD}`;
  }
  try {
    const addon = require(file) as Addon;
    if (addon.signature === opTableSignature()) return addon;
    return `${where}: built for another version of the kernels; ${BUILD}`;
  } catch (error) {
    return `${where}: ${(error as Error).message.split('\n')[0]}; ${BUILD}`;
  }
}

/**
 * GNU's OpenMP lets waiting threads spin for milliseconds. On a machine that others use too, a thread then burns the
 * very time slice that the one it waits for needs: two-thread kernels became a hundred times slower. It reads this when
 * it is loaded, so it is set before; a value from outside is respected.
 */
const SPIN_COUNT = '1000';

/** Loads the addon from FLASHLM_ADDON, or else from the local build, else from a prebuilt one. Never throws. */
export function loadAddon(root: string = packageRoot): Loaded {
  if (!process.env.OMP_WAIT_POLICY) process.env.GOMP_SPINCOUNT ??= SPIN_COUNT;
  const reasons: string[] = [];
  for (const folder of folders(root)) {
    const result = tryFolder(folder);
    if (typeof result !== 'string')
      return { addon: result, path: path.join(folder, 'flashlm.node'), reasons };
    reasons.push(result);
  }
  return { reasons };
}
