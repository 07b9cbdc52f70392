// Runs the conformance and native suites on emulated 64-bit ARM CPUs: node native/test-arm64.mjs [vitest arguments]
//
// Needs a cross compiler and an emulator (Debian: apt-get install g++-aarch64-linux-gnu qemu-user); Node for ARM comes
// from npm. Timings under emulation mean nothing, results do.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { armNode, EMULATOR, emulated, need } from './arm64-node.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const sandbox = path.join(root, 'native', 'build', 'arm64');
const addonFolder = path.join('native', 'build', 'linux-arm64');

/** Everything this project has a variant for; one with dotprod and otherwise old; one without, which must refuse it. */
const CPUS = ['max', 'cortex-a76', 'cortex-a57'];

/** `build.test.ts` starts processes, which the emulator does not follow. */
const SUITES = ['test/conformance', 'test/native/arguments', 'test/native/backend', 'test/native/workers'];

const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: sandbox, stdio: 'inherit', ...options });

/** The test tools' ARM binaries; kept between runs. */
function prepare() {
  mkdirSync(sandbox, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    cpSync(path.join(root, file), path.join(sandbox, file));
  run('npm', [
    'install',
    '--os=linux',
    '--cpu=arm64',
    '--libc=glibc',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
  ]);
  for (const part of ['src', 'test', 'vitest.config.ts', addonFolder]) {
    rmSync(path.join(sandbox, part), { recursive: true, force: true });
    cpSync(path.join(root, part), path.join(sandbox, part), { recursive: true });
  }
}

need('aarch64-linux-gnu-g++', 'g++-aarch64-linux-gnu');
need(EMULATOR, 'qemu-user');
run(process.execPath, [path.join('native', 'build.mjs')], {
  cwd: root,
  env: { ...process.env, CXX: 'aarch64-linux-gnu-g++', TARGET_ARCH: 'arm64' },
});
prepare();
const node = armNode(sandbox);

const vitest = path.join('node_modules', 'vitest', 'vitest.mjs');
// Worker threads in one process: the emulator cannot start further ARM programs.
const options = ['run', '--pool=threads', '--no-isolate', '--maxWorkers=1', '--testTimeout=600000'];
const env = { ...process.env, FLASHLM_CONFORMANCE: 'quick' };
const failed = CPUS.filter((cpu) => {
  console.log(`\nemulating ${cpu}`);
  const args = [vitest, ...options, ...SUITES, ...process.argv.slice(2)];
  return spawnSync(EMULATOR, emulated(cpu, node, args), { cwd: sandbox, stdio: 'inherit', env }).status !== 0;
});
if (failed.length) console.error(`test-arm64: failed on ${failed.join(', ')}`);
process.exitCode = failed.length ? 1 : 0;
