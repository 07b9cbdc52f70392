// The files of a prebuilt addon, and a check that it was built from these sources.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const native = fileURLToPath(new URL('.', import.meta.url));

/** The published package contains Linux kernels for these. */
export const PREBUILT_ARCHS = ['x64', 'arm64'];

export const prebuildFolder = (platform, arch) => path.join(native, '..', 'prebuilds', `${platform}-${arch}`);

/** The file next to the addon that describes it. */
export const MANIFEST = 'manifest.json';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A hash of every file that an addon is built from, including the generated op table. */
export async function sourcesHash() {
  const files = ['build-flags.mjs'];
  for (const folder of ['generated', 'isa', 'kernels', 'simd', 'src']) {
    const names = await readdir(path.join(native, folder), { recursive: true });
    files.push(...names.filter((name) => path.extname(name)).map((name) => path.posix.join(folder, name)));
  }
  files.sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(native, file), 'utf8')));
  return sha256(JSON.stringify(files.map((file, i) => [file, texts[i]])));
}

/** Why the prebuilt addon in `folder` can't be used with these sources; undefined if it can. */
export async function prebuildProblem(folder) {
  const manifest = await readFile(path.join(folder, MANIFEST), 'utf8').then(JSON.parse, () => undefined);
  if (!manifest) return 'missing';
  if (manifest.sources !== (await sourcesHash())) return 'built from other sources';
  for (const [name, hash] of Object.entries(manifest.files)) {
    const bytes = await readFile(path.join(folder, name)).catch(() => undefined);
    if (!bytes) return `${name} is missing`;
    if (sha256(bytes) !== hash) return `${name} is damaged`;
  }
}
