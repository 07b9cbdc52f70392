// The steps of a build: find a compiler, compile one file if anything it read has changed, link.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** `message` says what failed, `remedy` what to do, `output` is the compiler's own text where there is one. */
export class BuildError extends Error {
  constructor(message, remedy, output) {
    super(message);
    this.remedy = remedy;
    this.output = output;
  }
}

/** Resolves to the exit code (null when the program cannot be started) and everything it wrote. */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', () => resolve({ code: null, output }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

const INSTALL = {
  linux: 'install one (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++)',
  darwin: 'install one (xcode-select --install)',
};

/** The first C++ compiler that runs: CXX, else the usual names. `id` changes with its version. */
export async function findCompiler(env, platform) {
  const names = env.CXX ? [env.CXX] : ['g++', 'c++', 'clang++'];
  for (const name of platform === 'win32' ? [] : names) {
    const { code, output } = await run(name, ['--version']);
    if (code === 0) return { command: name, id: output.split('\n')[0] };
  }
  const why = env.CXX ? `the compiler CXX=${env.CXX} does not run` : 'no C++ compiler found';
  throw new BuildError(why, INSTALL[platform] ?? 'use a platform with g++ or clang++');
}

/** Whether the compiler can compile and link OpenMP; Apple's clang cannot by itself. */
export async function hasOpenMp(compiler, folder) {
  const probe = path.join(folder, `probe.${process.pid}`);
  await writeFile(`${probe}.cpp`, '#include <omp.h>\nint probe() { return omp_get_max_threads(); }\n');
  const { code } = await run(compiler.command, ['-fopenmp', '-shared', '-fPIC', `${probe}.cpp`, '-o', probe]);
  await Promise.all([rm(`${probe}.cpp`, { force: true }), rm(probe, { force: true })]);
  return code === 0;
}

/** Whether the compiler can be given these flags. */
export async function knowsFlags(compiler, flags) {
  const { code } = await run(compiler.command, [...flags, '-fsyntax-only', '-x', 'c++', '/dev/null']);
  return code === 0;
}

const modified = (file) =>
  stat(file)
    .then((s) => s.mtimeMs)
    .catch(() => Number.NaN);

/** True when `target` is newer than every one of `inputs`; a missing file is never older. */
async function upToDate(target, inputs) {
  const made = await modified(target);
  const times = await Promise.all(inputs.map(modified));
  return times.every((time) => time <= made);
}

/** The files a compilation read, from the make rule that -MMD wrote. */
async function dependencies(rule) {
  const text = await readFile(rule, 'utf8').catch(() => '');
  const [, files = ''] = text.split(/:\s/s, 2);
  return files
    .replaceAll('\\\n', ' ')
    .split(/(?<!\\)\s+/)
    .filter(Boolean)
    .map((file) => file.replaceAll('\\ ', ' '));
}

const hash = (parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);

function compileError(what, output) {
  const first = output
    .split('\n')
    .filter((line) => /error|cannot|undefined/i.test(line))
    .slice(0, 5);
  const message = [`${what} failed`, ...first].join('\n');
  return new BuildError(message, 'this has to be solved first', output);
}

/**
 * One object per source; its name carries a hash of compiler, place and flags, so a change of any compiles anew. Written under
 * a temporary name first: a second build at the same time, or a killed one, leaves no half object.
 */
export async function compile(compiler, source, flags, folder) {
  const name = `${path.basename(source, '.cpp')}-${hash([compiler, source, flags])}`;
  const object = path.join(folder, 'obj', `${name}.o`);
  const rule = path.join(folder, 'obj', `${name}.d`);
  const inputs = await dependencies(rule);
  if (inputs.length && (await upToDate(object, inputs))) return { object, fresh: false };

  const temporary = `${object}.${process.pid}`;
  const { code, output } = await run(compiler.command, [
    ...flags,
    '-MMD',
    '-MF',
    `${temporary}.d`,
    '-MT',
    'object',
    '-c',
    source,
    '-o',
    temporary,
  ]);
  if (code !== 0) throw compileError(`compiling ${path.basename(source)}`, output);
  if (output) process.stderr.write(output);
  await rename(`${temporary}.d`, rule);
  await rename(temporary, object);
  return { object, fresh: true };
}

/** Links the addon, unless it is newer than all its objects and was linked in the same way. */
export async function link(compiler, objects, flags, addon) {
  const files = objects.map(({ object }) => object).sort();
  const stamp = `${addon}.linked`;
  const how = hash([compiler, files, flags]);
  const before = await readFile(stamp, 'utf8').catch(() => '');
  if (before === how && (await upToDate(addon, files))) return;

  const temporary = `${addon}.${process.pid}`;
  const { code, output } = await run(compiler.command, [...files, ...flags, '-o', temporary]);
  if (code !== 0) throw compileError('linking', output);
  // Renamed, never overwritten: a process that has the old addon mapped keeps it whole.
  await rename(temporary, addon);
  await writeFile(stamp, how);
}
