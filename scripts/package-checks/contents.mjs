// Checks that the tarball contains everything that users need or documents link to, and nothing else.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ADDON } from '../../native/build.mjs';
import { MANIFEST, PREBUILT_ARCHS } from '../../native/prebuilt.mjs';
import { repository } from '../package-sandbox.mjs';

/** The paths that files of the package may have. */
const ALLOWED_PATHS =
  /^(bin|dist|docs|examples|native|prebuilds|src)\/|^(LICENSE|(CHANGELOG|CONTRIBUTING|README|SECURITY)\.md|package\.json)$/;
/** A quarter more than measured with the kernels of 74 ops for two architectures: catches a folder packed by mistake. */
const MAX_BYTES = 6_000_000;

/** Fenced, indented and inline code in Markdown, where brackets are not links. */
const CODE = /^```.*?^```|^ {4}.*?$|`[^`]*`/gms;

export async function checkContents({ files: entries, size, unpackedSize }, step) {
  const names = entries.map((file) => file.path);
  const files = new Set(names);
  const has = (name, why) => assert.ok(files.has(name), `the package lacks ${name} (${why})`);
  const read = (name) => readFileSync(path.join(repository, name), 'utf8');

  const megabytes = `${(size / 1e6).toFixed(2)} MB, ${(unpackedSize / 1e6).toFixed(2)} MB unpacked`;
  await step(`all ${names.length} files of the package have allowed paths (${megabytes})`, () => {
    assert.deepEqual(
      names.filter((name) => !ALLOWED_PATHS.test(name) || name.startsWith('native/build/')),
      [],
    );
    for (const name of ['LICENSE', 'README.md', 'dist/recipes/recipe.schema.json'])
      has(name, 'every user needs it');
    for (const name of readdirSync(path.join(repository, 'docs'))) has(`docs/${name}`, 'documentation');
    assert.ok(size < MAX_BYTES, `the package has ${size} bytes, more than ${MAX_BYTES}`);
  });

  await step('the package contains prebuilt kernels with their manifest', () => {
    for (const arch of PREBUILT_ARCHS)
      for (const name of [ADDON, MANIFEST]) has(`prebuilds/linux-${arch}/${name}`, 'prebuilt');
  });

  await step(
    'every module has type declarations and a source map, and the package contains its sources',
    () => {
      const modules = names.filter((name) => /^dist\/.*\.js$/.test(name));
      assert.ok(modules.length > 100);
      for (const name of modules) {
        has(name.replace(/\.js$/, '.d.ts'), 'types');
        has(`${name}.map`, 'source map');
        for (const source of JSON.parse(read(`${name}.map`)).sources)
          has(path.posix.join(path.posix.dirname(name), source), `source of ${name}`);
      }
    },
  );

  await step('every relative link in the documents points to a file in the package', () => {
    for (const name of names.filter((file) => file.endsWith('.md')))
      for (const [, link] of read(name)
        .replaceAll(CODE, '')
        .matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)) {
        const target = path.posix.join(path.posix.dirname(name), link);
        const found = files.has(target) || names.some((file) => file.startsWith(`${target}/`));
        assert.ok(found, `${name} links to ${link}, which is not in the package`);
      }
  });

  await step('the package contains every file that native/build.mjs compiles', async () => {
    const { sources } = await import('../../native/build-flags.mjs');
    for (const arch of PREBUILT_ARCHS)
      for (const source of sources({ arch, leftOut: [] })) {
        assert.ok(existsSync(source));
        has(path.relative(repository, source), 'compiled');
      }
  });
}
