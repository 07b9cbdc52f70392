// What a prebuilt addon consists of, and whether it is what these sources give.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const native = fileURLToPath(new URL('.', import.meta.url));

/** Linux on these is what a published package brings kernels for. */
export const PREBUILT_ARCHS = ['x64', 'arm64'];

export const prebuildFolder = (platform, arch) => path.join(native, '..', 'prebuilds', `${platform}-${arch}`);

/** Beside the addon: what it is, the OpenMP runtime that it was linked against, and that one's licence. */
export const MANIFEST = 'manifest.json';
export const RUNTIME = 'libgomp.so.1';
export const LICENCE = 'libgomp.LICENCE.txt';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Names everything that an addon is made from: the op table's signature, which is generated, and every kernel. */
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

/** Why the prebuilt addon in `folder` is not the one of these sources; undefined if it is. */
export async function misfit(folder) {
  const manifest = await readFile(path.join(folder, MANIFEST), 'utf8').then(JSON.parse, () => undefined);
  if (!manifest) return 'not there';
  if (manifest.sources !== (await sourcesHash())) return 'made from other sources';
  for (const [name, hash] of Object.entries(manifest.files)) {
    const bytes = await readFile(path.join(folder, name)).catch(() => undefined);
    if (!bytes) return `${name} is missing`;
    if (sha256(bytes) !== hash) return `${name} is damaged`;
  }
}
