import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyObjects } from '../copy-objects.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
// A script without types.
const { build, buildFolder } = await import(new URL('../../../native/build.mjs', import.meta.url).href);

/** What makes a build of the addon one that a test can refuse memory, and tell of another CPU: see `seam.cpp`. */
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
  ],
};

/** Builds the addon with the seam out of the ordinary build's objects; returns its folder. */
export async function buildSeam(): Promise<string> {
  const ordinary = buildFolder(process.platform, process.arch);
  const folder = path.join(ordinary, '..', 'seam');
  await copyObjects(ordinary, folder);
  await build({ folder, ...TEST_SEAM });
  return folder;
}
