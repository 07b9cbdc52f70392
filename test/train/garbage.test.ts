import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { OP_NAMES } from '../../src/core/ops/table.ts';

interface Measured {
  readonly what: string;
  readonly bytes: number;
  readonly most: number;
}

async function measure(what: readonly string[] = []): Promise<Measured[]> {
  const script = fileURLToPath(new URL('children/measure-garbage.ts', import.meta.url));
  const space = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...space,
    '--import',
    'tsx',
    script,
    ...what,
  ]);
  return JSON.parse(stdout) as Measured[];
}

/** An object a layer, a view of an array, a sort or a list of arguments takes more. */
const excess = (found: readonly Measured[]): Measured[] => found.filter(({ bytes, most }) => bytes > most);

/**
 * How well the engine compiles a function differs from process to process, and now and then it leaves an allocation in that
 * others do without: one of ours is there in every process.
 */
const PROCESSES = 5;

it('a generated token, and a call of a native kernel, allocate no arrays or objects', async () => {
  const found = await measure();
  expect(found.length).toBe(7 + OP_NAMES.length);
  let left = excess(found);
  for (let i = 1; i < PROCESSES && left.length > 0; i++) {
    left = excess(await measure(left.map(({ what }) => what)));
  }
  expect(left).toEqual([]);
});
