import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { latestCheckpoint, listCheckpoints, readCheckpoint } from '../../src/train/checkpoint-files.ts';
import { RunDirectory, runFiles } from '../../src/train/run-directory.ts';
import { effort } from '../effort.ts';
import { outputOf, startChild } from './children/run-child.ts';

const date = new Date(2025, 0, 2, 3, 4, 5);
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flashlm-run-'));
});
afterEach(() => rm(root, { recursive: true }));

async function failure(promise: Promise<unknown>): Promise<FlashError> {
  const error = await promise.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(FlashError);
  return error as FlashError;
}

const contents = (value: number) => {
  const entry = { name: 'w', dtype: 'F32', shape: [3], data: new Float32Array(3).fill(value) } as const;
  return { model: [entry], optimizer: [entry], state: { value } };
};

async function newRun(): Promise<string> {
  const run = await RunDirectory.create(root, 'v61', date);
  await run.close();
  return run.path;
}

/** As root, permissions stop nobody: becomes another user for the time of `work`. */
async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid!(65534);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}

describe('RunDirectory.create', () => {
  it.each([
    ['v61', 'v61'],
    ['v6.1 SUPERNOVA II', 'v6.1-supernova-ii'],
    ['../../etc/passwd', 'etc-passwd'],
    ['..', 'run'],
    ['/', 'run'],
    ['', 'run'],
    ['.hidden', 'hidden'],
    ['-rf', 'rf'],
    ['Zoë\0x\n', 'zoe-x'],
    ['Brontë2', 'bronte2'],
    ['重み', 'run'],
    ['x'.repeat(500), 'x'.repeat(60)],
  ])('RunDirectory.create names the directory of the recipe %j %s-20250102-030405', async (name, slug) => {
    const run = await RunDirectory.create(join(root, 'runs'), name, date);
    expect(run.path).toBe(join(root, 'runs', `${slug}-20250102-030405`));
    expect(await readdir(join(root, 'runs'))).toHaveLength(1);
    await run.close();
  });

  it('RunDirectory.create numbers runs of the same second', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => RunDirectory.create(root, 'a', date)));
    expect((await readdir(root)).sort()).toEqual([
      'a-20250102-030405',
      'a-20250102-030405-2',
      'a-20250102-030405-3',
    ]);
    await Promise.all(runs.map((run) => run.close()));
  });

  it('RunDirectory.create says where it can not create one', async () => {
    await writeFile(join(root, 'file'), '');
    const error = await failure(RunDirectory.create(join(root, 'file'), 'a', date));
    expect(error.lines().join('\n')).toMatch(
      /Cannot make a run directory: .*\n {2}at .*file\/a-20250102-030405/,
    );
    await chmod(root, 0o555);
    expect((await failure(unprivileged(() => RunDirectory.create(root, 'a', date)))).message).toMatch(
      /permission denied/,
    );
  });
});

describe('RunDirectory.findLatest', () => {
  it('RunDirectory.findLatest goes by the time in the name, and takes only folders of runs', async () => {
    expect(await RunDirectory.findLatest(root)).toBeUndefined();
    expect(await RunDirectory.findLatest(join(root, 'missing'))).toBeUndefined();
    for (const name of [
      'z-20240101-000000',
      'a-20250102-030405-9',
      'a-20250102-030405-10',
      'b-20250102-030404',
    ]) {
      await mkdir(join(root, name));
    }
    await mkdir(join(root, 'zzz'));
    await writeFile(join(root, 'a-20260101-000000'), '');
    await symlink(root, join(root, 'a-20270101-000000'));
    expect(await RunDirectory.findLatest(root)).toBe(join(root, 'a-20250102-030405-10'));
  });

  it('RunDirectory.findLatest says when the root is not a folder', async () => {
    await writeFile(join(root, 'file'), '');
    expect((await failure(RunDirectory.findLatest(join(root, 'file')))).message).toMatch(
      /Cannot look for runs/,
    );
  });
});

describe('RunDirectory.open', () => {
  it('RunDirectory.open is exclusive until close', async () => {
    const run = await RunDirectory.create(root, 'a', date);
    expect((await failure(RunDirectory.open(run.path))).message).toMatch(
      /^The run directory is in use by process/,
    );
    await run.close();
    await (await RunDirectory.open(run.path)).close();
    expect(await readdir(run.path)).toEqual(['checkpoints']);
  });

  it('RunDirectory.open refuses what is not a run directory, and leaves nothing in it', async () => {
    await writeFile(join(root, 'file'), '');
    for (const path of [root, join(root, 'file')]) {
      const error = await failure(RunDirectory.open(path));
      expect(error.exitCode).toBe(2);
      expect(error.message).toBe(`${path} is neither a run directory nor a checkpoint of one`);
    }
    const missing = await failure(RunDirectory.open(join(root, 'missing')));
    expect(missing).toMatchObject({ message: `There is no run ${join(root, 'missing')}`, exitCode: 2 });
    expect(await readdir(root)).toEqual(['file']);
  });

  it('RunDirectory.open follows a link to a run, but refuses links inside it', async () => {
    const path = await newRun();
    await symlink(path, join(root, 'link'));
    const run = await RunDirectory.open(join(root, 'link'));
    expect(run.path).toBe(path);
    await symlink(join(root, 'victim'), run.files.metrics);
    expect(() => run.openMetrics(0)).toThrow(/symbolic link/);
    await run.close();

    await writeFile(runFiles(path).recipe, '');
    await rename(runFiles(path).checkpoints, join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), runFiles(path).checkpoints);
    expect((await failure(RunDirectory.open(path))).message).toMatch(/no folder `checkpoints`/);
    expect(await readdir(join(root, 'elsewhere'))).toEqual([]);
    expect((await readdir(root)).includes('victim')).toBe(false);
  });

  it('RunDirectory.open removes what a killed process left, without following links', async () => {
    const path = await newRun();
    const { checkpoints } = runFiles(path);
    await mkdir(join(root, 'outside'));
    await writeFile(join(root, 'outside', 'precious'), '');
    await mkdir(join(checkpoints, '.new-step-00000007-x'));
    await mkdir(join(checkpoints, '.pruned-step-00000001-x'));
    await symlink(join(root, 'outside'), join(checkpoints, '.new-link'));
    await (await RunDirectory.open(path)).close();
    expect(await readdir(checkpoints)).toEqual([]);
    expect(await readdir(join(root, 'outside'))).toEqual(['precious']);
  });

  it('RunDirectory.open restores a checkpoint whose replacement was interrupted', async () => {
    const path = await newRun();
    const { checkpoints } = runFiles(path);
    const run = await RunDirectory.open(path);
    await run.writeCheckpoint(5, contents(5));
    await run.close();
    await rename(join(checkpoints, 'step-00000005'), join(checkpoints, '.replaced-step-00000005'));
    await (await RunDirectory.open(path)).close();
    expect(await readdir(checkpoints)).toEqual(['step-00000005']);
  });
});

describe('metrics of a resumed run', () => {
  it('metrics of a resumed run continue after the step that it resumes from', async () => {
    const run = await RunDirectory.create(root, 'a', date);
    const log = run.openMetrics(0);
    for (let step = 1; step <= 5; step++) log.append({ event: 'step', step });
    log.append({ event: 'eval', split: 'valid' });
    await run.close();
    await appendFile(run.files.metrics, '{"event":"step","st');

    const again = await RunDirectory.open(run.path);
    again.openMetrics(5).append({ event: 'step', step: 6 });
    again.openMetrics(3).append({ event: 'step', step: 4 });
    await again.close();
    const lines = (await readFile(run.files.metrics, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).step)).toEqual([1, 2, 3, 4]);
  });
});

/** Kills that come in the middle of a checkpoint. */
const KILLS = effort(3, 16);

/** Kills the process once there is an unfinished checkpoint: while it is stopped, it can't finish that. */
async function killInCheckpoint(child: ChildProcess, checkpoints: string): Promise<void> {
  for (;;) {
    child.kill('SIGSTOP');
    if ((await readdir(checkpoints)).some((name) => name.startsWith('.'))) break;
    child.kill('SIGCONT');
    await sleep(1);
  }
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('a process that ends in the middle', () => {
  it('a process killed while writing leaves only complete checkpoints', async () => {
    const path = await newRun();
    const { checkpoints } = runFiles(path);
    // A signal arrives a little later: what was unfinished may have been finished until then.
    for (let unfinished = 0; unfinished < KILLS; ) {
      // 2 MB files: a checkpoint takes a few milliseconds; steps 1 and 2 are replaced over and over.
      const child = startChild('write-checkpoints.ts', [path, '1,2', '500000', 'forever']);
      await once(child.stdout!, 'data');
      await killInCheckpoint(child, checkpoints);
      unfinished += (await readdir(checkpoints)).filter((name) => name.startsWith('.')).length;

      const run = await RunDirectory.open(path); // takes over the dead process's lock
      expect((await readdir(checkpoints)).every((name) => name.startsWith('step-'))).toBe(true);
      for (const step of await listCheckpoints(checkpoints)) {
        const checkpoint = await readCheckpoint(join(checkpoints, `step-0000000${step}`));
        expect(checkpoint.state).toEqual({ step });
        const { data } = await checkpoint.model.read('w');
        expect([data.length, data.every((value) => value === step)]).toEqual([500_000, true]);
        await checkpoint.close();
      }
      const warnings: string[] = [];
      const latest = await latestCheckpoint(checkpoints, (warning) => warnings.push(warning));
      expect(latest).toBeDefined();
      expect(warnings).toEqual([]);
      await latest?.close();
      await run.close();
    }
  });

  it.skipIf(process.platform === 'win32')('a full disk keeps the earlier checkpoint', async () => {
    const path = await newRun();
    const { checkpoints } = runFiles(path);
    expect(await outputOf(startChild('write-checkpoints.ts', [path, '1', '1000']))).toBe('1\n');
    // The limit on a file's length stands for the full disk: writing fails in the middle of model.safetensors.
    const said = await outputOf(startChild('write-checkpoints.ts', [path, '2', '1000000'], 2 << 20));
    expect(said).toMatch(/^Cannot write: the file would be larger .*\n {2}at .*model\.safetensors\n/);
    expect(await readdir(checkpoints)).toEqual(['step-00000001']);
    const latest = await latestCheckpoint(checkpoints, () => {});
    expect(latest?.step).toBe(1);
    await latest?.close();
  });

  it('a folder that becomes read-only keeps the earlier checkpoint', async () => {
    const run = await RunDirectory.create(root, 'a', date);
    await run.writeCheckpoint(1, contents(1));
    await chmod(root, 0o755);
    await chmod(run.files.checkpoints, 0o555);
    const error = await failure(unprivileged(() => run.writeCheckpoint(2, contents(2))));
    await chmod(run.files.checkpoints, 0o755);
    expect(error.message).toMatch(/Cannot write the checkpoint: permission denied/);
    expect(await readdir(run.files.checkpoints)).toEqual(['step-00000001']);
    await run.close();
  });
});
