import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint-files.ts';
import { interpose } from '../faults/interpose.ts';

it('the old checkpoint is restored when the new one of the same step can not take its place', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flashlm-replace-'));
  const contents = (value: number) => ({ model: [], optimizer: [], state: { value } });
  const path = await writeCheckpoint(folder, 1, contents(1));
  // The first rename puts the old one aside, the second one fails, the third one brings the old one back.
  let renames = 0;
  const restore = await interpose({
    root: folder,
    decide: ({ op }) => (op === 'rename' && ++renames === 2 ? { code: 'EIO' } : undefined),
  });
  await expect(writeCheckpoint(folder, 1, contents(2)).finally(restore)).rejects.toThrow(
    /Cannot write the checkpoint: the disk reports/,
  );
  expect(renames).toBe(3);
  const checkpoint = await readCheckpoint(path);
  expect(checkpoint.state).toEqual({ value: 1 });
  await checkpoint.close();
  expect(await readdir(folder)).toEqual(['step-00000001']);
  await rm(folder, { recursive: true });
});
