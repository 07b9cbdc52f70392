// Compiles src to dist: node scripts/compile.mjs
//
// Does nothing where dist is what these sources gave. Files whose content stays the same are not written, what has no
// source any more goes away (it would be published). Recipes, their schema and the sample go beside the JavaScript.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { readStamp, repository, stateOf } from '../native/build-stamp.mjs';
import { STAMP, sourceState } from './dist-state.mjs';

function writeIfChanged(file, content) {
  try {
    if (readFileSync(file).equals(Buffer.from(content))) return;
  } catch {
    mkdirSync(path.dirname(file), { recursive: true });
  }
  writeFileSync(file, content);
}

/** The files of dist by name, or undefined after the compiler's errors have been shown. */
async function compiled() {
  const { default: ts } = await import('typescript');
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => report(ts, [diagnostic]) };
  const config = ts.getParsedCommandLineOfConfigFile(path.join(repository, 'tsconfig.build.json'), {}, host);
  const program = ts.createProgram(config.fileNames, config.options);
  const files = new Map();
  const { diagnostics } = program.emit(undefined, (name, text) => files.set(path.resolve(name), text));
  const errors = [...config.errors, ...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (!errors.length) return files;
  report(ts, errors);
}

function report(ts, diagnostics) {
  const host = {
    getCurrentDirectory: () => process.cwd(),
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  };
  const format = process.stderr.isTTY ? ts.formatDiagnosticsWithColorAndContext : ts.formatDiagnostics;
  process.stderr.write(format(diagnostics, host));
}

function assets() {
  const names = readdirSync(path.join(repository, 'src'), { recursive: true });
  return names.filter((name) => /\.(yaml|json|txt)$/.test(name));
}

/** Removes all in `folder` that is not in `files`, and folders that are empty then. */
function removeOthers(folder, files) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      removeOthers(file, files);
      if (!readdirSync(file).length) rmSync(file, { recursive: true });
    } else if (!files.has(file) && file !== STAMP) rmSync(file);
  }
}

const dist = path.join(repository, 'dist');
const sources = sourceState();
const { version: typescript } = readStamp(
  path.join(repository, 'node_modules', 'typescript', 'package.json'),
);
const before = readStamp(STAMP);

if (!typescript) {
  console.log(
    'src is not compiled: TypeScript is not installed (npm ci). The program runs src itself and starts slower.',
  );
} else if (
  before.sources !== sources ||
  before.typescript !== typescript ||
  before.outputs !== stateOf(['dist'])
) {
  const files = await compiled();
  if (files) {
    for (const name of assets())
      files.set(path.join(dist, name), readFileSync(path.join(repository, 'src', name)));
    for (const [file, content] of files) writeIfChanged(file, content);
    removeOthers(dist, files);
    chmodSync(path.join(dist, 'cli', 'main.js'), 0o755);
    writeFileSync(STAMP, JSON.stringify({ sources, typescript, outputs: stateOf(['dist']) }));
  } else process.exitCode = 1;
}
