// Runs the tests and says how long each step took: node scripts/test.mjs [--all | --rest] [-- VITEST OPTIONS]
//
//   (nothing)   what holds the product on this machine, in minutes
//   --all       everything: the suites with every case they know, hostile input, sanitizers, ARM, the package
//   --rest      what --all adds to a run without options
//
// What --all needs beside Node and a compiler is installed where that is allowed, else named.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { readOptions } from './options.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name, ...args) => [path.join('node_modules', '.bin', name), ...args];
const node = (...args) => ['node', ...args];
const onX64Linux = process.platform === 'linux' && process.arch === 'x64';

const USAGE = 'usage: node scripts/test.mjs [--all | --rest] [-- VITEST OPTIONS]';
const { values, positionals } = readOptions(USAGE, {
  options: { all: { type: 'boolean' }, rest: { type: 'boolean' } },
  allowPositionals: true,
});

/** What the compiler remembers about the types that it checked. */
const TYPES = 'node_modules/.cache/types.tsbuildinfo';

/** Side by side: most of them are done at once where little changed, and none fills a machine. */
const FIRST = [
  {
    name: 'kernels',
    command: node('native/build.mjs', '--optional', '--this-cpu'),
    next: { name: 'kernels of other CPUs', command: bin('tsx', 'test/native/seam/main.ts') },
  },
  { name: 'program', command: node('scripts/compile.mjs') },
  {
    name: 'types',
    command: bin('tsc', '--checkers', '1', '--incremental', '--tsBuildInfoFile', TYPES),
  },
  { name: 'style', command: bin('biome', 'check') },
  { name: 'native style', command: node('scripts/format-native.mjs') },
];
const suites = bin('vitest', 'run', ...positionals);
const ALL = [
  { name: 'suites, every case', command: suites, env: { FLASHLM_TESTS: 'all' } },
  { name: 'hostile input', command: bin('tsx', 'test/fuzz/main.ts', '--minutes', '2') },
  ...(onX64Linux ? [{ name: 'sanitizers', command: node('native/test-sanitize.mjs') }] : []),
  { name: 'ARM, emulated', command: node('native/test-arm64.mjs', '--optional') },
  ...(onX64Linux ? [{ name: 'package', command: node('scripts/test-package.mjs', '--host-only') }] : []),
];
const LAST = values.all || values.rest ? ALL : [{ name: 'suites', command: suites }];
const groups = [...(values.rest ? [] : [FIRST]), ...LAST.map((step) => [step])];

const duration = (ms) => {
  const seconds = ms / 1000;
  return seconds < 60
    ? `${seconds.toFixed(1)} s`
    : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
};

const times = [];

/** Whether the step, and the one that needs it done, passed. */
async function run({ name, command, env, next }) {
  console.log(`\n> ${command.join(' ')}`);
  const start = performance.now();
  const [program, ...args] = command;
  const executable = program === 'node' ? process.execPath : program;
  const child = spawn(executable, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  const [status] = await once(child, 'close');
  times.push(`${name} ${duration(performance.now() - start)}`);
  return status === 0 && (!next || run(next));
}

const began = performance.now();
for (const steps of groups) {
  const passed = await Promise.all(steps.map(run));
  if (passed.includes(false)) {
    const failed = steps.filter((_, i) => !passed[i]).map(({ name }) => name);
    console.error(`\nThe tests failed: ${failed.join(', ')}. Times: ${times.join(', ')}`);
    process.exit(1);
  }
}
console.log(`\nAll passed in ${duration(performance.now() - began)}: ${times.join(', ')}`);
