import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('makes no arrays or objects for a token that is generated', async () => {
  const script = fileURLToPath(new URL('children/measure-garbage.ts', import.meta.url));
  const space = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
  const { stdout } = await promisify(execFile)(process.execPath, [...space, '--import', 'tsx', script]);
  const bytes = Object.entries(JSON.parse(stdout) as Record<string, number>);
  expect(bytes.length).toBe(6);
  // A draw may box a few numbers, 16 bytes each; what the iterator gives takes 40 bytes. An object a layer, a view of
  // an array or a sort takes more.
  const most = (what: string) => (what.startsWith('a draw') ? 128 : 64);
  expect(bytes.filter(([what, each]) => each > most(what))).toEqual([]);
});
