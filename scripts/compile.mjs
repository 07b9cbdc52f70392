// Compiles src to dist: node scripts/compile.mjs
//
// Does nothing where dist is what these sources gave, and writes only what changed where dist is what earlier sources
// gave. What has no source any more is removed: it would be published. Recipes, their schema and the sample are copied.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { readStamp, repository, stateOf } from '../native/build-stamp.mjs';
import { BUILD_INFO, STAMP, sourceState } from './dist-state.mjs';

function writeIfChanged(file, content) {
  try {
    if (readFileSync(file).equals(Buffer.from(content))) return;
  } catch {
    mkdirSync(path.dirname(file), { recursive: true });
  }
  writeFileSync(file, content);
}

/** Writes what changed since the build that BUILD_INFO describes. Shows errors, and returns whether there were none. */
function compile() {
  const tsc = path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = path.join(repository, 'tsconfig.build.json');
  const incremental = ['--incremental', '--tsBuildInfoFile', BUILD_INFO];
  // Each further checker repeats work of the first: four take half as much CPU time again.
  const args = ['--project', project, '--noEmitOnError', ...incremental, '--checkers', '1'];
  return spawnSync(process.execPath, [tsc, ...args], { stdio: ['ignore', 2, 2] }).status === 0;
}

function assets() {
  const names = readdirSync(path.join(repository, 'src'), { recursive: true });
  return names.filter((name) => /\.(yaml|json|txt)$/.test(name));
}

/** Removes every file in `folder`, a part of dist, that has no source, and folders that are empty then. */
function removeOrphans(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    const source = path.join(repository, 'src', path.relative(dist, file));
    if (entry.isDirectory()) {
      removeOrphans(file);
      if (!readdirSync(file).length) rmSync(file, { recursive: true });
    } else if (
      !existsSync(source.replace(/\.(d\.ts|js|js\.map)$/, '.ts')) &&
      ![STAMP, BUILD_INFO].includes(file)
    )
      rmSync(file);
  }
}

const dist = path.join(repository, 'dist');
const sources = sourceState();
const platform = `${process.platform}-${process.arch}`;
const versionOf = (name) => readStamp(path.join(repository, 'node_modules', name, 'package.json')).version;
const typescript = versionOf('typescript') && versionOf(`@typescript/typescript-${platform}`);
const before = readStamp(STAMP);
const isIntact = before.typescript === typescript && before.outputs === stateOf(['dist']);

if (!typescript) {
  console.log(
    `src is not compiled: TypeScript for ${platform} is not installed (npm ci). The program runs src itself and starts slower.`,
  );
} else if (!isIntact || before.sources !== sources) {
  if (!isIntact) rmSync(BUILD_INFO, { force: true });
  if (compile()) {
    for (const name of assets())
      writeIfChanged(path.join(dist, name), readFileSync(path.join(repository, 'src', name)));
    removeOrphans(dist);
    chmodSync(path.join(dist, 'cli', 'main.js'), 0o755);
    writeFileSync(STAMP, JSON.stringify({ sources, typescript, outputs: stateOf(['dist']) }));
  } else process.exitCode = 1;
}
