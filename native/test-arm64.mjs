// Runs the conformance and native suites on emulated 64-bit ARM CPUs: node native/test-arm64.mjs [options]
//
//   --cpu NAME   on this one only (repeatable): max, cortex-a76, cortex-a57
//   --optional   where the tools are not available, say so and succeed
//   --           before arguments for vitest
//
// Needs a cross compiler and an emulator (Debian: g++-aarch64-linux-gnu and qemu-user), which are installed where that
// is allowed; Node for ARM comes from npm. Timings under emulation mean nothing, results do.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { armNode, EMULATOR, emulated, needEmulator } from './arm64-node.mjs';
import { need, runs } from './need.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const sandbox = path.join(root, 'native', 'build', 'arm64');
const addonFolder = path.join('native', 'build', 'linux-arm64');

/** Everything this project has a variant for; one with dotprod and otherwise old; one without, which must refuse it. */
const CPUS = ['max', 'cortex-a76', 'cortex-a57'];
const COMPILER = 'aarch64-linux-gnu-g++';

/** What starts processes is left out: the emulator does not follow them. */
const SUITES = [
  'test/conformance',
  'test/native/arguments',
  'test/native/backend',
  'test/native/hostile',
  'test/native/own-kernels',
  'test/native/workers',
];

const { values, positionals } = parseArgs({
  options: { cpu: { type: 'string', multiple: true }, optional: { type: 'boolean' } },
  allowPositionals: true,
});

const unknown = values.cpu?.find((cpu) => !CPUS.includes(cpu));
if (unknown !== undefined) {
  console.error(`test-arm64: --cpu is '${unknown}', expected one of ${CPUS.join(', ')}`);
  process.exit(2);
}

/** The addon, and the test tools' ARM binaries, which are kept between runs. Returns the path of ARM's node. */
function prepare() {
  const env = { ...process.env, CXX: COMPILER, TARGET_ARCH: 'arm64' };
  execFileSync(process.execPath, [path.join('native', 'build.mjs')], { cwd: root, stdio: 'inherit', env });
  mkdirSync(sandbox, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    cpSync(path.join(root, file), path.join(sandbox, file));
  const target = ['--os=linux', '--cpu=arm64', '--libc=glibc'];
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...target, ...quiet], { cwd: sandbox, stdio: 'inherit' });
  for (const part of ['src', 'test', 'vitest.config.ts', addonFolder]) {
    rmSync(path.join(sandbox, part), { recursive: true, force: true });
    cpSync(path.join(root, part), path.join(sandbox, part), { recursive: true });
  }
  return armNode(sandbox);
}

/** Runs the suites on one CPU. Resolves to whether all passed, and to what was printed. */
function emulate(cpu, node) {
  const vitest = path.join('node_modules', 'vitest', 'vitest.mjs');
  // Worker threads in one process: the emulator cannot start further ARM programs.
  const options = ['run', '--pool=threads', '--no-isolate', '--maxWorkers=1', '--testTimeout=900000'];
  const args = [vitest, ...options, ...SUITES, ...positionals];
  const env = { ...process.env, FLASHLM_CONFORMANCE: 'quick', FLASHLM_ROUNDS: '1' };
  const child = spawn(EMULATOR, emulated(cpu, node, args), { cwd: sandbox, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      output += text;
    });
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ passed: status === 0, output }));
  });
}

try {
  need(() => runs(COMPILER), COMPILER, 'g++-aarch64-linux-gnu');
  needEmulator();
} catch (error) {
  console.error(`test-arm64: ${error.message}`);
  process.exit(values.optional ? 0 : 1);
}
const node = prepare();
const waiting = [...(values.cpu ?? CPUS)];
const failed = [];
const worker = async () => {
  for (let cpu = waiting.shift(); cpu; cpu = waiting.shift()) {
    const began = performance.now();
    const { passed, output } = await emulate(cpu, node);
    // Kept apart, as two run at once: all of it where something failed, else vitest's closing lines.
    console.log(`\nemulated ${cpu}, ${Math.round((performance.now() - began) / 1000)} s`);
    console.log(passed ? output.trim().split('\n').slice(-4).join('\n') : output);
    if (!passed) failed.push(cpu);
  }
};
await Promise.all(Array.from({ length: Math.min(availableParallelism(), CPUS.length) }, worker));
if (failed.length) console.error(`test-arm64: failed on ${failed.join(', ')}`);
process.exitCode = failed.length ? 1 : 0;
