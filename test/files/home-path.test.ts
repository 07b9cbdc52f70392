import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fromHome } from '../../src/files/home-path.ts';

it.each([
  ['~', homedir()],
  ['~/', join(homedir(), '/')],
  ['~/a b/c', join(homedir(), 'a b', 'c')],
])('%s begins in the home folder', (path, expected) => {
  expect(fromHome(path)).toBe(expected);
});

it.each(['', '.', './~', 'a/~/b', '~someone/x', '~x', '/~/x'])('%j stays as it is', (path) => {
  expect(fromHome(path)).toBe(path);
});
