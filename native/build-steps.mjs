// The steps of a build: find a compiler, compile one file if anything it read has changed, link.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { programWords, ruleFiles } from './build-words.mjs';

/** `message` says what failed, `remedy` what to do, `output` is the compiler's own text where there is one. */
export class BuildError extends Error {
  constructor(message, remedy, output) {
    super(message);
    this.remedy = remedy;
    this.output = output;
  }
}

/** Resolves to the exit code (null when the program cannot be started) and everything it wrote. */
function run([command, ...first], args) {
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
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

/** The first C++ compiler that runs: CXX, else the usual names. `command` is its words, `id` changes with its version. */
export async function findCompiler(env, platform) {
  const given = env.CXX?.trim();
  const commands = given ? [programWords(given)] : [['g++'], ['c++'], ['clang++']];
  for (const command of platform === 'win32' ? [] : commands) {
    const { code, output } = await run(command, ['--version']);
    if (code === 0) return { command, id: output.split('\n')[0] };
  }
  const why = given ? `the compiler CXX=${given} does not run` : 'no C++ compiler found';
  const remedy = INSTALL[platform] ?? 'use a platform with g++ or clang++';
  throw new BuildError(why, given ? `correct CXX or unset it, or ${remedy}` : remedy);
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
const dependencies = async (rule) => ruleFiles(await readFile(rule, 'utf8').catch(() => ''));

const hash = (parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);

/** What a person can do about a command that failed with flags of the environment in it. */
function remedyFor({ CXXFLAGS, CPPFLAGS, LDFLAGS }) {
  const set = Object.entries({ CXXFLAGS, CPPFLAGS, LDFLAGS }).filter(([, value]) => value?.trim());
  if (!set.length) return 'this has to be solved first';
  const flags = set.map(([name, value]) => `${name}="${value.trim()}"`).join(' ');
  return `if that comes from flags of the environment (${flags}), unset ${set.map(([name]) => name).join(', ')}`;
}

function compileError(what, output, env) {
  const first = output
    .split('\n')
    .filter((line) => /error|cannot|undefined/i.test(line))
    .slice(0, 5);
  const message = [`${what} failed`, ...first].join('\n');
  return new BuildError(message, remedyFor(env), output);
}

/**
 * Where a source's object is, how it is made, and whether it is `fresh`. Its name carries a hash of compiler, place and
 * flags, so a change of any compiles again.
 */
export async function findObject(compiler, source, flags, folder) {
  const name = `${path.basename(source, '.cpp')}-${hash([compiler, source, flags])}`;
  const object = path.join(folder, 'obj', `${name}.o`);
  const rule = path.join(folder, 'obj', `${name}.d`);
  const inputs = await dependencies(rule);
  return { source, flags, object, rule, fresh: inputs.length > 0 && (await upToDate(object, inputs)) };
}

/** Makes an object. Written under a temporary name first: a second build at the same time, or a killed one, leaves no half. */
export async function compile(compiler, { source, flags, object, rule }, env = {}) {
  const temporary = `${object}.${process.pid}`;
  const { code, output } = await run(compiler.command, [
    ...flags,
    ...['-MMD', '-MF', `${temporary}.d`, '-MT', 'object', '-c', source, '-o', temporary],
  ]);
  if (code !== 0) throw compileError(`compiling ${path.basename(source)}`, output, env);
  if (output) process.stderr.write(output);
  await rename(`${temporary}.d`, rule);
  await rename(temporary, object);
}

/** Links the addon, unless it is newer than all its objects and was linked in the same way. */
export async function link(compiler, objects, flags, addon, env = {}) {
  const files = [...objects].sort();
  const stamp = `${addon}.linked`;
  const how = hash([compiler, files, flags]);
  const before = await readFile(stamp, 'utf8').catch(() => '');
  if (before === how && (await upToDate(addon, files))) return;

  const temporary = `${addon}.${process.pid}`;
  const { code, output } = await run(compiler.command, [...files, ...flags, '-o', temporary]);
  if (code !== 0) throw compileError('linking', output, env);
  // Renamed, never overwritten: a process that has the old addon mapped keeps it whole.
  await rename(temporary, addon);
  await writeFile(stamp, how);
}
