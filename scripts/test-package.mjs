// Packs FlashLM, installs it as a user would, and uses it: node scripts/test-package.mjs [--host-only]
//
// Needs Linux and access to npm's registry. The ARM checks run under an emulator (Debian: apt-get install qemu-user);
// --host-only skips them. Each line of output is a check that passed, with its duration.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { needEmulator } from '../native/arm64-node.mjs';
import { checkArm } from './package-checks/arm.mjs';
import { checkContents } from './package-checks/contents.mjs';
import { checkFallback } from './package-checks/fallback.mjs';
import { checkCommonJs, checkExtending, checkUse } from './package-checks/use.mjs';
import { repository, Sandbox } from './package-sandbox.mjs';

const hostOnly = process.argv.includes('--host-only');
if (!hostOnly) needEmulator();

const started = performance.now();
/** Runs one check. The first failure ends the script. */
async function step(what, check) {
  const begun = performance.now();
  const result = await check();
  console.log(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${what}`);
  return result;
}

const sandbox = new Sandbox();
try {
  await step('native/prebuild.mjs builds the prebuilt kernels', () =>
    execFileSync(process.execPath, [path.join('native', 'prebuild.mjs')], {
      cwd: repository,
      stdio: 'inherit',
    }),
  );
  const packed = await step('npm packs the package', () => sandbox.pack());
  await checkContents(packed, step);

  const project = sandbox.project('with-scripts');
  await step('npm installs the package with its scripts, without a compiler', () =>
    project.install(packed.path),
  );
  await checkUse(project, step);
  await checkExtending(project, step);

  await checkCommonJs(sandbox.project('commonjs', null), packed, step);

  const bare = sandbox.project('without-scripts');
  await step('npm installs the package with --ignore-scripts', () =>
    bare.install(packed.path, '--ignore-scripts'),
  );
  await checkUse(bare, step);
  await checkFallback(bare, step);

  if (!hostOnly) await checkArm(sandbox.project('arm64'), packed, step);
  console.log(`All checks passed (${((performance.now() - started) / 1000).toFixed(0)} s).`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  sandbox.remove();
}
