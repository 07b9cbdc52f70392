import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { LockFile } from '../../src/files/lock-file.ts';
import { outputOf, startChild } from '../train/children/run-child.ts';

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-lock-'));
  path = join(dir, 'run.lock');
});
afterEach(() => rm(dir, { recursive: true }));

const onLinux = it.runIf(process.platform === 'linux');
const acquire = () => LockFile.acquire(path, 'The thing');
const readOwner = async () => JSON.parse(await readFile(path, 'utf8'));

/** A lock file as this process would write it, with some fields changed. */
async function leave(changes: object) {
  const lock = await acquire();
  const owner = { ...(await readOwner()), ...changes };
  await lock.release();
  await writeFile(path, JSON.stringify(owner));
}

async function refusal(): Promise<FlashError> {
  const error = await acquire().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(FlashError);
  return error as FlashError;
}

/** The id of a process that is no more. */
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('LockFile', () => {
  it('a lock has one holder at a time, names it, and leaves no file', async () => {
    const lock = await acquire();
    const error = await refusal();
    expect(error.message).toMatch(
      new RegExp(`^The thing is in use by process ${process.pid} on .+ since \\d{4}-.+Z$`),
    );
    expect(error.where).toBe(path);
    expect(error.remedy).toMatch(/Wait for it or stop it/);
    await lock.release();
    expect(await readdir(dir)).toEqual([]);
    await (await acquire()).release();
  });

  it('a lock of a dead process is taken over', async () => {
    await leave({ pid: deadPid() });
    const lock = await acquire();
    expect((await readOwner()).pid).toBe(process.pid);
    expect(await readdir(dir)).toEqual(['run.lock']);
    await lock.release();
  });

  onLinux('a lock is taken over if the id of its process was reused', async () => {
    await leave({ processStart: '1' });
    await acquire();
  });

  onLinux('a lock from before a restart of the machine is taken over', async () => {
    await leave({ boot: '00000000-0000-0000-0000-000000000000' });
    await acquire();
  });

  onLinux('a lock of a zombie process is taken over', async () => {
    // The shell starts a child and then becomes a program that knows nothing of it.
    const parent = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const pid = Number((await once(parent.stdout, 'data'))[0]);
      await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8'), { timeout: 5000 }).toContain(') Z ');
      await leave({ pid, processStart: undefined });
      await acquire();
    } finally {
      parent.kill();
    }
  });

  it('a lock of a living process with an unknown start time is not taken over', async () => {
    await leave({ processStart: undefined });
    expect((await refusal()).message).toMatch(/in use/);
  });

  it('a lock from another machine is not taken over', async () => {
    await leave({ host: 'elsewhere', pid: deadPid() });
    expect((await refusal()).message).toMatch(/in use by process \d+ on elsewhere/);
  });

  it("a lock of another user's living process is not taken over", async () => {
    await leave({});
    const refuse = () => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    };
    const kill = vi.spyOn(process, 'kill').mockImplementation(refuse);
    try {
      expect((await refusal()).message).toMatch(/in use by process/);
    } finally {
      kill.mockRestore();
    }
  });

  it('a lock is taken over even if another process died while taking it over', async () => {
    await leave({ pid: deadPid() });
    const { id } = await readOwner();
    await writeFile(`${path}.${id}`, JSON.stringify({ ...(await readOwner()), id: 'a'.repeat(36) }));
    await acquire();
    expect(await readdir(dir)).toEqual(['run.lock']);
  });

  it.each([
    ['an empty file', ''],
    ['something else', 'hello'],
    ['null', 'null'],
    ['a group of processes', { pid: -1 }],
    ['a path for an id', { id: '../../../../../../../../../../tmp/somewhere' }],
  ])('%s in place of a lock is refused', async (_, content) => {
    if (typeof content === 'string') await writeFile(path, content);
    else await leave({ pid: deadPid(), ...content });
    const error = await refusal();
    expect(error.message).toMatch(/not readable/);
    expect(error.remedy).toMatch(/delete the lock file/);
  });

  it('a lock is not written through a link', async () => {
    await writeFile(join(dir, 'victim'), 'precious');
    await symlink(join(dir, 'victim'), path);
    await refusal();
    expect(await readFile(join(dir, 'victim'), 'utf8')).toBe('precious');
  });

  it('a lock that somebody removed and took again is not removed', async () => {
    const lock = await acquire();
    await rm(path);
    const second = await acquire();
    await lock.release();
    expect((await refusal()).message).toMatch(/in use/);
    await second.release();
  });

  onLinux('a lock is never held by two of four competing processes, even when its owners die', async () => {
    const children = Array.from({ length: 4 }, () => startChild('fight-for-lock.ts', [path, '30']));
    expect(await Promise.all(children.map(outputOf))).toEqual(['0', '0', '0', '0']);
    expect((await readdir(dir)).filter((name) => name !== 'run.lock')).toEqual([]);
  });
});
