import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { sourceFiles } from '../../src/data/source-files.ts';
import { put, temporaryFolder } from './workshop.ts';

const root = temporaryFolder();
let folders = 0;

/** A folder with these files in it, each with its own name as content; a name that ends with `!` is an empty file. */
function folderWith(...names: readonly string[]): string {
  const folder = join(root, `folder [${folders++}] *`);
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    put(folder, name.replace('!', ''), name.endsWith('!') ? '' : name);
  }
  return folder;
}

const found = (folder: string, ...sources: readonly string[]) =>
  sourceFiles(sources.map((source) => join(folder, source))).files.map((file) => relative(folder, file));

function thrown(...sources: readonly string[]): FlashError {
  try {
    sourceFiles(sources);
  } catch (error) {
    if (error instanceof FlashError) return error;
  }
  throw new Error('no FlashError was thrown');
}

describe('data sources', () => {
  it('a folder as data is all files in it and below, in the order of their paths, without hidden ones', () => {
    const folder = folderWith(
      'b.txt',
      'a/z.txt',
      'a.txt',
      '10.txt',
      '2.txt',
      '.git/config',
      'a/.DS_Store',
      'Z.txt',
    );
    expect(found(folder, '.')).toEqual(['10.txt', '2.txt', 'Z.txt', 'a.txt', 'a/z.txt', 'b.txt']);
    const { notices } = sourceFiles([folder]);
    expect(notices).toEqual([`${folder}: 6 files, ${join(folder, '10.txt')} to ${join(folder, 'b.txt')}.`]);
  });

  it('a pattern is the files that it matches, even in a folder whose name looks like a pattern', () => {
    const folder = folderWith('b.txt', 'a.txt', 'c.md', 'x/d.txt', 'x/y/e.txt');
    expect(found(folder, '*.txt')).toEqual(['a.txt', 'b.txt']);
    expect(found(folder, '*/*.txt')).toEqual(['x/d.txt']);
    expect(found(folder, '**/*.txt')).toEqual(['a.txt', 'b.txt', 'x/d.txt', 'x/y/e.txt']);
    expect(found(folder, '{b,c}.*')).toEqual(['b.txt', 'c.md']);
    expect(found(folder, '[ab].txt')).toEqual(['a.txt', 'b.txt']);
    expect(found(folder, 'c.md', 'x/*.txt')).toEqual(['c.md', 'x/d.txt']);
  });

  it('a path that exists is not a pattern', () => {
    const folder = folderWith('[a].txt', 'a.txt');
    expect(found(folder, '[a].txt')).toEqual(['[a].txt']);
  });

  it('links are followed, link cycles end, and a file that is named twice is read once', () => {
    const folder = folderWith('a.txt', 'x/b.txt');
    symlinkSync(folder, join(folder, 'x/loop'));
    symlinkSync(join(folder, 'a.txt'), join(folder, 'x/again.txt'));
    linkSync(join(folder, 'a.txt'), join(folder, 'hard.txt'));
    const elsewhere = folderWith('c.txt');
    symlinkSync(elsewhere, join(folder, 'y'));
    const { files, notices } = sourceFiles([folder, join(folder, 'x'), join(folder, 'a.txt')]);
    expect(files.map((file) => relative(folder, file))).toEqual(['a.txt', 'hard.txt', 'x/b.txt', 'y/c.txt']);
    expect(notices.filter((notice) => notice.includes('named twice')).length).toBe(3);
  });

  it.skipIf(process.platform === 'win32')('pipes in a folder are skipped, and not called empty', () => {
    const folder = folderWith('a.txt');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const { files, notices } = sourceFiles([folder]);
    expect(files).toHaveLength(1);
    expect(notices.at(-1)).toBe(`${folder}: left out 1 that is not a regular file.`);
  });

  it('empty files in a folder are skipped and counted; a named empty file is not skipped', () => {
    const folder = folderWith('a.txt', 'b.txt!', 'c.txt!');
    const { files, notices } = sourceFiles([folder]);
    expect(files).toEqual([join(folder, 'a.txt')]);
    expect(notices[1]).toBe(`${folder}: left out 2 empty files.`);
    expect(found(folder, 'b.txt')).toEqual(['b.txt']);
  });

  it.each([
    ['a pattern without a match', () => join(folderWith('a.txt'), '*.md'), /pattern matches no file/],
    ['a folder without files', () => folderWith('.hidden'), /folder holds no file/],
    ['a folder with empty files only', () => folderWith('a!'), /folder holds empty files only/],
  ])('data that names no file is an error: %s', (_, source, message) => {
    const path = source();
    const error = thrown(path);
    expect(error.message).toMatch(message);
    expect(error.where).toBe(path);
  });

  it('a folder or a link that cannot be read is an error, not left out', () => {
    const folder = folderWith('a.txt', 'x/b.txt');
    symlinkSync(join(folder, 'gone'), join(folder, 'broken'));
    expect(thrown(folder)).toMatchObject({
      message: expect.stringMatching(/no such file/),
      where: join(folder, 'broken'),
    });
    if (process.getuid?.() === 0) return;
    const closed = folderWith('a.txt', 'x/b.txt');
    chmodSync(join(closed, 'x'), 0);
    expect(thrown(closed)).toMatchObject({ message: expect.stringMatching(/permission denied/) });
    chmodSync(join(closed, 'x'), 0o700);
  });

  it('thousands of files are found in order', () => {
    const names = Array.from({ length: 3000 }, (_, i) => `${i % 7}/${i}.txt`);
    const folder = folderWith(...names);
    expect(found(folder, '**/*.txt')).toEqual([...names].sort());
  });
});
