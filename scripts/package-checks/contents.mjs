// What the tarball has in it: everything that a user needs or a document points to, and nothing else.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ADDON } from '../../native/build.mjs';
import { LICENCE, MANIFEST, PREBUILT_ARCHS, RUNTIME } from '../../native/prebuilt.mjs';
import { repository } from '../package-sandbox.mjs';

/** Where a file of the package may lie. */
const PLACES =
  /^(bin|dist|docs|examples|native|prebuilds|src)\/|^(LICENSE|(CHANGELOG|CONTRIBUTING|README|SECURITY)\.md|package\.json)$/;
/** Bytes; three times what it was when this was written, so that a folder packed by mistake shows. */
const MAX_BYTES = 4_500_000;

/** Fenced, indented and quoted code in Markdown: brackets in it are no links. */
const CODE = /^```.*?^```|^ {4}.*?$|`[^`]*`/gms;

export async function checkContents({ files: entries, size, unpackedSize }, step) {
  const names = entries.map((file) => file.path);
  const files = new Set(names);
  const has = (name, why) => assert.ok(files.has(name), `the package lacks ${name} (${why})`);
  const read = (name) => readFileSync(path.join(repository, name), 'utf8');

  const megabytes = `${(size / 1e6).toFixed(2)} MB, ${(unpackedSize / 1e6).toFixed(2)} MB unpacked`;
  await step(`it has ${names.length} files in their places (${megabytes})`, () => {
    assert.deepEqual(
      names.filter((name) => !PLACES.test(name) || name.startsWith('native/build/')),
      [],
    );
    for (const name of ['LICENSE', 'README.md', 'dist/recipes/recipe.schema.json'])
      has(name, 'every user needs it');
    for (const name of readdirSync(path.join(repository, 'docs'))) has(`docs/${name}`, 'documentation');
    assert.ok(size < MAX_BYTES, `the package has ${size} bytes`);
  });

  await step('it brings kernels with their runtime, licence and manifest', () => {
    for (const arch of PREBUILT_ARCHS)
      for (const name of [ADDON, RUNTIME, LICENCE, MANIFEST])
        has(`prebuilds/linux-${arch}/${name}`, 'prebuilt');
  });

  await step('every module has its types, and a map to a source that is there', () => {
    const modules = names.filter((name) => /^dist\/.*\.js$/.test(name));
    assert.ok(modules.length > 100);
    for (const name of modules) {
      has(name.replace(/\.js$/, '.d.ts'), 'types');
      has(`${name}.map`, 'source map');
      for (const source of JSON.parse(read(`${name}.map`)).sources)
        has(path.posix.join(path.posix.dirname(name), source), `source of ${name}`);
    }
  });

  await step('every link in its documents leads somewhere in it', () => {
    for (const name of names.filter((file) => file.endsWith('.md')))
      for (const [, link] of read(name)
        .replaceAll(CODE, '')
        .matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)) {
        const target = path.posix.join(path.posix.dirname(name), link);
        const found = files.has(target) || names.some((file) => file.startsWith(`${target}/`));
        assert.ok(found, `${name} links to ${link}, which is not in the package`);
      }
  });

  await step('every file that native/build.mjs compiles is in it', async () => {
    const { sources } = await import('../../native/build-flags.mjs');
    for (const arch of PREBUILT_ARCHS)
      for (const source of sources({ arch, leftOut: [] })) {
        assert.ok(existsSync(source));
        has(path.relative(repository, source), 'compiled');
      }
  });
}
