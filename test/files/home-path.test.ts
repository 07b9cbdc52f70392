import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fromHome } from '../../src/files/home-path.ts';

it.each([
  ['~', homedir()],
  ['~/', join(homedir(), '/')],
  ['~/a b/c', join(homedir(), 'a b', 'c')],
])('the path %s is expanded to the home folder', (path, expected) => {
  expect(fromHome(path)).toBe(expected);
});

it.each(['', '.', './~', 'a/~/b', '~someone/x', '~x', '/~/x'])('the path %j is not expanded', (path) => {
  expect(fromHome(path)).toBe(path);
});
