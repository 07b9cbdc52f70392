import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { OP_NAMES } from '../../src/core/ops/table.ts';

it('a generated token, and a call of a native kernel, allocate no arrays or objects', async () => {
  const script = fileURLToPath(new URL('children/measure-garbage.ts', import.meta.url));
  const space = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
  const { stdout } = await promisify(execFile)(process.execPath, [...space, '--import', 'tsx', script]);
  const found = JSON.parse(stdout) as { what: string; bytes: number; most: number }[];
  expect(found.length).toBe(7 + OP_NAMES.length);
  // An object a layer, a view of an array, a sort or a list of arguments takes more.
  expect(found.filter(({ bytes, most }) => bytes > most)).toEqual([]);
});
