import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHome } from '../../files/home-path.ts';
import { readText } from '../../files/read-text.ts';
import type { Addon } from './addon.ts';
import { opTableSignature } from './signature.ts';

/** The addon, or every reason why there is none. */
export type Loaded =
  | { readonly addon: Addon; readonly path: string; readonly reasons: readonly string[] }
  | { readonly addon?: undefined; readonly path?: undefined; readonly reasons: readonly string[] };

const require = createRequire(import.meta.url);
const target = `${process.platform}-${process.arch}`;

/** The package's root, from `src/backends/native` and from `dist/backends/native` alike. */
const packageRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** What compiles the addon, from the user's working folder: a dependency's scripts are not the user's. */
export function buildCommand(root: string = packageRoot): string {
  const installed = root.split(path.sep).includes('node_modules');
  const script = path.join(root, 'native', 'build.mjs');
  return installed ? `node ${path.relative(process.cwd(), script)}` : 'npm run build:native';
}

interface Candidate {
  readonly folder: string;
  readonly prebuilt: boolean;
}

/**
 * The folders that may hold the addon, the local build first: it fits this machine's compiler and sources.
 * Where FLASHLM_ADDON names a folder there is no other: a request for a build must not silently give another
 * one.
 */
function candidates(root: string, named: string | undefined): Candidate[] {
  if (named) return [{ folder: path.resolve(fromHome(named)), prebuilt: false }];
  return [
    { folder: path.join(root, 'native', 'build', target), prebuilt: false },
    { folder: path.join(root, 'prebuilds', target), prebuilt: true },
  ];
}

/**
 * Whether a process with these memory mappings (`/proc/self/maps`) runs on musl: its loader is one of them.
 */
const mapsMusl = (maps: string): boolean => /\/ld-musl-[^/\s]*\.so/.test(maps);

/**
 * Why a prebuilt addon must not be opened: one for another C library, or a truncated file, can end the
 * process.
 */
function unfit(folder: string, file: string): string | undefined {
  if (mapsMusl(readText('/proc/self/maps') ?? '')) return 'made for glibc, but this Node runs on musl';
  const manifest = readText(path.join(folder, 'manifest.json'));
  if (manifest === undefined) return 'there is no manifest.json beside it';
  const { files } = JSON.parse(manifest) as { files: Readonly<Record<string, string>> };
  const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
  return hash === files[path.basename(file)]
    ? undefined
    : 'damaged, it is not the file that manifest.json describes';
}

function tryCandidate({ folder, prebuilt }: Candidate): Addon | string {
  const file = path.join(folder, 'flashlm.node');
  const where = path.relative(process.cwd(), file);
  if (!existsSync(file)) {
    const failure = readText(path.join(folder, 'failed.txt'));
    return `${where}: ${failure?.trim().split('\n').join('; ') ?? 'not there'}`;
  }
  try {
    const reason = prebuilt && unfit(folder, file);
    if (reason) return `${where}: ${reason}`;
    const addon = require(file) as Addon;
    return addon.signature === opTableSignature()
      ? addon
      : `${where}: built for another version of the kernels`;
  } catch (error) {
    return `${where}: ${(error as Error).message.split('\n')[0]}`;
  }
}

/**
 * Loads the addon from FLASHLM_ADDON, or else from the local build, else from a prebuilt one. The package at
 * `root`, where it is given, has its own addon whatever the variable says. Never throws.
 */
export function loadAddon(root?: string): Loaded {
  const reasons: string[] = [];
  for (const candidate of candidates(root ?? packageRoot, root ? undefined : process.env.FLASHLM_ADDON)) {
    const result = tryCandidate(candidate);
    if (typeof result !== 'string')
      return { addon: result, path: path.join(candidate.folder, 'flashlm.node'), reasons };
    reasons.push(result);
  }
  return { reasons };
}
