import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { commandLine, PROGRAM } from '../../src/core/command-line.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

describe('a printed command', () => {
  it('a printed command leaves plain words and the text around them unchanged', () => {
    expect(commandLine`train v61 --data ${['a/b-1.txt', 'é.txt']} && x > ${'c'}`).toBe(
      'npx flashlm train v61 --data a/b-1.txt é.txt && x > c',
    );
  });

  it.skipIf(process.platform === 'win32')('a printed command passes each word to the shell unchanged', () => {
    const words = ['a b', "it's", '"q"', '$HOME', 'a\\b', 'é.txt', '*', 'a#b', '', '!x', 'a\nb', ';', 'ok'];
    const line = commandLine`${words}`.slice(PROGRAM.length);
    const output = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
    expect(output.split('\0').slice(0, -1)).toEqual(words);
  });

  it('a printed command protects names that begin with - from being options and ~ from being the home folder', () => {
    expect(commandLine`train ${'-x.yaml'} --data ${['~/a', 'b-c', 'd~']}`).toMatch(
      /^npx flashlm train \.\/-x\.yaml --data '?\.\/~\/a'? b-c 'd~'$/,
    );
  });
});

describe('the way the program is started', () => {
  const files = (folder: string): string[] =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(md|m?[jt]s|yaml)$/.test(name))
      .map((name) => join(folder, name));
  const started = new RegExp(
    `[\\w/]* *\\bflashlm\\s+(${COMMANDS.map(({ name }) => name).join('|')}|--\\w+)\\b`,
    'g',
  );
  const ways = (file: string): string[] => readFileSync(join(repository, file), 'utf8').match(started) ?? [];

  it('every document and example starts the program in the same way', () => {
    const found = ['README.md', ...files('docs'), ...files('examples'), ...files('scripts')].flatMap(ways);
    expect(found.length).toBeGreaterThan(50);
    expect(found.filter((text) => !/^npx flashlm\s/.test(text))).toEqual([]);
  });

  it('the command that starts the program is written in one place of the source', () => {
    expect(files('src').filter((file) => ways(file).length)).toEqual([]);
  });
});
