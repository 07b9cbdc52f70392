import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RunDirectory } from '../../src/train/run-directory.ts';
import { notARun } from '../../src/train/run-list.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flashlm-runs-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

const NAMES = ['a-20260101-000000', 'b-20260102-000000', 'c-20260103-000000', 'd-20260104-000000'];

it('a run that does not exist is told apart from a folder that is not a run', async () => {
  expect(await notARun(join(root, 'nothing'))).toMatchObject({
    message: `There is no run ${join(root, 'nothing')}`,
    exitCode: 2,
  });
  expect((await notARun(root)).message).toBe(`${root} is neither a run directory nor a checkpoint of one`);
});

it('the newest runs beside what was asked for are named, or those in it', async () => {
  for (const name of NAMES) await mkdir(join(root, name));
  const remedy =
    'Existing runs, the newest first: ' +
    `${join(root, NAMES[3]!)}, ${join(root, NAMES[2]!)}, ${join(root, NAMES[1]!)} (and 1 more)`;
  for (const path of [root, join(root, 'nothing')]) expect(await notARun(path)).toMatchObject({ remedy });
});

it('where there are no runs, a command that makes one is named', async () => {
  const { remedy } = await notARun(join(root, 'nothing', 'below'));
  expect(remedy).toMatch(/^(Train one first, such as: npx flashlm train|Existing runs)/);
});

it('a checkpoint that is to go on names its run', async () => {
  const run = await RunDirectory.create(root, 'a');
  await run.close();
  await writeFile(run.files.recipe, '');
  const checkpoint = join(run.files.checkpoints, 'step-00000001');
  await mkdir(checkpoint);
  await writeFile(join(checkpoint, 'state.json'), '{}');
  await expect(RunDirectory.open(checkpoint)).rejects.toMatchObject({
    message: 'This is one checkpoint; a run resumes from its newest one',
    remedy: `Name the run: npx flashlm train --resume ${run.path}`,
  });
});
