import { createHash } from 'node:crypto';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import {
  type CheckpointContents,
  checkpointName,
  latestCheckpoint,
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from '../../src/train/checkpoint-files.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flashlm-checkpoints-'));
});
afterEach(() => rm(folder, { recursive: true }));

const contents = (value: number): CheckpointContents => ({
  model: [{ name: 'blocks.0.up/weight', dtype: 'F32', shape: [2, 3], data: new Float32Array(6).fill(value) }],
  optimizer: [
    { name: 'blocks.0.up/weight/velocity', dtype: 'F32', shape: [6], data: new Float32Array(6).fill(-value) },
  ],
  state: { value, random: ['18446744073709551615'], lr: 0.1 + 0.2, nothing: null },
  modelMetadata: { recipe: 'v61' },
});
const write = (...steps: number[]) =>
  steps.reduce(async (before, step) => {
    await before;
    await writeCheckpoint(folder, step, contents(step));
  }, Promise.resolve());
const file = (step: number, name: string) => join(folder, checkpointName(step), name);

async function latest() {
  const warnings: string[] = [];
  const checkpoint = await latestCheckpoint(folder, (warning) => warnings.push(warning));
  await checkpoint?.close();
  return { step: checkpoint?.step, warnings };
}

async function damage(path: string, change: (bytes: Buffer) => Buffer) {
  await writeFile(path, change(await readFile(path)));
}

describe('a checkpoint', () => {
  it('a checkpoint is read back as it was written', async () => {
    const path = await writeCheckpoint(folder, 1000, contents(0.1));
    expect(path).toBe(join(folder, 'step-00001000'));
    expect((await readdir(path)).sort()).toEqual([
      'model.safetensors',
      'optimizer.safetensors',
      'state.json',
    ]);
    const checkpoint = await readCheckpoint(path);
    expect(checkpoint).toMatchObject({ path, step: 1000, state: contents(0.1).state });
    expect(checkpoint.model.metadata).toEqual({ recipe: 'v61' });
    const { data } = contents(0.1).model[0]!;
    expect(await checkpoint.model.read('blocks.0.up/weight')).toEqual({ dtype: 'F32', shape: [2, 3], data });
    expect([...checkpoint.optimizer.tensors.keys()]).toEqual(['blocks.0.up/weight/velocity']);
    await checkpoint.close();
    expect(await readdir(folder)).toEqual(['step-00001000']);
  });

  it('a checkpoint replaces the one of the same step', async () => {
    await write(7);
    await writeCheckpoint(folder, 7, contents(8));
    const checkpoint = await readCheckpoint(join(folder, 'step-00000007'));
    expect(checkpoint.state.value).toBe(8);
    await checkpoint.close();
    expect(await readdir(folder)).toEqual(['step-00000007']);
  });

  it('a checkpoint is not written through a link of its name', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(folder, 'step-00000001'));
    await write(1);
    expect(await readdir(join(folder, 'elsewhere'))).toEqual([]);
    expect((await latest()).step).toBe(1);
  });

  it('a checkpoint refuses values that JSON can not store', async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(writeCheckpoint(folder, 1, { ...contents(1), state: { value } })).rejects.toThrow(
        'state: value is',
      );
    }
    await expect(writeCheckpoint(folder, 1.5, contents(1))).rejects.toThrow('step 1.5');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the newest complete checkpoint', () => {
  it('there is no newest checkpoint in an empty folder, and a FlashError without a folder', async () => {
    expect(await latest()).toEqual({ step: undefined, warnings: [] });
    await expect(latestCheckpoint(join(folder, 'missing'), () => {})).rejects.toThrow(FlashError);
  });

  it('the newest checkpoint is chosen by number, even beyond eight digits, and other names are ignored', async () => {
    await write(9, 10, 100_000_000, 99_999_999);
    for (const name of ['step-1', 'step-00000999.bak', '.new-step-00000999', 'best', 'step-000000999']) {
      await mkdir(join(folder, name));
    }
    expect(await listCheckpoints(folder)).toEqual([9, 10, 99_999_999, 100_000_000]);
    expect(await latest()).toEqual({ step: 100_000_000, warnings: [] });
  });

  it('a link or file named like a checkpoint is skipped with a warning, for an older checkpoint', async () => {
    await write(9, 10);
    await rename(join(folder, 'step-00000010'), join(folder, 'moved'));
    await symlink(join(folder, 'moved'), join(folder, 'step-00000010'));
    await writeFile(join(folder, 'step-00000011'), '');
    expect(await listCheckpoints(folder)).toEqual([9]);
    const { step, warnings } = await latest();
    expect(step).toBe(9);
    expect(warnings).toEqual([
      expect.stringMatching(/^Skipped the checkpoint .*step-00000011: it is not a folder/),
      expect.stringMatching(
        /^Skipped the checkpoint .*step-00000010: it is a symbolic link, not the folder itself$/,
      ),
    ]);
  });

  const flip = (bytes: Buffer) => {
    bytes[bytes.length - 5]! ^= 1;
    return bytes;
  };
  it.each<[string, (step: number) => Promise<unknown>, RegExp]>([
    ['a missing model', (step) => rm(file(step, 'model.safetensors')), /no such file.*model/],
    [
      'a cut model',
      (step) => truncate(file(step, 'model.safetensors'), 100),
      /has 100 bytes, \d+ were written.*model/,
    ],
    [
      'one changed bit',
      (step) => damage(file(step, 'optimizer.safetensors'), flip),
      /SHA-256 has changed.*optimizer/,
    ],
    ['a missing state', (step) => rm(file(step, 'state.json')), /no such file.*state\.json/],
    ['a cut state', (step) => truncate(file(step, 'state.json'), 50), /not JSON.*state\.json/],
    ['an empty state', (step) => truncate(file(step, 'state.json'), 0), /not JSON/],
    ['null for a state', (step) => writeFile(file(step, 'state.json'), 'null'), /checksum is wrong/],
    [
      'one changed digit in the state',
      (step) =>
        damage(file(step, 'state.json'), (bytes) => Buffer.from(String(bytes).replace('0.3000', '0.4000'))),
      /checksum is wrong/,
    ],
    [
      'a state deeper than any call stack',
      (step) => writeFile(file(step, 'state.json'), `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`),
      /not JSON/,
    ],
    ['a huge state', (step) => truncate(file(step, 'state.json'), 2 ** 36), /has 68719476736 bytes/],
    [
      'a forged state',
      (step) => writeFile(file(step, 'state.json'), forged({ format: 1, step })),
      /something is missing/,
    ],
    [
      'a state of another version',
      (step) => writeFile(file(step, 'state.json'), forged({ format: 2 })),
      /format 2/,
    ],
    [
      'a link for a model',
      async (step) => {
        await rename(file(step, 'model.safetensors'), join(folder, 'away'));
        await symlink(join(folder, 'away'), file(step, 'model.safetensors'));
      },
      /not a regular file/,
    ],
  ])('the checkpoint before %s is chosen, with a warning', async (_, harm, message) => {
    await write(1, 2, 3);
    await harm(3);
    const { step, warnings } = await latest();
    expect(step).toBe(2);
    expect(warnings).toEqual([expect.stringMatching(message)]);
    expect(warnings[0]).toContain(join(folder, 'step-00000003'));
  });

  it('damaged checkpoints only are an error, after a warning for each', async () => {
    await write(1, 2);
    for (const step of [1, 2]) await rm(file(step, 'model.safetensors'));
    const warnings: string[] = [];
    const read = latestCheckpoint(folder, (warning) => warnings.push(warning));
    await expect(read).rejects.toThrow("None of the run's checkpoints can be read");
    expect(warnings).toHaveLength(2);
  });
});

describe('pruning', () => {
  it('pruning keeps the newest checkpoints', async () => {
    await write(1, 2, 3, 4);
    await pruneCheckpoints(folder, 4, 2);
    expect((await readdir(folder)).sort()).toEqual(['step-00000003', 'step-00000004']);
    await expect(pruneCheckpoints(folder, 4, 0)).rejects.toThrow('cannot keep 0');
  });

  it('pruning never deletes the checkpoint just written in favour of later damaged ones', async () => {
    await write(10);
    await cp(join(folder, 'step-00000010'), join(folder, 'step-00000030'), { recursive: true });
    await truncate(file(30, 'model.safetensors'), 9);
    await write(20); // the run went on from 10, the newest good one
    await pruneCheckpoints(folder, 20, 1);
    expect(await listCheckpoints(folder)).toEqual([20, 30]);
    expect((await latest()).step).toBe(20);
  });
});

/** A state.json with a right checksum. */
function forged(body: object): string {
  const sha256 = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  return JSON.stringify({ ...body, sha256 });
}
