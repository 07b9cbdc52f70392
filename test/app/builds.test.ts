import { afterAll, expect, it, vi } from 'vitest';
import * as building from '../../src/recipes/build-model.ts';
import { runInProcess } from '../cli/fake-terminal.ts';
import { TinyRun } from '../faults/tiny-run.ts';

const build = vi.spyOn(building, 'buildModel');
const tiny = new TinyRun();
afterAll(() => {
  vi.restoreAllMocks();
  tiny.remove();
});

async function buildsOf(...args: string[]): Promise<number> {
  build.mockClear();
  const { status, stderr } = await runInProcess(args);
  expect(status, stderr).toBe(0);
  return build.mock.calls.length;
}

it('builds the model once for each command', async () => {
  const train = ['train', tiny.recipe, '--out', tiny.runs, '--backend', 'reference'];
  expect(await buildsOf(...train, '--steps', '2'), 'train').toBe(1);
  const run = `${tiny.runs}/latest`;
  expect(await buildsOf('eval', run), 'eval').toBe(1);
  expect(await buildsOf('generate', run, '--max-tokens', '3'), 'generate').toBe(1);
  expect(await buildsOf('check', tiny.recipe, '--causal'), 'check').toBe(1);
});
