// How the program starts in a checkout: from dist where that is what src compiles to, else from src itself.
import path from 'node:path';
import process from 'node:process';
import { buildFolder, nativeStamp, nativeState, readStamp, repository } from '../native/build-stamp.mjs';
import { isCompiled } from './dist-state.mjs';

const note = (text) => process.stderr.write(`${text}\n`);

/** Kernels that were not built, or are named by FLASHLM_ADDON, have nothing to say here. */
function noteOldKernels() {
  const { sources } = readStamp(nativeStamp(buildFolder(process.platform, process.arch)));
  if (!process.env.FLASHLM_ADDON && sources !== undefined && sources !== nativeState())
    note('native/ was edited after its kernels were compiled; compile them with: npm run build:native');
}

export async function startCheckout() {
  noteOldKernels();
  if (isCompiled()) return import('../dist/cli/main.js');
  note(
    'src/ was edited after it was compiled: running src/ itself, which starts slower; compile it with: npm run compile',
  );
  const { register } = await import('tsx/esm/api');
  register({ tsconfig: path.join(repository, 'tsconfig.json') });
  return import('../src/cli/main.ts');
}
