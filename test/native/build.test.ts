import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate } from '../../native/generate.ts';
import { folderLists } from '../../scripts/folder-lists.ts';
import { loadAddon } from '../../src/backends/native/load.ts';
import { addonWithEveryTable } from './seam/build.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const target = `${process.platform}-${process.arch}`;
const SCRIPT = path.join(repository, 'native', 'build.mjs');

let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'flashlm-build-'));
  folder = path.join(root, 'native', 'build', target);
  await mkdir(folder, { recursive: true });
});
afterAll(() => rm(root, { recursive: true }));

/** Runs the build script into `folder`. */
function build(
  flags: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number; lines: string[] }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, '--out', folder, ...flags], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, lines: (stdout + stderr).trim().split('\n') });
    });
  });
}

const reasonsIn = (place: string): string => loadAddon(place).reasons.join('\n');

describe('generated files', () => {
  const folder = path.join(repository, 'native', 'generated');
  const expected = new Map(
    [...generate()].map(([name, text]) => [path.join('native', 'generated', name), text]),
  );

  it('the files of native/generated are up to date with the op table', async () => {
    const isList = (name: string) => name.endsWith('.inl') && !name.includes('ops/');
    // The order of a list's lines means nothing: a merge of two additions may leave them in any.
    const linesOf = (name: string, text: string) => (isList(name) ? text.split('\n').sort() : text);
    for (const [name, text] of expected)
      expect(linesOf(name, await readFile(path.join(repository, name), 'utf8')), name).toEqual(
        linesOf(name, text),
      );
  });

  it('native/generated has no other files', async () => {
    const lists = [...folderLists(repository).keys()];
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    const names = files.map((entry) => path.relative(repository, path.join(entry.parentPath, entry.name)));
    expect(names.filter((name) => !expected.has(name) && !lists.includes(name))).toEqual([]);
  });
});

describe('objects compiled for an instruction set', () => {
  it('objects compiled for an instruction set export nothing but their table', async () => {
    const objects = path.join(path.dirname(await addonWithEveryTable()), 'obj');
    const tables = (await readdir(objects)).filter((file) => /^(scalar|avx|neon).*\.o$/.test(file));
    expect(tables.length).toBeGreaterThan(0);
    for (const file of tables) {
      const name = file.replace(/-\w+\.o$/, '');
      const output = execFileSync('nm', ['--defined-only', '--extern-only', path.join(objects, file)], {
        encoding: 'utf8',
      });
      const symbols = output
        .trim()
        .split('\n')
        .map((line) =>
          line
            .split(' ')
            .at(-1)!
            .replace(/^_(?=kernel)/, ''),
        );
      expect(symbols).toEqual([`kernel_table_${name}`]);
    }
  });
});

describe('a build that fails', () => {
  it('an optional build without a compiler says so in one line and exits with status 0', async () => {
    await writeFile(path.join(folder, 'flashlm.node'), 'of older sources');
    const optional = await build(['--optional'], { PATH: '/nonexistent' });
    expect(optional).toEqual({
      code: 0,
      lines: [
        expect.stringMatching(/^native kernels not built: no C\+\+ compiler found; .*npm run build:native/),
      ],
    });
    expect(await readdir(folder)).not.toContain('flashlm.node');
    expect(reasonsIn(root)).toMatch(/flashlm.node: no C\+\+ compiler found; install one/);
    expect((await build([], { PATH: '/nonexistent' })).code).toBe(1);
  });

  it('a build names the compiler of CXX that does not run', async () => {
    const { lines } = await build(['--optional'], { PATH: process.env.PATH!, CXX: 'no-such-compiler' });
    expect(lines[0]).toContain('CXX=no-such-compiler does not run');
  });

  it('a build shows the first errors, and where the rest is, when a file does not compile', async () => {
    const { code, lines } = await build(['--optional'], {
      PATH: process.env.PATH!,
      CXXFLAGS: '-include no-such-header.h',
    });
    expect(code).toBe(0);
    // After the line that says how much there is to compile.
    expect(lines[1]).toMatch(/^native kernels not built: compiling \w+\.cpp failed/);
    expect(lines.join('\n')).toContain('no-such-header.h');
    expect(lines.join('\n')).toContain('(CXXFLAGS="-include no-such-header.h"), unset CXXFLAGS');
    expect(lines.length).toBeLessThan(13);
    expect(await readFile(path.join(folder, 'build.log'), 'utf8')).toContain('no-such-header.h');
    expect(reasonsIn(root)).toContain('no-such-header.h');
  });
});

describe('a compiler that does not know an extension', () => {
  it.each([
    ['x64', '-mavxvnni', 'avx2.cpp', 'avx2_vnni'],
    ['x64', '-mavx512bf16', 'avx512.cpp', 'avx512_bf16'],
    ['x64', '-mamx-tile', 'avx512.cpp', 'avx512_amx'],
    ['arm64', 'bf16', 'neon.cpp', 'neon_bf16'],
  ])(
    'a %s build leaves out the extension when the compiler does not know %s',
    async (arch, flag, other, extension) => {
      const compiler = path.join(root, `gcc-without-${extension}`);
      const log = path.join(root, `${extension}.txt`);
      const script = [
        '#!/bin/sh',
        `case "$*" in *-m*${flag.replace('-m', '')}*) exit 1;; esac`,
        `echo "$*" >> ${log}`,
        'while [ $# -gt 0 ]; do case $1 in -o|-MF) : > "$2";; esac; shift; done',
      ];
      await writeFile(compiler, script.join('\n'), { mode: 0o755 });
      expect((await build([], { PATH: process.env.PATH!, CXX: compiler, TARGET_ARCH: arch })).code).toBe(0);

      const compiled = (await readFile(log, 'utf8')).split('\n').filter((line) => line.includes(' -c '));
      expect(compiled.some((line) => line.includes(other))).toBe(true);
      expect(compiled.some((line) => line.includes(`${extension}.cpp`))).toBe(false);
    },
  );
});
