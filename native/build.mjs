// Builds the native kernels: node native/build.mjs [--optional] [--unless-prebuilt] [--out DIR]
//
// Only a C++17 compiler is needed: the Node-API headers are npm packages. CXX names the compiler, CXXFLAGS adds flags,
// TARGET_ARCH=arm64 with a cross compiler as CXX builds for another machine. --optional and --unless-prebuilt are what
// an installation uses: a machine without a compiler still gets a working package, on the slower reference backend, and
// nothing is compiled where the package brought kernels from these sources that load.
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compileFlags, linkFlags, optionalFlags, sources } from './build-flags.mjs';
import { buildFolder, nativeStamp, nativeState } from './build-stamp.mjs';
import { BuildError, compile, findCompiler, hasOpenMp, knowsFlags, link } from './build-steps.mjs';
import { misfit, prebuildFolder } from './prebuilt.mjs';

export { buildFolder };

/** Names of files in the build folder: the addon, why there is none, and what the compiler said. */
export const ADDON = 'flashlm.node';
export const FAILURE = 'failed.txt';
const LOG = 'build.log';

const here = fileURLToPath(import.meta.url);
/** npm runs installation scripts inside the package; people stand in INIT_CWD. */
const relative = (file) => path.relative(process.env.INIT_CWD ?? process.cwd(), file);
/** What compiles the kernels from where the user stands: scripts of a dependency are not the user's. */
const command = here.split(path.sep).includes('node_modules')
  ? `node ${relative(here)}`
  : 'npm run build:native';

/**
 * Brings `folder/flashlm.node` up to date and returns how many files were compiled.
 * `simde` adds NEON's tables to an x64 build; a test's own files can be `added`, and functions be `wrapped` by theirs (the
 * linker's --wrap). Throws BuildError without a compiler or when a file does not compile.
 */
export async function build({
  folder,
  platform = process.platform,
  arch = process.arch,
  simde = false,
  added = [],
  wrapped = [],
  env = process.env,
}) {
  await mkdir(path.join(folder, 'obj'), { recursive: true });
  const state = nativeState();
  const compiler = await findCompiler(env, platform);
  const openMp = await hasOpenMp(compiler, folder);
  const leftOut = await beyond(compiler, arch);
  const target = { platform, arch, simde, openMp, leftOut, wrapped, extra: env.CXXFLAGS };

  const waiting = [...sources(target), ...added].map((source) => ({
    source,
    flags: compileFlags(source, target),
  }));
  const objects = [];
  const errors = [];
  const worker = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      await compile(compiler, job.source, job.flags, folder).then(
        (object) => objects.push(object),
        (error) => errors.push(error),
      );
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (errors.length) throw errors[0];

  await link(compiler, objects, linkFlags(target), path.join(folder, ADDON));
  await writeFile(nativeStamp(folder), JSON.stringify({ sources: state }));
  await rm(path.join(folder, FAILURE), { force: true });
  await removeOthers(
    path.join(folder, 'obj'),
    objects.map(({ object }) => path.basename(object, '.o')),
  );
  return { compiled: objects.filter((object) => object.fresh).length, openMp };
}

/** The optional files that this compiler is too old for. */
async function beyond(compiler, arch) {
  const files = [];
  for (const [file, flags] of optionalFlags(arch)) if (!(await knowsFlags(compiler, flags))) files.push(file);
  return files;
}

/** Removes objects of other flags or compilers, and nothing that a second build may be writing. */
async function removeOthers(folder, names) {
  const others = (await readdir(folder)).filter((file) => {
    const [, name] = /^(\w+-[0-9a-f]{12})\.[od]$/.exec(file) ?? [];
    return name && !names.includes(name);
  });
  await Promise.all(others.map((file) => rm(path.join(folder, file), { force: true })));
}

/** Leaves no addon of older sources behind, and says why there is none where the loader will look. */
async function recordFailure(folder, error) {
  const log = path.join(folder, LOG);
  await mkdir(folder, { recursive: true });
  await rm(path.join(folder, ADDON), { force: true });
  if (error.output) await writeFile(log, error.output);
  const text = [error.message, ...(error.output ? [`log: ${relative(log)}`] : []), error.remedy];
  await writeFile(path.join(folder, FAILURE), `${text.join('\n')}\n`);
  return text;
}

/** The prebuilt addon's path, if it is of these sources and loads here: tried in a process that it may end. */
async function prebuilt() {
  const folder = prebuildFolder(process.platform, process.arch);
  const file = path.join(folder, ADDON);
  if (await misfit(folder)) return undefined;
  return spawnSync(process.execPath, ['-e', 'require(process.argv[1])', file]).status === 0
    ? file
    : undefined;
}

async function main() {
  const boolean = { type: 'boolean' };
  const { values } = parseArgs({
    options: { optional: boolean, 'unless-prebuilt': boolean, out: { type: 'string' } },
  });
  const arch = process.env.TARGET_ARCH ?? process.arch;
  const folder = path.resolve(values.out ?? buildFolder(process.platform, arch));
  const ready = values['unless-prebuilt'] && arch === process.arch && (await prebuilt());
  if (ready) {
    console.log(`native kernels: prebuilt (${relative(ready)}); to compile them here, run: ${command}`);
    return;
  }
  const started = performance.now();
  try {
    const { compiled, openMp } = await build({ folder, arch });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const place = relative(path.join(folder, ADDON));
    const threads = openMp ? '' : '; one thread only, the compiler has no OpenMP';
    console.log(
      `native kernels: ${compiled ? `compiled ${compiled} files in ${seconds} s` : 'up to date'} (${place}${threads})`,
    );
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
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
