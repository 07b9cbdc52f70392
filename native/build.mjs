// Builds the native kernels: node native/build.mjs [--optional] [--unless-prebuilt] [--this-cpu] [--out DIR]
//
// Only a C++17 compiler is needed: the Node-API headers are npm packages. CXX names the compiler, CPPFLAGS, CXXFLAGS and
// LDFLAGS are taken as make takes them, TARGET_ARCH=arm64 with a cross compiler as CXX builds for another machine. An
// installation uses --optional, --unless-prebuilt and --this-cpu: a machine without a compiler still gets a working
// package, on the slower reference backend, nothing is compiled where the package brought kernels from these sources
// that load, and instruction sets that the CPU lacks wait until somebody asks for them.
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  beyondThisCpu,
  compileFlags,
  compileSeconds,
  linkFlags,
  optionalFlags,
  sources,
} from './build-flags.mjs';
import { buildFolder, nativeStamp, nativeState, readStamp } from './build-stamp.mjs';
import { BuildError, compile, findCompiler, findObject, knowsFlags, link } from './build-steps.mjs';
import { prebuildFolder, prebuildProblem } from './prebuilt.mjs';

export { buildFolder };

/** Names of files in the build folder: the addon, why there is none, and what the compiler said. */
export const ADDON = 'flashlm.node';
export const FAILURE = 'failed.txt';
const LOG = 'build.log';

const here = fileURLToPath(import.meta.url);
/** npm runs installation scripts inside the package; a person's working folder is INIT_CWD. */
const relative = (file) => path.relative(process.env.INIT_CWD ?? process.cwd(), file);
/** What compiles the kernels from the user's working folder: scripts of a dependency are not the user's. */
const command = here.split(path.sep).includes('node_modules')
  ? `node ${relative(here)}`
  : 'npm run build:native';

/** What a build takes from the environment. */
const settings = ({ CXX = '', CPPFLAGS = '', CXXFLAGS = '', LDFLAGS = '' }) => ({
  CXX,
  CPPFLAGS,
  CXXFLAGS,
  LDFLAGS,
});

/**
 * Brings `folder/flashlm.node` up to date and returns how many files were compiled. `waived` are tables to build another
 * time: their objects stay where there are any. `unoptimised` are tables that nobody will run here. `simde` adds NEON's tables to an x64 build; a test's own files can be
 * `added`, and functions be `wrapped` by theirs (the linker's --wrap). `onFile` hears before the first compilation and
 * after each how many are done, and which there are. Throws BuildError without a compiler or when a file does not compile.
 */
export async function build({
  folder,
  platform = process.platform,
  arch = process.arch,
  simde = false,
  added = [],
  wrapped = [],
  waived = [],
  unoptimised = [],
  env = process.env,
  onFile = () => {},
}) {
  await mkdir(path.join(folder, 'obj'), { recursive: true });
  const state = nativeState();
  const given = settings(env);
  const compiler = await findCompiler(given, platform);
  const leftOut = [...waived, ...(await beyond(compiler, arch, waived))];
  const target = { platform, arch, simde, leftOut, wrapped, unoptimised, env: given };

  const all = [...sources(target), ...added];
  const places = await Promise.all(
    all.map((source) => findObject(compiler, source, compileFlags(source, target), folder)),
  );
  const waiting = places.filter(({ fresh }) => !fresh);
  const files = waiting.map(({ source }) => source);
  let done = 0;
  const errors = [];
  const worker = async () => {
    for (let job = waiting.shift(); job && !errors.length; job = waiting.shift()) {
      await compile(compiler, job, given).then(
        () => onFile(++done, files),
        (error) => errors.push(error),
      );
    }
  };
  if (files.length) onFile(0, files);
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (errors.length) throw errors[0];

  const objects = places.map(({ object }) => object);
  await link(compiler, objects, linkFlags(target), path.join(folder, ADDON), given);
  await writeFile(nativeStamp(folder), JSON.stringify({ sources: state, env: given, waived }));
  await rm(path.join(folder, FAILURE), { force: true });
  await removeOthers(path.join(folder, 'obj'), objects, waived);
  return { compiled: files.length };
}

/** The optional files that this compiler is too old for. */
async function beyond(compiler, arch, waived) {
  const files = [];
  for (const [file, flags] of optionalFlags(arch))
    if (!waived.includes(file) && !(await knowsFlags(compiler, flags))) files.push(file);
  return files;
}

const nameOf = (file) => path.basename(file, path.extname(file));

/** Removes objects of other flags or compilers, and nothing that a second build may be writing or that is `waived`. */
async function removeOthers(folder, objects, waived) {
  const kept = new Set(objects.map(nameOf));
  const waiting = new Set(waived.map(nameOf));
  const others = (await readdir(folder)).filter((file) => {
    const [, name, source] = /^((\w+)-[0-9a-f]{12})\.[od]$/.exec(file) ?? [];
    return name && !kept.has(name) && !waiting.has(source);
  });
  await Promise.all(others.map((file) => rm(path.join(folder, file), { force: true })));
}

/** Whether `folder` has an addon of these sources and settings, with all tables but `waived`, that loads. */
function isReady(folder, waived) {
  const { sources: state, env, waived: without } = readStamp(nativeStamp(folder));
  return (
    state === nativeState() &&
    JSON.stringify(env) === JSON.stringify(settings(process.env)) &&
    without.every((file) => waived.includes(file)) &&
    loads(path.join(folder, ADDON))
  );
}

/** Whether an addon loads here: tried in a process that it may end. */
const loads = (file) => spawnSync(process.execPath, ['-e', 'require(process.argv[1])', file]).status === 0;

/** Removes an addon of older sources, and says why there is none where the loader will look. */
async function recordFailure(folder, error) {
  const log = path.join(folder, LOG);
  await mkdir(folder, { recursive: true });
  await rm(path.join(folder, ADDON), { force: true });
  if (error.output) await writeFile(log, error.output);
  const text = [error.message, ...(error.output ? [`log: ${relative(log)}`] : []), error.remedy];
  await writeFile(path.join(folder, FAILURE), `${text.join('\n')}\n`);
  return text;
}

/** The path of the prebuilt addon, if it was built from these sources and loads on this machine. */
async function prebuilt() {
  const folder = prebuildFolder(process.platform, process.arch);
  const file = path.join(folder, ADDON);
  return !(await prebuildProblem(folder)) && loads(file) ? file : undefined;
}

const many = (count, name) => `${count} ${name}${count === 1 ? '' : 's'}`;

/** Says how long it will take before the first file, and on a terminal how many are done. */
function progress() {
  const terminal = process.stdout.isTTY;
  return (done, files) => {
    const count = files.length;
    const cores = Math.min(availableParallelism(), count);
    const seconds = Math.ceil(compileSeconds(files, cores) / 5) * 5;
    const begin = `native kernels: compiling ${many(count, 'file')} on ${many(cores, 'core')}, about ${seconds} s`;
    if (terminal) process.stdout.write(`\r${begin}: ${done} done${done === count ? '\n' : ''}`);
    else if (!done) console.log(begin);
  };
}

async function main() {
  const boolean = { type: 'boolean' };
  const { values } = parseArgs({
    options: {
      optional: boolean,
      'unless-prebuilt': boolean,
      'this-cpu': boolean,
      out: { type: 'string' },
    },
  });
  const arch = process.env.TARGET_ARCH ?? process.arch;
  const folder = path.resolve(values.out ?? buildFolder(process.platform, arch));
  const ready = values['unless-prebuilt'] && arch === process.arch && (await prebuilt());
  if (ready) {
    console.log(`native kernels: prebuilt (${relative(ready)}); to compile them here, run: ${command}`);
    return;
  }
  const waived = values['this-cpu'] && arch === process.arch ? beyondThisCpu() : [];
  if (values['this-cpu'] && isReady(folder, waived)) return;
  const started = performance.now();
  try {
    const { compiled } = await build({ folder, arch, waived, onFile: progress() });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const place = relative(path.join(folder, ADDON));
    const without = waived.length
      ? `; without ${waived.map(nameOf).join(', ')}, which this CPU lacks (all of them: ${command})`
      : '';
    console.log(
      `native kernels: ${compiled ? `compiled ${many(compiled, 'file')} in ${seconds} s` : 'up to date'} (${place}${without})`,
    );
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    if (process.stdout.isTTY) console.log();
    const lines = await recordFailure(folder, error);
    const text = lines.join(error.output ? '\n' : '; ');
    console.error(
      `native kernels not built: ${text}; then run: ${command} (until then the reference backend is used)`,
    );
    if (!values.optional) process.exitCode = 1;
  }
}

// Through a symbolic link too: the module's own address is always the real one.
if (process.argv[1] && realpathSync(process.argv[1]) === here) await main();
