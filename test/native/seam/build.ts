import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAddon } from '../../../src/backends/native/load.ts';
import { copyObjects } from '../copy-objects.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../../', import.meta.url));
// Scripts without types.
const { build, buildFolder } = await import(new URL('../../../native/build.mjs', import.meta.url).href);
const { nativeStamp, readStamp } = await import(
  new URL('../../../native/build-stamp.mjs', import.meta.url).href
);

/** What makes a build of the addon one that a test can refuse memory and threads, and tell of another CPU: see `seam.cpp`. */
export const TEST_SEAM = {
  added: [path.join(here, 'seam.cpp')],
  wrapped: [
    '_Znwm',
    '_Znam',
    '_ZnwmSt11align_val_tRKSt9nothrow_t',
    '_ZdlPvSt11align_val_t',
    '_ZN7flashlm9readCpuidEjjRNS_9CpuidLeafE',
    '_ZN7flashlm11savedStatesEv',
    '_ZN7flashlm12requestTilesEv',
    'pthread_create',
  ],
};

/**
 * Builds an addon for tests out of the ordinary build's objects: with the seam, where the linker has `--wrap`, and with
 * every table. Those that the ordinary build did without, as this CPU lacks what they need, are not optimised, which
 * takes a quarter of the time. Returns its folder.
 */
export async function buildSeam(): Promise<string> {
  const ordinary = buildFolder(process.platform, process.arch);
  const folder = path.join(ordinary, '..', 'seam');
  await copyObjects(ordinary, folder);
  const { waived: unoptimised } = readStamp(nativeStamp(ordinary));
  await build({ folder, unoptimised, ...(process.platform === 'linux' && TEST_SEAM) });
  return folder;
}

/** The path of an addon that has every table: the ordinary one, else the one for tests. */
export async function addonWithEveryTable(): Promise<string> {
  const { addon, path: ordinary } = loadAddon(root);
  const isWhole = addon?.supported().every(({ notBuilt }) => notBuilt.length === 0);
  return isWhole ? ordinary! : path.join(await buildSeam(), 'flashlm.node');
}
