// Makes the addons that a published package brings: node native/prebuild.mjs
//
// On Linux, for x64 and ARM, one of them with a cross compiler; where that is missing and this is root's machine with
// apt-get, it is installed. A prebuilt addon needs a C library at least as new as the symbols that were linked, so make
// them on the oldest system that is to run them.
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { ADDON, build, buildFolder } from './build.mjs';
import { need, runs } from './need.mjs';
import {
  MANIFEST,
  PREBUILT_ARCHS,
  prebuildFolder,
  prebuildProblem,
  sha256,
  sourcesHash,
} from './prebuilt.mjs';

const GNU_NAMES = { x64: 'x86_64', arm64: 'aarch64' };
/** Version names of what the addon takes from the system; the highest of each is what the system must have. */
const VERSIONS = /\b(GLIBC|GLIBCXX|CXXABI)_(\d+(?:\.\d+)+)\b/g;

const text = (command, args) => execFileSync(command, args, { encoding: 'utf8' });
/** The compiler for `arch`, installed if need be. */
function compilerFor(arch) {
  if (arch === process.arch) return process.env.CXX ?? 'g++';
  const command = `${GNU_NAMES[arch]}-linux-gnu-g++`;
  const debian = `g++-${GNU_NAMES[arch].replace('_', '-')}-linux-gnu`;
  need(() => runs(command), command, debian);
  return command;
}

const compareVersions = (a, b) => a.localeCompare(b, 'en', { numeric: true });

/** The highest version of each system library that `file` asks for. */
function needs(file) {
  const found = {};
  const listing = text('readelf', ['--version-info', '--wide', file]);
  for (const [, library, version] of listing.matchAll(VERSIONS))
    if (!found[library] || compareVersions(version, found[library]) > 0) found[library] = version;
  return found;
}

async function prebuild(arch) {
  const compiler = compilerFor(arch);
  const made = path.join(buildFolder('linux', arch), 'prebuild');
  // Stripped by the linker, so no second tool for the other architecture is needed.
  const env = { ...process.env, CXX: compiler, CXXFLAGS: '-s' };
  await build({ folder: made, platform: 'linux', arch, env });

  const folder = prebuildFolder('linux', arch);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const place = (name) => path.join(folder, name);
  await copyFile(path.join(made, ADDON), place(ADDON));

  const manifest = {
    sources: await sourcesHash(),
    compiler: text(compiler, ['--version']).split('\n')[0],
    libc: 'glibc',
    needs: needs(place(ADDON)),
    files: { [ADDON]: sha256(await readFile(place(ADDON))) },
  };
  await writeFile(place(MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);

  const problem = await prebuildProblem(folder);
  if (problem) throw new Error(`${folder}: ${problem}`);
  const wanted = Object.entries(manifest.needs).flat().join(' ');
  console.log(`prebuilds/linux-${arch} (${manifest.compiler}): needs ${wanted}`);
}

try {
  if (process.platform !== 'linux') throw new Error('prebuilt kernels are made on Linux');
  for (const arch of PREBUILT_ARCHS) await prebuild(arch);
} catch (error) {
  console.error(`prebuild: ${error.message}`);
  process.exitCode = 1;
}
