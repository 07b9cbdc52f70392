// Checks that the C++ is formatted as .clang-format says, or formats it: node scripts/format-native.mjs [--write]
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { readOptions } from './options.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = readOptions('usage: node scripts/format-native.mjs [--write]', {
  options: { write: { type: 'boolean' } },
});

const SOURCES = ['native', 'test/native'];
/** Not written by hand: what the op table generates, and what is built. */
const LEFT_OUT = ['native/generated', 'native/build'];

function* sourcesIn(folder) {
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory() && !LEFT_OUT.includes(name)) yield* sourcesIn(name);
    else if (/\.(cpp|h|inl)$/.test(entry.name)) yield name;
  }
}

let format;
try {
  ({ format } = await import('@wasm-fmt/clang-format'));
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.log('native style: not checked, because @wasm-fmt/clang-format is not installed');
  process.exit();
}

// A flow map of YAML, which is how clang-format takes a style that is not in a file.
const style = JSON.stringify(parse(fs.readFileSync(path.join(root, '.clang-format'), 'utf8')));
const names = SOURCES.flatMap((folder) => [...sourcesIn(folder)]);
const unformatted = names.filter((name) => {
  const file = path.join(root, name);
  const text = fs.readFileSync(file, 'utf8');
  // The name tells the language, which `.inl` does not.
  const formatted = format(text, name.replace(/\.inl$/, '.h'), style);
  if (formatted === text) return false;
  if (values.write) fs.writeFileSync(file, formatted);
  return true;
});

if (values.write) console.log(`native style: formatted ${unformatted.length} of ${names.length} files`);
else if (unformatted.length === 0) console.log(`native style: ${names.length} files are formatted`);
else {
  console.error(`Not formatted, run npm run format:\n${unformatted.map((name) => `  ${name}`).join('\n')}`);
  process.exitCode = 1;
}
