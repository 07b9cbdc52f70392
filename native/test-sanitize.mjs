// Memory safety of the native kernels and of their binding: node native/test-sanitize.mjs [part ...]
//
//   sanitizers  conformance and native suites on a build with AddressSanitizer and UndefinedBehaviorSanitizer, on every
//               instruction set this machine runs, and on NEON's through SIMDe
//   hostile     wrong arguments of every kind on every one of them, in the same build
//   growth      calls again and again: none may leak memory
//   races       every op on several threads, and the team of threads itself, in builds with ThreadSanitizer
//   valgrind    wrong arguments on the ordinary build, for memory that is read before it is written, and for leaks
//
// Needs g++ on x64 Linux, SIMDe's headers and valgrind (Debian: apt-get install g++ libsimde-dev valgrind). As root with
// apt-get, what is missing is installed.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build, buildFolder } from './build.mjs';
import { beyondThisCpu } from './build-flags.mjs';
import { need, runs } from './need.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = path.join(root, 'native', 'build', 'sanitize');

const CHECKS = '-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all';
const CXXFLAGS = `${CHECKS} -fno-omit-frame-pointer -g1 -O2`;

/** `build.test.ts` builds and loads other addons. */
const SUITES = [
  'conformance/',
  'backends/deferred',
  'native/arguments',
  'native/backend',
  'native/few-rows',
  'native/hostile',
  'native/packed-weights',
  'native/workers',
];

/** Every so manieth wrong argument under valgrind, where JavaScript is a hundred times slower. */
const VALGRIND_SHARE = '10';
const GROWTH_ROUNDS = '10000';

function fail(why) {
  console.error(`test-sanitize: ${why}`);
  process.exit(1);
}

const runtime = (name) =>
  execFileSync('g++', [`-print-file-name=lib${name}.so`], { encoding: 'utf8' }).trim();

/** Runs a program in the package's root; `null` when it does not succeed. */
function start(command, args, env = {}, stdio = 'inherit') {
  const options = { cwd: root, stdio, env: { ...process.env, ...env }, encoding: 'utf8' };
  const { status, stdout } = spawnSync(command, args, options);
  return status === 0 ? (stdout ?? '') : null;
}

async function sanitized() {
  need(
    () => runs('g++', ['-fsyntax-only', '-x', 'c++', '-'], '#include <simde/arm/neon.h>'),
    'SIMDe',
    'libsimde-dev',
  );
  const { compiled } = await build({ folder, simde: true, env: { ...process.env, CXX: 'g++', CXXFLAGS } });
  console.log(`sanitized build: ${compiled} files compiled`);
  return {
    FLASHLM_ADDON: folder,
    // Each tensor in separate memory that ends where it does: what is read past it is seen too.
    FLASHLM_GUARDS: 'none',
    FLASHLM_ROUNDS: '20',
    LD_PRELOAD: runtime('asan'),
    // Node keeps most of its memory until the process ends: `growth` and `valgrind` look for leaks instead.
    ASAN_OPTIONS: 'detect_leaks=0:redzone=128',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
}

/** What ran, from vitest's own report; null when something failed. */
function testsIn(report) {
  const { numPassedTests, numTotalTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const names = testResults.flatMap((file) => file.assertionResults.map((test) => test.fullName));
  const tables = new Set(names.flatMap((name) => name.match(/native:[\w+]+/g) ?? []));
  if (numPassedTests !== numTotalTests) return null;
  // Only this build has it: nothing else can have been loaded in its place.
  if (!tables.has('native:neon+dotprod')) fail('the suites did not run on the sanitized build');
  return `${numPassedTests} tests without a report on ${[...tables].join(', ')}`;
}

async function sanitizers() {
  const env = await sanitized();
  const report = path.join(folder, 'report.json');
  const vitest = path.join('node_modules', 'vitest', 'vitest.mjs');
  const suites = SUITES.map((suite) => path.join('test', suite));
  // In threads: a report then ends the whole run, with its text on the terminal.
  const options = [
    '--pool=threads',
    '--testTimeout=600000',
    '--reporter=minimal',
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  const ended = start(process.execPath, [vitest, 'run', ...options, ...suites], env);
  return ended === null ? null : testsIn(report);
}

const script = (name) => ['--import', 'tsx', path.join('test', 'native', 'hostile', name)];

async function hostile() {
  const text = start(process.execPath, script('run.ts'), await sanitized(), ['ignore', 'pipe', 'inherit']);
  if (text === null) return null;
  process.stdout.write(text);
  const calls = [...text.matchAll(/(\d+) calls accepted, (\d+) refused/g)];
  const sum = (group) => calls.reduce((total, call) => total + Number(call[group]), 0);
  return `${sum(1)} calls accepted and ${sum(2)} refused without a report`;
}

/** All checks of the team but `fork`: the sanitizer can't follow a child that makes threads. */
const TEAM_CHECKS = ['pieces', 'many', 'sleep', 'nested', 'callers', 'ends', 'refused'];

async function races() {
  const raced = path.join(folder, '..', 'races');
  const CXXFLAGS = '-fsanitize=thread -g1 -O2';
  await build({ folder: raced, waived: beyondThisCpu(), env: { ...process.env, CXX: 'g++', CXXFLAGS } });
  const team = path.join(raced, 'thread-team');
  const flags = [...CXXFLAGS.split(' '), '-std=c++17', '-pthread', '-Wl,--wrap=pthread_create'];
  const files = ['test/native/children/thread-team.cpp', 'native/src/thread_team.cpp'];
  if (start('g++', [...flags, ...files, '-o', team]) === null) return null;
  if (start(team, TEAM_CHECKS) === null) return null;
  const reports = path.join(raced, 'reports');
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports);
  const TSAN_OPTIONS = `exitcode=0:log_path=${path.join(reports, 'report')}`;
  const env = { FLASHLM_ADDON: raced, LD_PRELOAD: runtime('tsan'), TSAN_OPTIONS };
  const stdio = ['ignore', 'pipe', 'inherit'];
  const ops = start(process.execPath, ['--import', 'tsx', 'test/native/outputs.ts'], env, stdio);
  if (ops === null) return null;
  const text = readdirSync(reports).map((name) => readFileSync(path.join(reports, name), 'utf8'));
  const warnings = text
    .join('')
    .split(/^={18}$/m)
    .filter((part) => part.includes('WARNING'));
  // As under valgrind: what Node does by itself is not ours to judge.
  const ours = warnings.filter((warning) => warning.includes('flashlm.node'));
  for (const warning of ours) console.error(warning);
  const count = Object.keys(JSON.parse(ops)).length;
  return ours.length ? null : `${count} ops and a team without a report (${warnings.length} on Node alone)`;
}

async function ordinary() {
  await build({ folder: buildFolder(process.platform, process.arch) });
}

async function growth() {
  await ordinary();
  const text = start(process.execPath, ['--expose-gc', ...script('growth.ts'), GROWTH_ROUNDS], {}, [
    'ignore',
    'pipe',
    'inherit',
  ]);
  return text === null ? null : text.trim();
}

async function valgrind() {
  need(() => runs('valgrind', ['--version']), 'valgrind', 'valgrind');
  await ordinary();
  mkdirSync(folder, { recursive: true });
  const report = path.join(folder, 'valgrind.xml');
  const options = ['--xml=yes', `--xml-file=${report}`, '--error-limit=no', '--leak-check=full'];
  // Without the just-in-time compiler: valgrind would have to follow code that changes.
  const node = [process.execPath, '--jitless', '--no-warnings', ...script('run.ts'), VALGRIND_SHARE];
  if (start('valgrind', [...options, '--show-leak-kinds=definite', ...node]) === null) return null;
  const errors = readFileSync(report, 'utf8').match(/<error>.*?<\/error>/gs) ?? [];
  // What the dynamic linker and Node do by themselves is not ours to judge; whatever goes through the addon is.
  const ours = errors.filter((error) => error.includes('/flashlm.node</obj>'));
  for (const error of ours) console.error(error);
  return ours.length ? null : `no error in the addon (${errors.length} in Node and the dynamic linker alone)`;
}

const PARTS = { sanitizers, hostile, races, growth, valgrind };

if (process.platform !== 'linux' || process.arch !== 'x64') fail('only on x64 Linux');
need(() => runs('g++', ['--version']) && existsSync(runtime('asan')), 'g++ with AddressSanitizer', 'g++');
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);
const lines = [];
for (const name of names) {
  if (!PARTS[name]) fail(`'${name}' is not a part, expected one of ${Object.keys(PARTS).join(', ')}`);
  const started = performance.now();
  const outcome = await PARTS[name]();
  if (outcome === null) process.exitCode = 1;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  lines.push(`${name}: ${outcome ?? 'FAILED'} (${seconds} s)`);
  console.log(lines.at(-1));
}
console.log(`\ntest-sanitize\n${lines.join('\n')}`);
