import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint-files.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, rename: vi.fn(real.rename) };
});

it('puts the old checkpoint back when the new one of the same step can not take its place', async () => {
  const folder = await fs.mkdtemp(join(tmpdir(), 'flashlm-replace-'));
  const contents = (value: number) => ({ model: [], optimizer: [], state: { value } });
  const path = await writeCheckpoint(folder, 1, contents(1));
  const rename = vi.mocked(fs.rename);
  const real = rename.getMockImplementation()!;
  rename.mockImplementation(async (from, to) => {
    if (to === path && String(from).includes('.new-'))
      throw Object.assign(new Error('disk'), { code: 'EIO' });
    await real(from, to);
  });
  await expect(writeCheckpoint(folder, 1, contents(2))).rejects.toThrow(
    /Cannot write the checkpoint: the disk reports/,
  );
  const checkpoint = await readCheckpoint(path);
  expect(checkpoint.state).toEqual({ value: 1 });
  await checkpoint.close();
  expect(await fs.readdir(folder)).toEqual(['step-00000001']);
  await fs.rm(folder, { recursive: true });
});
